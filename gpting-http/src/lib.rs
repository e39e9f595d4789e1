//! GPTing over HTTP.
