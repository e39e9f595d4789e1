//! Mail through a mail server.
//!
//! Called by the jobs of the core, which try again when a mail was not taken. A few connections are kept open; one mail
//! takes 20 s at most. Invariant: the URL with its password is in no error and no `Debug`.

use std::time::Duration;

use async_trait::async_trait;
use gpting_core::SystemRng;
use gpting_core::port::{Mail, Mailer, PortError};
use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::letter;

/// How long one mail may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Most connections to the mail server.
const CONNECTIONS: u32 = 4;

/// Sends mails by SMTP.
pub(crate) struct SmtpMailer {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}

/// Whether a mail server's URL can be used; if not, why.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    match url.split_once("://") {
        Some(("smtp" | "smtps", _)) if AsyncSmtpTransport::<Tokio1Executor>::from_url(url).is_ok() => Ok(()),
        // Not the library's reason: it may repeat a part of the URL.
        _ => Err("expected smtps://user:password@host or smtp://host:port?tls=required".to_owned()),
    }
}

impl SmtpMailer {
    /// Mails through the server at `url`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the URL cannot be used.
    pub(crate) fn new(url: &SecretString, from: Mailbox) -> Result<Self, PortError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| PortError::new("reading the mail server's address", "it cannot be used"))?;
        let transport = builder.timeout(Some(TIMEOUT)).pool_config(PoolConfig::new().max_size(CONNECTIONS)).build();
        Ok(Self { from, transport })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        let message = letter::message(mail, &self.from, &SystemRng)?;
        self.transport.send(message).await.map_err(|error| PortError::new("sending a mail", error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::lang::Lang;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// A mail server for one mail: answers what is needed and gives back what it was sent.
    async fn receive(listener: TcpListener) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut seen = String::new();
        let mut in_data = false;
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            let answer = match (in_data, line.as_str()) {
                (true, ".") => {
                    in_data = false;
                    "250 taken\r\n"
                }
                (true, _) => "",
                (false, "DATA") => {
                    in_data = true;
                    "354 go on\r\n"
                }
                (false, "QUIT") => break,
                (false, _) => "250 fine\r\n",
            };
            seen.push_str(&line);
            seen.push('\n');
            write.write_all(answer.as_bytes()).await.unwrap();
            if seen.ends_with("\n.\n") {
                break;
            }
        }
        seen
    }

    #[tokio::test]
    async fn a_mail_reaches_the_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(receive(listener));
        let mailer = SmtpMailer::new(&url.into(), "GPTing <no-reply@example.com>".parse().unwrap()).unwrap();
        let mail =
            Mail { to: "b@example.com".into(), subject: "x".into(), text: "code 123456\n".into(), lang: Lang::En };
        mailer.send(mail).await.unwrap();
        let seen = server.await.unwrap();
        assert!(seen.contains("MAIL FROM:<no-reply@example.com>"), "{seen}");
        assert!(seen.contains("RCPT TO:<b@example.com>") && seen.contains("code 123456"), "{seen}");
    }

    #[tokio::test]
    async fn a_server_out_of_reach_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let mailer = SmtpMailer::new(&url.into(), "a@example.com".parse().unwrap()).unwrap();
        let mail = Mail { to: "b@example.com".into(), subject: "x".into(), text: "y".into(), lang: Lang::En };
        assert!(mailer.send(mail).await.is_err());
    }
}
