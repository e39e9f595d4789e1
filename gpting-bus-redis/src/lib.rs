//! Wake-ups between GPTing instances over Redis or Valkey.
//!
//! The place of the adapter that will publish "this room moved" to the other instances. A wake-up is only ever a
//! hint: the store is the log, and an instance that hears nothing still finds every message by polling. This
//! release holds the crate's name and place; one instance needs no bus.
