//! Canaries: texts that are nowhere else, planted in what somebody leaves behind and then looked for everywhere.
//!
//! Called by the test of erasure. A canary has one or more forms (a UUID is text in one database and bytes in another)
//! and is found when any form is. A whole cluster's files are searched in one pass, so a form has at least four bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What is looked for: the name of a canary, and the forms it takes.
#[derive(Clone, Debug, Default)]
pub struct Canaries(BTreeMap<String, Vec<Vec<u8>>>);

impl Canaries {
    /// A text to plant as `name`: unlike any other, sound as a user name and as part of an address.
    pub fn plant(&mut self, name: &str) -> String {
        let text = format!("zq7{name}x9v");
        self.add(name, [text.as_bytes()]);
        text
    }

    /// Adds what is there by itself, such as a hash.
    pub fn add<'a>(&mut self, name: &str, forms: impl IntoIterator<Item = &'a [u8]>) {
        let forms: Vec<Vec<u8>> = forms.into_iter().map(<[u8]>::to_vec).collect();
        assert!(forms.iter().all(|form| form.len() >= 4), "`{name}` is too short to be told from chance");
        assert!(self.0.insert(name.to_owned(), forms).is_none(), "two canaries are called `{name}`");
    }

    /// The names of all.
    pub fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// The names of those that occur.
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut by_start: HashMap<[u8; 4], Vec<(&str, &[u8])>> = HashMap::new();
        for (name, forms) in &self.0 {
            for form in forms {
                let start = [form[0], form[1], form[2], form[3]];
                by_start.entry(start).or_default().push((name, form));
            }
        }
        // Most of a database is zeros and none of these bytes: told apart by a table before anything is hashed.
        let two = |a: u8, b: u8| usize::from(u16::from_le_bytes([a, b]));
        let mut begins = vec![false; 1 << 16];
        for start in by_start.keys() {
            begins[two(start[0], start[1])] = true;
        }
        let mut found = BTreeSet::new();
        for (at, start) in bytes.windows(4).enumerate() {
            if !begins[two(start[0], start[1])] {
                continue;
            }
            for (name, form) in by_start.get(start).into_iter().flatten() {
                if bytes[at..].starts_with(form) {
                    found.insert((*name).to_owned());
                }
            }
        }
        found
    }

    /// The names of those that occur in any file below a folder, with the file where each was seen last.
    pub fn found_below(&self, folder: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("the folder is there").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path) {
                    let place = path.display().to_string();
                    found.extend(self.found_in(&bytes).into_iter().map(|name| (name, place.clone())));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_form_is_found_anywhere() {
        let mut canaries = Canaries::default();
        let bio = canaries.plant("bio");
        canaries.add("id", [[0, 7, 7, 7, 0xff].as_slice(), b"00-07"]);
        canaries.add("never", [b"never".as_slice()]);
        assert!(canaries.found_in(b"zq7bi zq7biox9").is_empty());
        let text = format!("..{bio}");
        assert_eq!(canaries.found_in(text.as_bytes()), BTreeSet::from(["bio".to_owned()]));
        assert_eq!(canaries.found_in(&[1, 0, 7, 7, 7, 0xff]), BTreeSet::from(["id".to_owned()]));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("inner/file"), format!("00-07 {bio}")).unwrap();
        assert_eq!(canaries.found_below(folder.path()).into_keys().collect::<Vec<_>>(), ["bio", "id"]);
    }
}
