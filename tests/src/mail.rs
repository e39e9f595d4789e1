//! The development mailbox: finds and decodes the `.eml` files that the server writes instead of sending mail.
//!
//! Called by [`crate::person`] for sign-up codes and by tests of account mails. Decodes what a mail client
//! would: folded and encoded headers, multipart bodies, base64 and quoted-printable, all as UTF-8.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const DEADLINE: Duration = Duration::from_secs(20);

/// A folder of mails.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: PathBuf,
}

/// One mail, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The `To` header.
    pub to: String,
    /// The `Subject` header.
    pub subject: String,
    /// The first plain text part, or the whole body if there is none.
    pub text: String,
}

impl Mailbox {
    /// The mails in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Every mail to an address, oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut found: Vec<(SystemTime, PathBuf, Mail)> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .filter_map(|path| {
                let written = fs::metadata(&path).and_then(|meta| meta.modified()).ok()?;
                let mail = read(&path)?;
                mail.to.to_lowercase().contains(&address.to_lowercase()).then_some((written, path, mail))
            })
            .collect();
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        found.into_iter().map(|(_, _, mail)| mail).collect()
    }

    /// The newest mail to `address` that `accept` takes; waits for it.
    pub async fn wait_for<T>(&self, address: &str, accept: impl Fn(&Mail) -> Option<T>) -> T {
        let asked = Instant::now();
        loop {
            // A file may be seen half written: then it is not accepted yet, and read again.
            if let Some(found) = self.to(address).iter().rev().find_map(&accept) {
                return found;
            }
            assert!(asked.elapsed() < DEADLINE, "no such mail to {address}; there are {:?}", self.to(address));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The six digits of the newest sign-up mail to `address`.
    pub async fn sign_up_code(&self, address: &str) -> String {
        self.wait_for(address, |mail| mail.subject.contains("회원가입 인증 코드").then(|| mail.code()).flatten()).await
    }
}

impl Mail {
    /// The first number of exactly six digits in the text.
    pub fn code(&self) -> Option<String> {
        self.text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
            .map(str::to_owned)
    }

    /// Decodes a mail from its bytes.
    pub fn parse(raw: &[u8]) -> Option<Self> {
        let (headers, body) = split(raw)?;
        Some(Self {
            to: encoded_words(&header(&headers, "to")?),
            subject: encoded_words(&header(&headers, "subject")?),
            text: plain_text(&headers, body).unwrap_or_default(),
        })
    }
}

fn read(path: &Path) -> Option<Mail> {
    Mail::parse(&fs::read(path).ok()?)
}

/// Headers (unfolded, one per line) and body.
fn split(raw: &[u8]) -> Option<(String, &[u8])> {
    let (end, gap) = find(raw, b"\r\n\r\n").map(|at| (at, 4)).or_else(|| find(raw, b"\n\n").map(|at| (at, 2)))?;
    let headers = String::from_utf8_lossy(&raw[..end]).replace("\r\n", "\n");
    Some((headers.replace("\n ", " ").replace("\n\t", " "), &raw[end + gap..]))
}

fn header(headers: &str, name: &str) -> Option<String> {
    headers.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn plain_text(headers: &str, body: &[u8]) -> Option<String> {
    let kind = header(headers, "content-type").unwrap_or_default();
    if kind.to_lowercase().starts_with("multipart/") {
        let boundary = kind.split_once("boundary=")?.1;
        let boundary = boundary.trim_start_matches('"').split(['"', ';']).next()?.trim();
        let mark = format!("--{boundary}");
        let mut parts = Vec::new();
        let mut rest = body;
        while let Some(at) = find(rest, mark.as_bytes()) {
            parts.push(&rest[..at]);
            rest = &rest[at + mark.len()..];
        }
        return parts.into_iter().skip(1).find_map(|part| {
            let start = part.iter().position(|byte| *byte == b'\n')? + 1;
            let (headers, body) = split(&part[start..])?;
            let kind = header(&headers, "content-type").unwrap_or_default().to_lowercase();
            (kind.starts_with("text/plain") || kind.starts_with("multipart/"))
                .then(|| plain_text(&headers, body))
                .flatten()
        });
    }
    let encoding = header(headers, "content-transfer-encoding").unwrap_or_default().to_lowercase();
    let bytes = match encoding.as_str() {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body, false),
        _ => body.to_vec(),
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// RFC 2047: `=?utf-8?b?…?=` and `=?utf-8?q?…?=`; white space between two encoded words does not count.
fn encoded_words(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let word = rest[at + 2..].split_once('?').and_then(|(_, tail)| {
            let (encoding, tail) = tail.split_once('?')?;
            let (text, tail) = tail.split_once("?=")?;
            Some((encoding, text, tail))
        });
        let Some((encoding, text, tail)) = word else { break };
        if !(after_word && rest[..at].trim().is_empty()) {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
        }
        // A character may be cut between two words, so the bytes are joined before they are read as text.
        bytes.extend(if encoding.eq_ignore_ascii_case("b") {
            base64(text.as_bytes())
        } else {
            quoted_printable(text.as_bytes(), true)
        });
        rest = tail;
        after_word = true;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whatever decodes; a half-written end is left out.
fn base64(encoded: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text: Vec<u8> = encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    GeneralPurpose::new(&ALPHABET, lenient).decode(&text).unwrap_or_default()
}

fn quoted_printable(encoded: &[u8], in_header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while at < encoded.len() {
        match (encoded[at], encoded.get(at + 1..at + 3)) {
            (b'=', Some(b"\r\n")) => at += 3,
            (b'=', Some([b'\n', _])) => at += 2,
            (b'=', Some(pair)) => {
                let digits = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
                bytes.push(digits.unwrap_or(b'='));
                at += if digits.is_some() { 3 } else { 1 };
            }
            (b'_', _) if in_header => {
                bytes.push(b' ');
                at += 1;
            }
            (byte, _) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    bytes
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base64_mail_is_read() {
        let raw = "To: a@example.com\r\nSubject: =?utf-8?b?7ZqM7JuQ6rCA7J6FIOyduOymnQ==?=\r\n \
                   =?utf-8?b?IOy9lOuTnA==?=\r\nContent-Type: text/plain; charset=utf-8\r\n\
                   Content-Transfer-Encoding: base64\r\n\r\n7J247KadIOy9lOuTnDogMDQy\r\nMTM3LCA1\r\n";
        let mail = Mail::parse(raw.as_bytes()).unwrap();
        assert_eq!(mail.subject, "회원가입 인증 코드");
        assert_eq!(mail.text, "인증 코드: 042137, 5");
        assert_eq!(mail.code().as_deref(), Some("042137"));
    }

    #[test]
    fn a_multipart_quoted_printable_mail_is_read() {
        let raw = "Subject: =?utf-8?q?a_=EC=BD=94?= =?utf-8?q?=EB=93=9C?=\nTo: Kim <kim@example.com>\n\
                   Content-Type: multipart/alternative;\n boundary=\"xyz\"\n\npreamble\n--xyz\n\
                   Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
                   =EC=BD=94=EB=93=9C 1234567 and 123=\n456.\n--xyz\nContent-Type: text/html\n\n<p>999999</p>\n--xyz--\n";
        let mail = Mail::parse(raw.as_bytes()).unwrap();
        assert_eq!(mail.subject, "a 코드");
        assert_eq!(mail.to, "Kim <kim@example.com>");
        assert_eq!(mail.text.trim(), "코드 1234567 and 123456.");
        assert_eq!(mail.code().as_deref(), Some("123456"));
    }

    #[test]
    fn a_half_written_mail_has_no_code() {
        assert!(Mail::parse(b"To: a@example.com\r\nSubj").is_none());
        let cut = b"To: a@example.com\r\nSubject: x\r\n\r\ncode 12345";
        assert_eq!(Mail::parse(cut).unwrap().code(), None);
    }
}
