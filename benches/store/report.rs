//! What was measured, as a table and as one object, and whether it is enough.

use std::fmt;

use serde_json::{Value, json};

/// One operation of the stores.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    /// Calls a second.
    pub(crate) pg: f64,
    /// The same statement by `pgbench`, a second.
    pub(crate) ceiling: f64,
    /// The median of the ratios of the rounds.
    pub(crate) ratio: f64,
    pub(crate) sqlite: f64,
}

/// Messages through the service.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    /// Acked messages a second, without wake-ups.
    pub(crate) sent: f64,
    /// Bare inserts a second.
    pub(crate) ceiling: f64,
    pub(crate) of_ceiling: f64,
    /// With wake-ups and a subscriber, as a share of without.
    pub(crate) over_pg: f64,
    pub(crate) over_redis: f64,
}

/// Something that must be reached.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    name: &'static str,
    value: f64,
    least: f64,
}

impl Bar {
    pub(crate) fn is_met(&self) -> bool {
        self.value >= self.least
    }
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    tasks: usize,
    rows: Vec<Row>,
    chat: Chat,
    pub(crate) bars: Vec<Bar>,
}

impl Report {
    pub(crate) fn new(tasks: usize, rows: Vec<Row>, chat: Chat) -> Self {
        let bars = vec![
            Bar { name: "acked messages of bare inserts", value: chat.of_ceiling, least: 0.35 },
            Bar { name: "with wake-ups over PostgreSQL of without", value: chat.over_pg, least: 0.85 },
            Bar { name: "with wake-ups over Redis of without", value: chat.over_redis, least: 0.85 },
        ];
        Self { tasks, rows, chat, bars }
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "operation": row.operation, "pg_per_s": row.pg, "pgbench_per_s": row.ceiling, "ratio": row.ratio,
                    "sqlite_per_s": row.sqlite,
                })
            })
            .collect();
        let bars: Vec<Value> = self
            .bars
            .iter()
            .map(|bar| json!({"name": bar.name, "value": bar.value, "least": bar.least, "met": bar.is_met()}))
            .collect();
        let chat = json!({
            "acked_per_s": self.chat.sent, "inserts_per_s": self.chat.ceiling, "ratio": self.chat.of_ceiling,
            "with_pg_bus": self.chat.over_pg, "with_redis_bus": self.chat.over_redis,
        });
        json!({"tasks": self.tasks, "operations": rows, "chat": chat, "bars": bars})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} tasks; calls a second, medians of rounds", self.tasks)?;
        writeln!(f, "{:<24}{:>12}{:>12}{:>8}{:>12}", "", "PostgreSQL", "pgbench", "ratio", "SQLite")?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<24}{:>12.0}{:>12.0}{:>8.2}{:>12.0}",
                row.operation, row.pg, row.ceiling, row.ratio, row.sqlite
            )?;
        }
        let (sent, ceiling) = (self.chat.sent, self.chat.ceiling);
        writeln!(f, "acked messages {sent:.0}, bare inserts by pgbench {ceiling:.0}")?;
        for bar in &self.bars {
            let met = if bar.is_met() { "met" } else { "MISSED" };
            writeln!(f, "{}: {:.2}, at least {:.2}: {met}", bar.name, bar.value, bar.least)?;
        }
        Ok(())
    }
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        count => sorted[count / 2],
    }
}
