//! Language models for GPTing, over any OpenAI-compatible server.
//!
//! The place of the adapters that will turn profile text into traits and embeddings and write openers. They run
//! as jobs outside the request path and can move a candidate only by a bounded amount inside a list that it
//! already belongs to. This release holds the crate's name and place; the product is whole without a model.
