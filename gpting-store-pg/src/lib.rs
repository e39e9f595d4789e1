//! GPTing on PostgreSQL.
