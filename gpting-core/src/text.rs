//! Reading free text from people: NFC, no control characters, no surprises in length.

use unicode_normalization::UnicodeNormalization;

use crate::error::Fault;

/// Cleans one line of text (a nickname): NFC, trimmed, inner white space folded, no control or invisible characters.
///
/// # Errors
/// [`Fault::Required`] when nothing is left, [`Fault::TooLong`] above `max` characters, [`Fault::Invalid`] for control,
/// bidirectional or zero-width characters.
pub(crate) fn line(raw: &str, max: usize) -> Result<String, Fault> {
    let text = block(raw, max)?;
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() { Err(Fault::Required) } else { Ok(folded) }
}

/// Cleans a text of several lines (a bio, a message): NFC, trimmed, no control characters but line breaks and tabs.
/// May be empty.
///
/// # Errors
/// [`Fault::TooLong`] above `max` characters, [`Fault::Invalid`] for control or bidirectional override characters.
pub(crate) fn block(raw: &str, max: usize) -> Result<String, Fault> {
    // Normalising is linear in the input; refuse what cannot fit before doing it (NFC never shortens fourfold).
    if raw.len() > max.saturating_mul(16) {
        return Err(Fault::TooLong { max });
    }
    let text: String = raw.trim().replace("\r\n", "\n").nfc().collect();
    if text.chars().any(is_unwelcome) {
        return Err(Fault::Invalid);
    }
    if text.chars().count() > max {
        return Err(Fault::TooLong { max });
    }
    Ok(text)
}

/// Control characters other than line breaks and tabs, and characters that turn the direction of what follows.
/// U+200D stays: emoji of families are joined by it.
fn is_unwelcome(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_composed_and_trimmed() {
        assert_eq!(line("  \u{1112}\u{1161}\u{11ab}  나 ", 10), Ok("한 나".to_owned()));
        assert_eq!(line(" \u{3000} ", 10), Err(Fault::Required));
        assert_eq!(block("a\r\nb", 10), Ok("a\nb".to_owned()));
        assert_eq!(block("👨‍👩‍👧", 10), Ok("👨‍👩‍👧".to_owned()));
    }

    #[test]
    fn hidden_characters_and_long_texts_are_refused() {
        assert_eq!(line("a\0b", 10), Err(Fault::Invalid));
        assert_eq!(line("a\u{202e}b", 10), Err(Fault::Invalid));
        assert_eq!(line("12345678901", 10), Err(Fault::TooLong { max: 10 }));
        assert_eq!(block(&"x".repeat(1_000_000), 10), Err(Fault::TooLong { max: 10 }));
    }
}
