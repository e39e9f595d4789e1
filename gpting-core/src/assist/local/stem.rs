//! From text to stems: normal form, clauses, words, and Korean words without particles and endings.
//!
//! Heuristic, and idempotent on purpose: whatever is cut from a word is cut from it in every form, so that two spellings of
//! the same thing meet even where a grammar would cut less. Particles that agree with the end of the word before them are
//! cut only where they agree.

use unicode_normalization::UnicodeNormalization;

/// A stretch of text without punctuation inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clause {
    /// The words as written, in normal form.
    pub(super) words: Vec<String>,
    /// What is left of those that say something.
    pub(super) stems: Vec<String>,
    /// Whether it says what is not so.
    pub(super) is_negated: bool,
}

/// Particles that follow any word; longest first.
const PARTICLES: &[&str] = &[
    "에서부터",
    "에게서",
    "에서는",
    "에서도",
    "이라고",
    "까지",
    "부터",
    "에서",
    "에게",
    "한테",
    "처럼",
    "보다",
    "마다",
    "밖에",
    "조차",
    "라도",
    "하고",
    "에는",
    "에도",
    "에",
    "의",
    "도",
];
/// Particles that follow a final consonant, and those that follow a vowel.
const AFTER_CONSONANT: &[&str] = &["으로는", "으로", "이랑", "이나", "은", "을", "과", "이"];
const AFTER_VOWEL: &[&str] = &["로는", "로", "랑", "나", "는", "를", "와", "가"];
/// Particles that may stand behind a single syllable.
const SURE: &[&str] = &["은", "을", "는", "를"];
/// Endings of verbs and adjectives; longest first.
const ENDINGS: &[&str] = &[
    "하는것을",
    "하는거",
    "하는게",
    "합니다만",
    "했습니다",
    "하였습니다",
    "하면서",
    "하지만",
    "하거나",
    "하려고",
    "합니다",
    "했어요",
    "이에요",
    "입니다",
    "습니다",
    "하는데",
    "하네요",
    "하세요",
    "하기도",
    "하기를",
    "이라서",
    "이지만",
    "거든요",
    "한다",
    "하다",
    "하는",
    "하고",
    "하며",
    "하면",
    "하러",
    "해서",
    "해요",
    "했다",
    "하기",
    "하게",
    "하자",
    "예요",
    "니다",
    "어요",
    "아요",
    "여요",
    "네요",
    "는데",
    "지만",
    "는걸",
    "는게",
    "라서",
    "려고",
    "이고",
    "인데",
    "이며",
    "이다",
    "함",
    "해",
    "할",
    "한",
    "다",
    "고",
];
/// Roots that say that something is liked or done, and nothing about what. A word is cut in front of them.
const ROOTS: &[&str] = &[
    "좋아하",
    "좋아해",
    "좋아합",
    "좋아했",
    "좋아함",
    "좋아",
    "즐기",
    "즐겨",
    "즐깁",
    "즐김",
    "사랑하",
    "사랑해",
    "사랑합",
    "관심있",
    "관심이",
    "취미",
    "빠져",
    "자주",
    "즐거",
    "싶어",
    "싶은",
    "싶습",
    "있어요",
    "있습니",
];
/// Words that nearly every profile has.
const COMMON: &[&str] = &[
    "저",
    "제",
    "나",
    "내",
    "너",
    "우리",
    "저희",
    "것",
    "거",
    "게",
    "수",
    "때",
    "더",
    "안",
    "못",
    "잘",
    "좀",
    "많",
    "많이",
    "너무",
    "정말",
    "진짜",
    "아주",
    "매우",
    "조금",
    "가끔",
    "자주",
    "항상",
    "늘",
    "주로",
    "보통",
    "요즘",
    "최근",
    "이번",
    "다음",
    "주말",
    "평일",
    "매일",
    "매주",
    "하루",
    "오늘",
    "같이",
    "함께",
    "혼자",
    "사람",
    "분",
    "친구",
    "상대",
    "서로",
    "좋",
    "좋은",
    "좋아",
    "좋겠",
    "좋습",
    "취미",
    "관심",
    "시간",
    "생각",
    "이야기",
    "얘기",
    "그냥",
    "그리고",
    "그래서",
    "하지만",
    "또",
    "또는",
    "및",
    "등",
    "있",
    "있는",
    "있어",
    "있으면",
    "없",
    "없는",
    "되",
    "된",
    "되면",
    "하",
    "해",
    "한",
    "할",
    "싶",
    "싶은",
    "싶어",
    "찾",
    "찾아",
    "편",
    "편이",
    "정도",
    "입",
    "이",
    "그",
];
const ENGLISH: &[&str] = &[
    "a", "an", "the", "and", "or", "but", "i", "im", "me", "my", "you", "your", "we", "us", "our", "it", "its", "is",
    "am", "are", "was", "be", "been", "to", "of", "in", "on", "at", "for", "with", "from", "by", "as", "that", "this",
    "so", "very", "really", "lot", "love", "like", "enjoy", "fan", "into", "who", "someone", "people", "person",
    "looking", "look", "want", "would", "can", "do", "does", "have", "has", "also", "just", "when", "time", "every",
    "weekend", "day", "week", "often", "usually", "always", "together", "good", "some", "few", "all", "most",
];
const NEGATIONS: &[&str] =
    &["싫", "못해", "못하", "안좋", "않", "별로", "not", "dont", "hate", "dislike", "never", "cannot"];

/// The clauses of the first `most` characters of a text.
pub(super) fn clauses(text: &str, most: usize) -> Vec<Clause> {
    let text: String = text.nfkc().flat_map(char::to_lowercase).take(most).collect();
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '\n' | ',' | ';' | '…' | '。' | '·' | '/' | '~' | '(' | ')');
    let clauses = text.split(is_end).map(clause);
    clauses.filter(|clause| !clause.words.is_empty()).collect()
}

fn clause(text: &str) -> Clause {
    let mut clause = Clause::default();
    // An apostrophe belongs to its word; whatever else is no letter or digit stands between words.
    let text: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    for mixed in text.split(|c: char| !c.is_alphanumeric()) {
        for word in by_script(mixed) {
            clause.is_negated |= NEGATIONS.iter().any(|no| if no.is_ascii() { word == *no } else { word.contains(no) });
            clause.stems.extend(stems(word));
            clause.words.push(word.to_owned());
        }
    }
    clause
}

/// `k팝을` is two words, a Latin and a Korean one.
fn by_script(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut last) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        let script = is_hangul(c);
        if last.is_some_and(|before| before != script) {
            parts.push(&text[begin..at]);
            begin = at;
        }
        last = Some(script);
    }
    parts.push(&text[begin..]);
    parts.retain(|part| !part.is_empty());
    parts
}

pub(in crate::assist) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

fn stems(word: &str) -> Vec<String> {
    if word.chars().any(is_hangul) {
        // In front of a root, and what follows it is an ending.
        let cut = ROOTS.iter().filter_map(|root| word.find(root)).min().unwrap_or(word.len());
        let stem = korean(&word[..cut]);
        let says_something = !stem.is_empty() && !COMMON.contains(&stem.as_str());
        if says_something { vec![stem] } else { Vec::new() }
    } else {
        let word = word.trim();
        if ENGLISH.contains(&word) { Vec::new() } else { vec![english(word)] }
    }
}

/// A Korean word without what is hung behind it.
fn korean(word: &str) -> String {
    let mut stem = word;
    while let Some(shorter) = without_ending(stem).or_else(|| without_particle(stem)) {
        stem = shorter;
    }
    stem.to_owned()
}

fn without_particle(word: &str) -> Option<&str> {
    let length = word.chars().count();
    let cut = |particle: &&str, agrees: fn(char) -> bool| {
        let stem = word.strip_suffix(particle)?;
        let left = length - particle.chars().count();
        let enough = left >= 2 || (left == 1 && SURE.contains(particle));
        (enough && stem.chars().next_back().is_some_and(agrees)).then_some(stem)
    };
    let any = PARTICLES.iter().find_map(|particle| cut(particle, |_| true));
    any.or_else(|| AFTER_CONSONANT.iter().find_map(|particle| cut(particle, ends_in_consonant)))
        .or_else(|| AFTER_VOWEL.iter().find_map(|particle| cut(particle, |c| !ends_in_consonant(c))))
}

/// Whether `rest` is nothing but a particle, or the end of a sentence, that may hang on this syllable.
pub(in crate::assist) fn is_particle(rest: &str, on: char) -> bool {
    let agreeing = if ends_in_consonant(on) { AFTER_CONSONANT } else { AFTER_VOWEL };
    let copula = if ends_in_consonant(on) { "이에요" } else { "예요" };
    PARTICLES.contains(&rest) || agreeing.contains(&rest) || rest == copula
}

fn without_ending(word: &str) -> Option<&str> {
    let length = word.chars().count();
    ENDINGS.iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        // A short ending of a short word may be part of it.
        let short = ending.chars().count() == 1;
        (length - ending.chars().count() >= if short { 2 } else { 1 }).then_some(stem)
    })
}

/// Whether a syllable has a final consonant: U+AC00 + (initial · 21 + vowel) · 28 + final.
fn ends_in_consonant(c: char) -> bool {
    is_hangul(c) && (u32::from(c) - 0xac00) % 28 != 0
}

/// An English word without its commonest endings.
fn english(word: &str) -> String {
    let long = |stem: &str| stem.chars().count() >= 3;
    let cut = ["ing", "ers", "ed", "er", "es", "s"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|stem| long(stem) && word.is_ascii()))
        .unwrap_or(word);
    let bytes = cut.as_bytes();
    let doubled = bytes.len() > 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && cut.len() < word.len();
    let cut = if doubled { &cut[..cut.len() - 1] } else { cut };
    cut.strip_suffix('e').filter(|stem| long(stem)).unwrap_or(cut).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        clauses(text, 1000).into_iter().flat_map(|clause| clause.stems).collect()
    }

    #[test]
    fn particles_and_endings_do_not_matter() {
        let forms = [
            "등산을 좋아해요",
            "등산 좋아합니다",
            "등산좋아함",
            "등산이 좋아요",
            "저는 등산을 즐겨요",
            "등산하는 게 취미예요",
        ];
        for form in forms {
            assert_eq!(of(form), ["등산"], "{form}");
        }
        for (form, stem) in [
            ("고양이를", "고양"),
            ("고양이", "고양"),
            ("고양이랑", "고양"),
            ("요가를", "요가"),
            ("산을", "산"),
            ("카페에서", "카페"),
            ("커피와", "커피"),
            ("여행으로", "여행"),
            ("가을", "가을"),
            ("영화와", "영화"),
            ("운동합니다", "운동"),
            ("운동하고", "운동"),
        ] {
            assert_eq!(of(form), [stem], "{form}");
        }
        assert!(of("저는 주말에 친구와 함께 있는 것을 좋아해요").is_empty());
    }

    #[test]
    fn english_words_meet_in_a_stem() {
        assert_eq!(of("I love hiking, hikes and a hike"), ["hik", "hik", "hik"]);
        assert_eq!(of("running run runs"), ["run", "run", "run"]);
        assert_eq!(of("K팝을"), ["k", "팝"]);
    }

    #[test]
    fn clauses_end_at_punctuation_and_know_a_no() {
        let clauses = clauses("등산은 싫어요. 커피는 좋아요, don't like golf", 1000);
        assert_eq!(clauses.iter().map(|clause| clause.is_negated).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(super::clauses("하나 둘 셋", 2), super::clauses("하나", 2));
    }
}
