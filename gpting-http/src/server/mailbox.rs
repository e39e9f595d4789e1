//! The development mailbox: mails become `.eml` files that any mail program opens.
//!
//! Called by the jobs of the core when there is no mail server. Invariants: a file in the folder is whole (it is written
//! elsewhere and moved in), and the folder is made so that only its owner can enter it, since the mails hold codes.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use gpting_core::SystemRng;
use gpting_core::port::{Mail, Mailer, PortError};
use lettre::message::Mailbox;
use lettre::{AsyncFileTransport, AsyncTransport as _, Tokio1Executor};

use super::keys::{KeyError, make_private_folder};
use super::letter;

/// Writes mails into a folder.
pub(crate) struct FileMailer {
    folder: PathBuf,
    drafts: PathBuf,
    from: Mailbox,
    transport: AsyncFileTransport<Tokio1Executor>,
}

impl std::fmt::Debug for FileMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileMailer").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl FileMailer {
    /// A mailbox in `folder`, which is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(folder: &Path, from: Mailbox) -> Result<Self, KeyError> {
        let drafts = folder.join(".drafts");
        make_private_folder(folder)?;
        make_private_folder(&drafts)?;
        Ok(Self { folder: folder.to_owned(), from, transport: AsyncFileTransport::new(&drafts), drafts })
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        let message = letter::message(mail, &self.from, &SystemRng)?;
        let id = self.transport.send(message).await.map_err(|error| PortError::new("writing a mail", error))?;
        let name = format!("{id}.eml");
        tokio::fs::rename(self.drafts.join(&name), self.folder.join(&name))
            .await
            .map_err(|error| PortError::new("putting a mail into the mailbox", error))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use gpting_core::lang::Lang;

    use super::*;

    /// Joins the encoded words of a header (RFC 2047, base64 only, which is what the library writes for Korean).
    fn subject(eml: &str) -> String {
        let unfolded = eml.replace("\r\n ", " ");
        let line = unfolded.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        let words = line.split(' ').flat_map(|word| {
            let word = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?=")).unwrap();
            base64::engine::general_purpose::STANDARD.decode(word).unwrap()
        });
        String::from_utf8(words.collect()).unwrap()
    }

    fn body(eml: &str) -> String {
        let (head, body) = eml.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("charset=utf-8"), "{head}");
        assert!(head.contains("Content-Transfer-Encoding: base64"), "{head}");
        let packed: String = body.split_whitespace().collect();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_mail_is_a_whole_file_in_utf_8() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("mail");
        let mailer = FileMailer::open(&folder, "GPTing <no-reply@localhost>".parse().unwrap()).unwrap();
        let text = "지피팅에 오신 것을 환영합니다.\n\n인증 코드: 042137\n".to_owned();
        let mail =
            Mail {
                to: "a@example.com".to_owned(), subject: "회원가입 인증 코드".to_owned(), text, lang: Lang::Ko
            };
        mailer.send(mail).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let emls: Vec<_> = files.iter().filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        assert_eq!(emls.len(), 1, "{files:?}");
        let eml = String::from_utf8(std::fs::read(emls[0]).unwrap()).unwrap();
        assert_eq!(subject(&eml), "회원가입 인증 코드");
        assert!(body(&eml).contains("인증 코드: 042137"));
        assert!(eml.contains("To: a@example.com\r\n") && eml.contains("Content-Language: ko\r\n"), "{eml}");
    }

    #[tokio::test]
    async fn an_address_cannot_bring_in_headers() {
        let data = tempfile::tempdir().unwrap();
        let mailer = FileMailer::open(&data.path().join("mail"), "a@localhost".parse().unwrap()).unwrap();
        let to = "a@example.com\r\nBcc: b@example.com".to_owned();
        let mail = Mail { to, subject: "x".to_owned(), text: "y".to_owned(), lang: Lang::En };
        assert!(mailer.send(mail).await.is_err());
    }
}
