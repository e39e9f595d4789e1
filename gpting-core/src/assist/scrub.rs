//! Free text made fit to leave the house: without addresses, numbers, handles, names, and what cannot be seen. Pure.
//!
//! Rather too much than too little: a hobby with a number in it may go with a handle. Called by `facts` for every text of
//! a person that goes into a prompt, by `words` for what comes back, and by moderation, which counts what was found.
//! Invariant: what comes out changes no more when it goes in again.

use unicode_normalization::UnicodeNormalization as _;

/// What stands where something was taken out.
const GONE: &str = "[-]";
/// A run of digits and what stands between them is a number of a person (phone, birthday, place) from so many digits on.
const DIGITS: usize = 6;
/// A word of letters with digits or underscores is a handle from so many characters on.
const HANDLE: usize = 5;

/// So much of a text is looked at, in characters: more than the limits of profiles and messages let anybody write.
const LONGEST: usize = 16_384;

/// Where people can be reached, as people write it: what follows is a name there.
const MESSENGERS: [&str; 41] = [
    "아이디",
    "카톡",
    "카카오톡",
    "카카오",
    "ㅋㅌ",
    "kakaotalk",
    "kakao",
    "katalk",
    "katok",
    "오픈채팅",
    "라인",
    "line",
    "인스타그램",
    "인스타",
    "instagram",
    "insta",
    "ig",
    "텔레그램",
    "텔레",
    "telegram",
    "tele",
    "위챗",
    "wechat",
    "왓츠앱",
    "whatsapp",
    "스냅챗",
    "snapchat",
    "snap",
    "디스코드",
    "discord",
    "페이스북",
    "페북",
    "facebook",
    "fb",
    "트위터",
    "twitter",
    "시그널",
    "signal",
    "틱톡",
    "tiktok",
    "skype",
];

/// What may stand between a messenger and the name: particles, colons, "id".
const FILLERS: [&str; 16] =
    ["아이디", "아디", "계정", "은", "는", "이", "가", "도", "id", "is", "me", "my", "ㅇㄷ", "dm", "추가", "handle"];

/// What was found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Addresses of mail and of the web.
    pub(crate) addresses: usize,
    /// Phones, birthdays, coordinates: long runs of digits.
    pub(crate) numbers: usize,
    /// Names at messengers.
    pub(crate) handles: usize,
    /// Names that were to be taken out.
    pub(crate) names: usize,
}

impl Found {
    /// Whether somebody could be reached by what was there.
    pub(crate) fn is_contact(self) -> bool {
        self.addresses + self.numbers + self.handles > 0
    }
}

/// The text, of at most `most` characters, without what could tell who somebody is or reach them, and without `names`.
pub(crate) fn scrub(raw: &str, most: usize, names: &[&str]) -> String {
    scrubbed(raw, most, names).0
}

/// As [`scrub`], with what was found.
pub(crate) fn scrubbed(raw: &str, most: usize, names: &[&str]) -> (String, Found) {
    // Never cut within what is to be found: half an address is an address. Longer texts than any that members can write
    // end where they are certain to be beyond what is wanted.
    let mut text: String = raw.chars().take(LONGEST).collect();
    let mut found = Found::default();
    // What taking something out puts together may be something again.
    for _ in 0..4 {
        let visible = visible(&text);
        let without_names = take_names(&visible, names, &mut found);
        let without_words = take_words(&without_names, &mut found);
        let next = take_numbers(&without_words, &mut found);
        if next == text {
            break;
        }
        text = next;
    }
    let short: String = text.chars().take(most).collect();
    (short.trim().to_owned(), found)
}

/// Composed by compatibility (so that digits of all forms are digits), white space folded, nothing that is not seen.
pub(crate) fn visible(text: &str) -> String {
    let seen: String = text.nfkc().filter(|c| !is_unseen(*c)).collect();
    // Taking out a joiner can bring two together that compose.
    let seen: String = seen.nfkc().collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control and formatting characters, those without width, those that turn the direction, tags, private ones.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Takes out names of two characters or more, however they are cased.
fn take_names(text: &str, names: &[&str], found: &mut Found) -> String {
    let mut text = text.to_owned();
    for name in names {
        let name = visible(name).to_lowercase();
        if name.chars().count() < 2 || GONE.contains(&name) {
            continue;
        }
        let mut rest = text.as_str();
        let mut out = String::with_capacity(text.len());
        while let Some(c) = rest.chars().next() {
            if let Some(len) = starts_with_folded(rest, &name) {
                out.push_str(GONE);
                found.names += 1;
                rest = &rest[len..];
            } else {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        text = out;
    }
    text
}

/// How many bytes at the start of `text` are `folded` (lower case), if they are.
fn starts_with_folded(text: &str, folded: &str) -> Option<usize> {
    let mut wanted = folded.chars();
    let mut next = wanted.next();
    for (at, c) in text.char_indices() {
        if next.is_none() {
            return Some(at);
        }
        for c in c.to_lowercase() {
            if next != Some(c) {
                return None;
            }
            next = wanted.next();
        }
    }
    next.is_none().then_some(text.len())
}

/// Takes out words that are an address or a name at a messenger.
fn take_words(text: &str, found: &mut Found) -> String {
    let mut out: Vec<String> = Vec::new();
    // So many words after a messenger may still be a name there.
    let mut reach = 0_u8;
    // Whether the word before may be meant as a messenger.
    let mut is_near = false;
    for word in text.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '_'));
        let lower = bare.to_lowercase();
        if word == GONE {
            out.push(word.to_owned());
            continue;
        }
        if is_address(&lower) {
            found.addresses += 1;
            out.push(GONE.to_owned());
            reach = 0;
            continue;
        }
        let (messenger, rest) = after_messenger(&lower);
        let is_marked = rest.starts_with([':', '=', '@', '/']) || word.ends_with([':', '=']);
        let name = without_fillers(rest);
        if messenger && is_name(name) {
            found.handles += 1;
            out.push(GONE.to_owned());
            reach = 0;
        } else if messenger {
            // "line" and "signal" are words too: after those only what is marked as a name is one.
            is_near = matches!(lower.as_str(), "line" | "signal" | "snap" | "tele");
            reach = if is_marked || !is_near { 3 } else { 0 };
            out.push(word.to_owned());
            continue;
        } else if lower == "id" && (is_marked || is_near) {
            reach = 3;
            out.push(word.to_owned());
        } else if is_handle(&lower) || (reach > 0 && is_name(without_fillers(&lower))) {
            found.handles += 1;
            out.push(GONE.to_owned());
            reach = 0;
        } else {
            reach = reach.saturating_sub(1);
            out.push(word.to_owned());
        }
        is_near = false;
    }
    out.join(" ")
}

/// Whether a word begins like a name at a messenger: three letters or more of those that such names have. What follows in
/// Korean are particles.
fn is_name(word: &str) -> bool {
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(word.len());
    let after = word[end..].chars().next();
    end >= 3 && after.is_none_or(|c| !c.is_ascii_alphanumeric())
}

/// Mail, web: with an at sign between or before, a scheme, or a dot before something like a domain.
fn is_address(lower: &str) -> bool {
    if lower.contains("://") || lower.starts_with("www.") || lower.contains("골뱅이") {
        return true;
    }
    if let Some(at) = lower.find('@') {
        return lower[at + 1..].chars().next().is_some_and(char::is_alphanumeric);
    }
    let host = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.rsplit_once('.').is_some_and(|(before, top)| {
        let is_top = (2..=24).contains(&top.chars().take_while(char::is_ascii_alphabetic).count());
        is_top && before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c.is_alphabetic())
    })
}

/// Whether a word begins with a messenger, and what follows in the same word.
fn after_messenger(lower: &str) -> (bool, &str) {
    let mut longest = None;
    for name in MESSENGERS {
        if let Some(rest) = lower.strip_prefix(name) {
            let ends = !name.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphabetic());
            if ends && longest.is_none_or(|known: &str| known.len() > rest.len()) {
                longest = Some(rest);
            }
        }
    }
    (longest.is_some(), longest.unwrap_or_default())
}

fn without_fillers(mut rest: &str) -> &str {
    loop {
        let before = rest;
        rest = rest.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        for filler in FILLERS {
            if let Some(after) = rest.strip_prefix(filler) {
                let ends = !filler.is_ascii() || !after.starts_with(|c: char| c.is_ascii_alphanumeric());
                rest = if ends { after } else { rest };
            }
            if !filler.is_ascii() {
                rest = rest.strip_suffix(filler).unwrap_or(rest);
            }
        }
        if rest == before {
            return rest;
        }
    }
}

/// Letters with digits or underscores in one word: what people call themselves elsewhere.
fn is_handle(lower: &str) -> bool {
    // Korean particles hang on what they follow.
    lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))).any(|part| {
        // 180cm and 2.5kg are measures.
        let unit = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let is_measure =
            part.len() - unit.len() <= 3 && unit.len() <= 3 && unit.bytes().all(|b| b.is_ascii_lowercase());
        part.len() >= HANDLE
            && !is_measure
            && part.bytes().any(|b| b.is_ascii_alphabetic())
            && part.bytes().any(|b| b.is_ascii_digit() || b == b'_')
    })
}

/// Takes out runs of digits, however they are written and parted.
fn take_numbers(text: &str, found: &mut Found) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (mut end, mut digits, mut figures) = (at, 0, 0);
        let mut reach = at;
        while let Some(&c) = chars.get(reach) {
            if c.is_numeric() || is_spelled(c) {
                digits += 1;
                figures += usize::from(c.is_numeric());
                end = reach + 1;
            } else if !is_between(c) || digits == 0 || reach - end >= 3 {
                break;
            }
            reach += 1;
        }
        // Spelled digits are syllables of words too: alone they count from eight on.
        if digits >= DIGITS && (figures >= 3 || digits >= 8) {
            found.numbers += 1;
            out.push_str(GONE);
            at = end;
        } else {
            // Nothing that begins later within the same run can be longer.
            let next = end.max(at + 1);
            out.extend(&chars[at..next]);
            at = next;
        }
    }
    out
}

fn is_spelled(c: char) -> bool {
    "공영일이삼사오육륙칠팔구〇一二三四五六七八九零".contains(c)
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "-–—−‐‑.,·・/\\()[]{}+_~:;'\"*#|년월일年月日".contains(c)
}

#[cfg(test)]
#[path = "scrub_tests.rs"]
mod tests;
