//! The service over the memory store: what people do, end to end, without HTTP.

mod accounts;
mod chat;
mod matching;
mod people;
mod safety;
