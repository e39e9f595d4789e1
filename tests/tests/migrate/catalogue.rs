//! What a database says of itself: every object of its schema, every row, and what its tables demand.

use std::collections::BTreeMap;

use crate::base::{Base, Engine};
use crate::shape::{Shape, Table};

const SQLITE_CATALOGUE: [&str; 2] = [
    "SELECT type || ' ' || name || ' on ' || tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1",
    "SELECT m.name || '.' || c.name || ' ' || c.type || ', needed ' || c.\"notnull\" || ', default '
         || coalesce(c.dflt_value, 'none') || ', key ' || c.pk || ', hidden ' || c.hidden
     FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' ORDER BY m.name, c.cid",
];
const SQLITE_COLUMNS: &str = "
    SELECT m.name || char(9) || c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations' ORDER BY m.name, c.cid";
const SQLITE_SHAPE: &str = "
    SELECT m.name || char(9) || c.name || char(9) || c.type || char(9) || c.\"notnull\" || char(9)
        || (c.dflt_value IS NOT NULL OR c.hidden > 1)
    FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
const SQLITE_UNIQUE: &str = "
    SELECT m.name || char(9) || '(' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')'
        || iif(i.partial, substr(d.sql, instr(d.sql, ' WHERE ')), '')
    FROM sqlite_schema AS m, pragma_index_list(m.name) AS i
    LEFT JOIN sqlite_schema AS d ON d.name = i.name
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND i.\"unique\"";
/// Foreign keys, and the text of the table, out of which its checks are taken.
const SQLITE_RULES: &str = "
    SELECT m.name || char(9) || 'FOREIGN KEY (' || f.\"from\" || ') REFERENCES ' || f.\"table\"
    FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
    UNION ALL
    SELECT name || char(9) || replace(replace(sql, char(10), ' '), char(9), ' ') FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite%'";

const PG_CATALOGUE: [&str; 6] = [
    "SELECT format('%s.%s %s, needed %s, default %s, identity <%s>, generated <%s>, collation %s, samples %s',
         c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
         a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstattarget)
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'gpting'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY c.relname, a.attnum",
    "SELECT format('%s %s, options %s, persistence %s, row security %s', relkind, relname, reloptions, relpersistence,
         relrowsecurity)
     FROM pg_class WHERE relnamespace = 'gpting'::regnamespace ORDER BY relname",
    "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'gpting'::regnamespace ORDER BY 1",
    "SELECT format('%s: %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
     WHERE connamespace = 'gpting'::regnamespace ORDER BY 1",
    "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'gpting'::regnamespace AND NOT t.tgisinternal ORDER BY 1",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'gpting'::regnamespace ORDER BY 1",
];
const PG_COLUMNS: &str = "
    SELECT c.relname || E'\\t' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'gpting'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname <> '_sqlx_migrations' ORDER BY c.relname, a.attnum";
const PG_SHAPE: &str = "
    SELECT concat_ws(E'\\t', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::int,
        (a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '')::int)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'gpting'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped";
const PG_UNIQUE: &str = "
    SELECT t.relname || E'\\t' || split_part(pg_get_indexdef(i.indexrelid), ' USING ', 2)
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = 'gpting'::regnamespace AND i.indisunique";
const PG_RULES: &str = "
    SELECT t.relname || E'\\t' || pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.connamespace = 'gpting'::regnamespace AND c.contype IN ('c', 'f', 'x')";

/// The columns of each table.
pub(crate) type Columns = BTreeMap<String, Vec<String>>;

impl Base {
    /// Every object of the schema, with all that it is made of.
    pub(crate) async fn catalogue(&self) -> Vec<String> {
        let queries: &[&str] = match self.engine {
            Engine::Sqlite => &SQLITE_CATALOGUE,
            Engine::Postgres => &PG_CATALOGUE,
        };
        let mut catalogue = Vec::new();
        for query in queries {
            catalogue.extend(self.ask(query).await);
        }
        catalogue
    }

    /// The tables of the store and their columns.
    pub(crate) async fn columns(&self) -> Columns {
        let query = if self.engine == Engine::Sqlite { SQLITE_COLUMNS } else { PG_COLUMNS };
        let mut columns = Columns::new();
        for line in self.ask(query).await {
            let (table, column) = line.split_once('\t').unwrap();
            columns.entry(table.to_owned()).or_default().push(column.to_owned());
        }
        columns
    }

    /// Every row of these tables, as far as these columns say.
    pub(crate) async fn dump(&self, columns: &Columns) -> Vec<String> {
        let mut rows = Vec::new();
        for (table, columns) in columns {
            let row = match self.engine {
                Engine::Sqlite => {
                    let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                    quoted.join(" || ' ' || ")
                }
                Engine::Postgres => format!("ROW({})::text", columns.join(", ")),
            };
            rows.extend(self.ask(&format!("SELECT '{table} ' || {row} FROM {table}")).await);
        }
        rows.sort();
        rows
    }

    /// The columns without a value in any row.
    pub(crate) async fn unfilled(&self) -> Vec<String> {
        let columns = self.columns().await;
        // While `copying` has rows the store serves nobody.
        let kept = columns.iter().filter(|(table, _)| table.as_str() != "copying");
        let all = kept.flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)));
        let questions: Vec<String> = all
            .map(|(table, column)| {
                format!("SELECT '{table}.{column}' WHERE (SELECT count({table}.{column}) FROM {table}) = 0")
            })
            .collect();
        self.ask(&questions.join(" UNION ALL ")).await
    }

    /// What the tables demand of a writer.
    pub(crate) async fn shape(&self) -> Shape {
        let (columns, unique, rules) = match self.engine {
            Engine::Sqlite => (SQLITE_SHAPE, SQLITE_UNIQUE, SQLITE_RULES),
            Engine::Postgres => (PG_SHAPE, PG_UNIQUE, PG_RULES),
        };
        let mut shape = Shape::new();
        for line in self.ask(columns).await {
            let [table, column, kind, needed, has_default] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("five parts: {line}");
            };
            let table: &mut Table = shape.entry(table.to_owned()).or_default();
            table.columns.insert(column.to_owned(), (kind.to_owned(), needed == "1", has_default == "1"));
        }
        for line in self.ask(unique).await {
            let (table, unique) = line.split_once('\t').unwrap();
            shape.get_mut(table).unwrap().unique.insert(unique.to_owned());
        }
        for line in self.ask(rules).await {
            let (table, rule) = line.split_once('\t').unwrap();
            let table = shape.get_mut(table).unwrap();
            if rule.starts_with("CREATE TABLE") {
                table.rules.extend(checks(rule));
            } else {
                table.rules.insert(rule.to_owned());
            }
        }
        shape
    }
}

/// The checks within the text of a table, each up to the parenthesis that ends it.
fn checks(table: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in table.match_indices("CHECK (") {
        let mut depth = 0_u32;
        let end = table[start..].find(|c| {
            depth += u32::from(c == '(');
            depth -= u32::from(c == ')' && depth > 0);
            c == ')' && depth == 0
        });
        found.push(table[start..=start + end.expect("a parenthesis ends")].to_owned());
    }
    found
}
