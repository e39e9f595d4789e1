//! A bucket of S3, or of a store that speaks as it does, by `s3://<bucket>/<prefix>`.
//!
//! Called by the settings, which take the address apart, and by [`Blobs`](super::Blobs). Where the store is and who may use
//! it is told by the variables that every tool of AWS reads: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, a role of the machine, the container or a web identity; `AWS_ENDPOINT_URL` for another store.
//! Invariants: a request ends before the answer it is for has to; no secret is in an error or a `Debug`.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig, path};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one request may take, with a photo up or down.
const REQUEST: Duration = Duration::from_secs(10);
/// How long all tries of one call may take together; somebody waits for the answer, 30 s at the most.
const TRIES: Duration = Duration::from_secs(15);
/// Most tries after the first.
const RETRIES: usize = 3;

/// Where in which bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    name: String,
    prefix: path::Path,
}

/// Why a bucket cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the AWS_* variables cannot be used for photos")]
pub(crate) struct BucketError(#[source] object_store::Error);

impl Bucket {
    /// Takes apart what follows `s3://`; none when it names no bucket.
    ///
    /// A name is 3 to 63 lowercase letters, digits, `-` and `.`, as S3 has it; parts of a prefix are letters, digits,
    /// `-`, `_`, `.` and `=`, none of them dots alone.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let (name, prefix) = address.split_once('/').unwrap_or((address, ""));
        let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let ends = |c: char| c.is_ascii_alphanumeric();
        let is_name = (3..=63).contains(&name.len()) && name.chars().all(of_name);
        if !is_name || !name.starts_with(ends) || !name.ends_with(ends) || name.contains("..") {
            return None;
        }
        let of_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
        let is_part = |part: &str| !part.is_empty() && part.chars().all(of_part) && part.chars().any(|c| c != '.');
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !prefix.is_empty() && !prefix.split('/').all(is_part) {
            return None;
        }
        Some(Self { name: name.to_owned(), prefix: path::Path::from(prefix) })
    }

    /// What every name begins with.
    pub(super) fn prefix(&self) -> path::Path {
        self.prefix.clone()
    }

    /// The bucket, by `AWS_*` variables; others are passed over.
    ///
    /// # Errors
    /// When a variable is no such thing as it should be, or an endpoint is without TLS and `AWS_ALLOW_HTTP` does not say so.
    pub(super) fn open(&self, variables: impl IntoIterator<Item = (String, String)>) -> Result<AmazonS3, BucketError> {
        let options = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST);
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: TRIES, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(options)
            .with_retry(retry)
            // Photos go one by one, and not every store that speaks as S3 does knows how to delete many.
            .with_disable_bulk_delete(true);
        for (name, value) in variables {
            // Not every variable of AWS is one of a store.
            if name.starts_with("AWS_")
                && let Ok(key) = name.to_ascii_lowercase().parse()
            {
                builder = builder.with_config(key, value);
            }
        }
        builder.with_bucket_name(&self.name).build().map_err(BucketError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_buckets_are_taken_apart() {
        for (address, name, prefix) in [
            ("photos.example", "photos.example", ""),
            ("photos/", "photos", ""),
            ("photos/eu/2026", "photos", "eu/2026"),
            ("photos/a_b-c.d=e/", "photos", "a_b-c.d=e"),
        ] {
            let bucket = Bucket::parse(address).unwrap();
            assert_eq!((bucket.name.as_str(), bucket.prefix().as_ref()), (name, prefix), "{address}");
        }
        for wrong in [
            "",
            "ab",
            "/photos",
            "Photos",
            "-photos",
            "photos-",
            "pho..tos",
            "user:secret@photos",
            "photos?x=1",
            "photos/../other",
            "photos//a",
            "photos/a//",
            "photos/.",
            "photos/a b",
            "photos/가",
            "photos#a",
        ] {
            assert_eq!(Bucket::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Bucket::parse(&"a".repeat(64)), None);
    }

    #[test]
    fn a_bucket_is_opened_by_the_usual_variables_and_tells_none_of_them() {
        let bucket = Bucket::parse("photos/here").unwrap();
        let with = |more: &[(&str, &str)]| {
            let all = [("AWS_ACCESS_KEY_ID", "c4nary-id"), ("AWS_SECRET_ACCESS_KEY", "c4nary-key"), ("PATH", "/bin")];
            let all = all.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            bucket.open(all)
        };
        let opened = with(&[("AWS_REGION", "ap-northeast-2"), ("AWS_PROFILE", "passed over")]).unwrap();
        assert!(!format!("{opened:?} {opened}").contains("c4nary-key"), "{opened:?}");
        for wrong in [("AWS_ALLOW_HTTP", "perhaps"), ("AWS_CONDITIONAL_PUT", "perhaps")] {
            let refused = with(&[wrong]).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("c4nary"), "{refused:?}");
        }
    }
}
