//! GPTing.
