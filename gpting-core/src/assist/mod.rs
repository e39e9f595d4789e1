//! What machines may say about people's words: ports to text models and embeddings. The product is whole without any.
//!
//! Nothing here is ever waited for by a request of a member; what a model says is checked before it is used, and moves a
//! candidate by a bounded amount inside a list that they belong to already.

pub mod local;
pub mod model;
