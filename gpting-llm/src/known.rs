//! How many numbers the vectors of well-known embedding models have, so that nobody has to look them up.
//!
//! A model that is not here is named together with its dimensions ([`Builder::embedding_dims`](crate::Builder::embedding_dims)).
//! A wrong row does no harm: an answer of other dimensions is refused. Source: the models' own cards.

/// Models by name, without who made them and without a tag.
const DIMS: [(&str, usize); 13] = [
    ("text-embedding-3-small", 1_536),
    ("text-embedding-3-large", 3_072),
    ("text-embedding-ada-002", 1_536),
    ("bge-m3", 1_024),
    ("multilingual-e5-small", 384),
    ("multilingual-e5-base", 768),
    ("multilingual-e5-large", 1_024),
    ("nomic-embed-text", 768),
    ("text-embedding-nomic-embed-text-v1.5", 768),
    ("mxbai-embed-large", 1_024),
    ("embeddinggemma", 768),
    ("all-minilm", 384),
    ("all-minilm-l6-v2", 384),
];

/// The dimensions of a model, where they are known. `BAAI/bge-m3` and `bge-m3:latest` are `bge-m3`.
pub(crate) fn dims(model: &str) -> Option<usize> {
    let name = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    DIMS.iter().find(|(known, _)| *known == name).map(|(_, dims)| *dims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_and_tags_are_passed_over() {
        for name in ["bge-m3", "BAAI/bge-m3", "bge-m3:latest", "BAAI/BGE-M3"] {
            assert_eq!(dims(name), Some(1_024), "{name}");
        }
        assert_eq!((dims("text-embedding-3-large"), dims("of-my-own"), dims("")), (Some(3_072), None, None));
    }
}
