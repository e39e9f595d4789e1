//! The embedded web client: which addresses are its pages, and the files it is made of.
//!
//! Called by the router for requests that no API route answers; calls nothing of ours. The files of
//! `web/` are compiled into release builds and read from disk in debug builds, where an edit shows at
//! the next reload.
//! Invariants: a page address always answers the one shell (`index.html`), files answer under `/web/`
//! only, and nothing outside the folder can be named. Entity tags are made from the content.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;

/// Where the files of the client answer.
const FILES: &str = "/web/";

/// The file every page address answers; it finds out by itself which page it is.
const SHELL: &str = "index.html";

/// The page addresses without their last slash. `*` stands for one number (a room's id).
const PAGES: [&str; 12] = [
    "",
    "/home",
    "/accounts/signup",
    "/accounts/login",
    "/home/main",
    "/home/likes",
    "/home/matches",
    "/home/friends",
    "/home/questions",
    "/home/profile",
    "/chats",
    "/chats/chat_room/*",
];

#[derive(RustEmbed)]
#[folder = "web"]
struct Files;

/// One file of the web client, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// The content; borrowed from the binary in release builds.
    pub(crate) body: Cow<'static, [u8]>,
    /// The value of `Content-Type`, with `charset=utf-8` where the type is text.
    pub(crate) mime: String,
    /// The value of `ETag`: strong, quoted, the same for the same content on every instance.
    pub(crate) etag: String,
    /// Whether the content of this address never changes, so that it may be cached for ever; otherwise it must be
    /// revalidated (`Cache-Control: no-cache`). True for names that carry a hash of their content (`logo.3f9a01bc.svg`).
    pub(crate) immutable: bool,
}

/// What the client answers at the request path `path` (no query): the shell at a page address, a file under `/web/`,
/// `None` for everything else.
pub(crate) fn asset(path: &str) -> Option<Asset> {
    let name = if is_page(path) { SHELL } else { path.strip_prefix(FILES)? };
    let file = Files::get(name)?;
    let guessed = file.metadata.mimetype();
    let is_text = guessed.starts_with("text/") || guessed == "image/svg+xml";
    Some(Asset {
        mime: if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() },
        etag: format!("\"{}\"", URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash())),
        immutable: is_fingerprinted(name),
        body: file.data,
    })
}

/// Whether `path` is the address of a page of the client, with or without its last slash.
pub(crate) fn is_page(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    PAGES.iter().any(|page| match page.strip_suffix('*') {
        None => *page == path,
        Some(before) => {
            path.strip_prefix(before).is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        }
    })
}

/// Whether one of the dotted parts of a file's name is a hash of at least eight hexadecimal digits.
fn is_fingerprinted(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut inner = file.split('.').skip(1).collect::<Vec<_>>();
    inner.pop();
    inner.iter().any(|part| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_address_answers_the_shell_with_and_without_its_slash() {
        let shell = asset("/web/index.html").unwrap();
        for page in PAGES {
            let address = page.replace('*', "9007199254740991");
            for path in [format!("{address}/"), address] {
                assert!(is_page(&path), "{path}");
                assert_eq!(asset(&path).unwrap(), shell, "{path}");
            }
        }
    }

    #[test]
    fn what_is_no_page_and_no_file_is_nothing() {
        for path in [
            "/home/main/x/",
            "/home//",
            "//",
            "/chats/chat_room/",
            "/chats/chat_room/x/",
            "/chats/chat_room/1/2/",
            "/api/accounts/login/",
            "/api/chats/",
            "/index.html",
            "/app.js",
            "/web/",
            "/web/missing.js",
            "/web/../Cargo.toml",
            "/web//etc/passwd",
            "/web/view/../../src/web.rs",
        ] {
            assert!(!is_page(path), "{path}");
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn files_carry_their_type_and_a_tag_of_their_content() {
        let script = asset("/web/app.js").unwrap();
        assert_eq!(script.mime, "text/javascript; charset=utf-8");
        assert_eq!(asset("/web/style.css").unwrap().mime, "text/css; charset=utf-8");
        assert_eq!(asset("/web/default-profile.svg").unwrap().mime, "image/svg+xml; charset=utf-8");
        assert_eq!(asset("/").unwrap().mime, "text/html; charset=utf-8");
        assert!(script.etag.len() == 45 && script.etag.starts_with('"') && script.etag.ends_with('"'));
        assert_ne!(script.etag, asset("/web/style.css").unwrap().etag);
        assert!(!script.immutable);
    }

    #[test]
    fn only_a_name_with_a_hash_in_it_is_immutable() {
        assert!(is_fingerprinted("view/logo.3f9a01bc.svg"));
        for name in ["logo.svg", "3f9a01bc.svg", "a.b.svg", "logo.nothexad.svg", "logo.3f9a01bc"] {
            assert!(!is_fingerprinted(name), "{name}");
        }
    }

    /// The page runs under `default-src 'self'`: a tag or attribute that policy refuses would fail silently.
    #[test]
    fn the_client_needs_nothing_that_its_content_policy_refuses() {
        for name in Files::iter() {
            let file = Files::get(&name).unwrap();
            let text = String::from_utf8(file.data.into_owned()).unwrap();
            for refused in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "<style",
                " style=",
                "onclick=\"",
            ] {
                assert!(!text.contains(refused), "{name} contains {refused}");
            }
            for address in text.match_indices("://").map(|(at, _)| &text[at.saturating_sub(5)..]) {
                assert!(name.ends_with(".svg") && address.contains("://www.w3.org/"), "{name} names another host");
            }
            assert!(text.lines().count() < 400, "{name} is too long");
        }
        let shell = String::from_utf8(asset("/").unwrap().body.into_owned()).unwrap();
        assert_eq!(shell.matches("<script").count(), shell.matches("<script type=\"module\" src=\"/web/").count());
    }
}
