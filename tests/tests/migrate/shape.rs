//! What a schema demands of whoever writes to it, and how two of them differ.

use std::collections::{BTreeMap, BTreeSet};

/// A column's type, whether it must have a value, and whether it has one by itself.
pub(crate) type Column = (String, bool, bool);

/// A table as a writer knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: BTreeMap<String, Column>,
    /// What at most one row may have, also as the target of `ON CONFLICT`.
    pub(crate) unique: BTreeSet<String>,
    /// What every row has to keep.
    pub(crate) rules: BTreeSet<String>,
}

/// Tables by name.
pub(crate) type Shape = BTreeMap<String, Table>;

/// What a program that was made for `old` would stumble over in `new`.
pub(crate) fn narrowed(old: &Shape, new: &Shape) -> Vec<String> {
    let mut found = Vec::new();
    for (name, old) in old {
        let Some(new) = new.get(name) else {
            found.push(format!("{name} is gone"));
            continue;
        };
        for (column, (kind, needed, _)) in &old.columns {
            match new.columns.get(column) {
                None => found.push(format!("{name}.{column} is gone")),
                Some((other, ..)) if other != kind => {
                    found.push(format!("{name}.{column} was {kind} and is {other}"));
                }
                Some((_, true, false)) if !needed => found.push(format!("{name}.{column} needs a value now")),
                Some(_) => {}
            }
        }
        for (column, (_, needed, has_default)) in &new.columns {
            if *needed && !has_default && !old.columns.contains_key(column) {
                found.push(format!("{name}.{column} is new, needed, and has no default"));
            }
        }
        let no_longer = old.unique.difference(&new.unique);
        found.extend(no_longer.map(|what| format!("{name} is no longer unique by {what}")));
        let has_to = new.unique.difference(&old.unique);
        found.extend(has_to.map(|what| format!("{name} has to be unique by {what}")));
        let rules = new.rules.difference(&old.rules);
        found.extend(rules.map(|rule| format!("{name} has to keep {rule}")));
    }
    found
}
