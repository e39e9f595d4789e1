//! Multipart forms: texts and files by name, within limits.
//!
//! Called by [`fields`](super::fields) with a body whose size is already limited; calls `multer`. What a file is, is
//! not judged here: that is the business of the port that prepares pictures.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;

use crate::error::{Edge, Problem};

/// No form of ours has more parts.
const MAX_PARTS: usize = 64;
/// The longest text of one part: that of a whole JSON body.
const MAX_TEXT: usize = 64 * 1024;

/// What a form held.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// Texts in their order.
    pub(crate) texts: Vec<(String, String)>,
    /// Files by name.
    pub(crate) files: BTreeMap<String, Bytes>,
}

/// Reads a form; files are taken only where the operation knows some.
///
/// # Errors
/// 400 for a form that is broken, 413 for one with too much in it, 415 without a boundary.
pub(crate) async fn parse(content_type: &str, bytes: Bytes, files: bool) -> Result<Form, Problem> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| Edge::MediaType)?;
    let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|_| Problem::malformed(None))? {
        if form.texts.len() + form.files.len() >= MAX_PARTS {
            return Err(Edge::BodyTooLarge.into());
        }
        let Some(name) = part.name().map(str::to_owned) else { return Err(Problem::malformed(None)) };
        let malformed = || Problem::malformed(Some(&name));
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(|_| malformed())?;
        if is_file {
            if !files {
                continue;
            }
            if form.files.contains_key(&name) {
                return Err(malformed());
            }
            form.files.insert(name, content);
            continue;
        }
        if content.len() > MAX_TEXT {
            return Err(Edge::BodyTooLarge.into());
        }
        let text = std::str::from_utf8(&content).ok().filter(|text| !text.contains('\0')).ok_or_else(malformed)?;
        let text = text.to_owned();
        form.texts.push((name, text));
    }
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(head: &str, content: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    async fn read(body: String) -> Result<Form, Problem> {
        parse("multipart/form-data; boundary=x", body.into(), true).await
    }

    #[tokio::test]
    async fn texts_and_files_are_told_apart() {
        let body =
            part("name=\"nickname\"", "지민") + &part("name=\"photo\"; filename=\"a.png\"", "bytes") + "--x--\r\n";
        let form = read(body).await.unwrap();
        assert_eq!(form.texts, [("nickname".to_owned(), "지민".to_owned())]);
        assert_eq!(form.files["photo"], "bytes");
    }

    #[tokio::test]
    async fn broken_forms_are_refused() {
        let cut = part("name=\"photo\"; filename=\"a.png\"", "bytes");
        let nameless = part("filename=\"a.png\"", "bytes") + "--x--\r\n";
        let nul = part("name=\"a\"", "\0") + "--x--\r\n";
        for body in [cut, nameless, nul, "\u{ffff}".repeat(100)] {
            assert_eq!(read(body).await.unwrap_err().status(), 400);
        }
        let twice = part("name=\"p\"; filename=\"a\"", "1") + &part("name=\"p\"; filename=\"b\"", "2") + "--x--\r\n";
        assert_eq!(read(twice).await.unwrap_err().status(), 400);
        let many: String = (0..65).map(|n| part(&format!("name=\"f{n}\""), "1")).collect();
        assert_eq!(read(many + "--x--\r\n").await.unwrap_err().status(), 413);
        let problem = parse("multipart/form-data", "--x--".into(), true).await.unwrap_err();
        assert_eq!(problem.status(), 415);
    }
}
