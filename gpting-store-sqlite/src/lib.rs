//! GPTing on SQLite, the embedded default.
