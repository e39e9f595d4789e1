//! The two names of an account, in the form in which they are compared: user name and e-mail address.

use email_address::EmailAddress;
use unicode_normalization::UnicodeNormalization;

use crate::error::Fault;

/// An address as written and as compared.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) written: String,
    pub(crate) canonical: String,
}

/// Reads an address. Compared in lower case and NFC; nothing is done about providers' own tricks (dots, plus signs).
///
/// # Errors
/// [`Fault::Required`] or [`Fault::Invalid`].
pub(crate) fn parse_email(raw: &str) -> Result<Email, Fault> {
    let written = raw.trim();
    if written.is_empty() {
        return Err(Fault::Required);
    }
    let sound = written.len() <= 254
        && !written.contains(|c: char| c.is_control() || c.is_whitespace() || "<>()\"".contains(c))
        && EmailAddress::is_valid(written)
        && written.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.') || domain == "localhost");
    if !sound {
        return Err(Fault::Invalid);
    }
    Ok(Email { canonical: written.nfc().collect::<String>().to_lowercase(), written: written.to_owned() })
}

/// Reads a user name in its canonical form: NFKC, lower case, 3 to 30 letters, digits, `.`, `_` or `-`, and no `@`, so
/// that it is never mistaken for an address.
///
/// # Errors
/// The fault to show at the field.
pub(crate) fn parse_username(raw: &str) -> Result<String, Fault> {
    if raw.len() > 512 {
        return Err(Fault::TooLong { max: 30 });
    }
    let name: String = raw.trim().nfkc().collect::<String>().to_lowercase();
    let chars = name.chars().count();
    match chars {
        0 => Err(Fault::Required),
        1 | 2 => Err(Fault::TooShort { min: 3 }),
        3..=30 if name.chars().all(|c| c.is_alphanumeric() || "._-+".contains(c)) => Ok(name),
        3..=30 => Err(Fault::Invalid),
        _ => Err(Fault::TooLong { max: 30 }),
    }
}

/// A login field as it is looked up: an address or a user name; none when it can be neither.
pub(crate) fn canonical_login(raw: &str) -> Option<String> {
    if raw.contains('@') { parse_email(raw).ok().map(|email| email.canonical) } else { parse_username(raw).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        let email = parse_email(" Min.Ji@Example.COM ").unwrap_or_else(|_| panic!("a good address"));
        assert_eq!((email.written.as_str(), email.canonical.as_str()), ("Min.Ji@Example.COM", "min.ji@example.com"));
        for bad in ["a", "a@", "@b.kr", "a b@c.kr", "a@b", "<a@b.kr>", "a@b.kr\0", &"x".repeat(300)] {
            assert!(parse_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn user_names_never_look_like_addresses() {
        assert_eq!(parse_username(" Min_Ji.92 "), Ok("min_ji.92".to_owned()));
        assert_eq!(parse_username("민지92"), Ok("민지92".to_owned()));
        assert_eq!(parse_username("a@b"), Err(Fault::Invalid));
        assert_eq!(parse_username("ab"), Err(Fault::TooShort { min: 3 }));
        assert_eq!(parse_username(&"a".repeat(31)), Err(Fault::TooLong { max: 30 }));
    }
}
