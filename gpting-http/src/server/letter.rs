//! A mail of the core as the message that travels: headers, encoded words, one part of plain text.
//!
//! Called by [`mailbox`](super::mailbox) and [`smtp`](super::smtp), so that what is looked at in development is what is
//! sent in production. Pure but for the date, which the library writes.

use gpting_core::Rng;
use gpting_core::port::{Mail, PortError};
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};

/// The message of a mail.
///
/// # Errors
/// When the address cannot be written into a header.
pub(super) fn message(mail: Mail, from: &Mailbox, rng: &dyn Rng) -> Result<Message, PortError> {
    let to =
        mail.to.parse().map_err(|error: lettre::address::AddressError| PortError::new("reading the address", error))?;
    let mut name = [0; 16];
    rng.fill(&mut name);
    let name = uuid::Builder::from_random_bytes(name).into_uuid();
    let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject)
        // The library would name this machine.
        .message_id(Some(format!("<{name}@{}>", from.email.domain())))
        .raw_header(header("Content-Language", mail.lang.code()))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .singlepart(SinglePart::plain(mail.text))
        .map_err(|error| PortError::new("writing a mail", error))
}
