//! [`LocalModerator`]: what plain rules find in a text, in Korean and English, within this process. Pure.
//!
//! Few rules, and plain ones on purpose: they flag for a person to look, and hide or refuse nothing. Run over every text about
//! oneself with its edit and over first messages by their job, whatever other moderator there is; the coach uses them too.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::flag::Flag;
use super::model::{ModelError, Usage};
use super::moderator::{Looked, Moderator, Opinion, Reach, Sight};
use super::scrub::{scrubbed, visible};

/// The version of the rules: what was found by others is found anew.
pub(crate) const NAME: &str = "rules 1";

/// Words by what they are flagged for, folded. Korean ones are looked for within words and across their gaps, English ones as
/// words or phrases of their own.
const WORDS: [(Flag, &[&str]); 6] = [
    (Flag::Insult, &["씨발", "시발놈", "병신", "개새끼", "좆", "fuck", "fuck you", "bitch", "retard", "whore", "slut"]),
    (
        Flag::Hate,
        &["김치녀", "한남충", "맘충", "짱깨", "쪽바리", "똥남아", "nigger", "faggot", "chink", "kike", "tranny"],
    ),
    (
        Flag::Sexual,
        &[
            "섹스",
            "섹파",
            "조건만남",
            "원나잇",
            "야동",
            "몸캠",
            "가슴사진",
            "nudes",
            "horny",
            "blowjob",
            "sexting",
            "hookup tonight",
            "onlyfans",
            "dick pic",
            "camgirl",
            "escort service",
        ],
    ),
    (
        Flag::Scam,
        &[
            "계좌번호",
            "송금해",
            "입금해",
            "원금보장",
            "고수익",
            "수익보장",
            "코인투자",
            "리딩방",
            "주식추천",
            "돈좀빌려",
            "돈을빌려",
            "급전",
            "해외선물",
            "bank account",
            "wire transfer",
            "western union",
            "gift card",
            "gift cards",
            "guaranteed returns",
            "guaranteed profit",
            "crypto investment",
            "invest in bitcoin",
            "send me money",
            "cash app",
            "usdt",
        ],
    ),
    (
        Flag::Threat,
        &["죽여버", "찾아가서죽", "칼로찌", "불질러버", "i will kill you", "ill kill you", "i will find you and"],
    ),
    (
        Flag::Minor,
        &[
            "미성년자예요",
            "미성년자에요",
            "미성년자입니다",
            "고딩이에요",
            "고딩입니다",
            "중딩이에요",
            "고등학생이에요",
            "고등학생입니다",
            "중학생이에요",
            "중학생입니다",
            "i am a minor",
            "im a minor",
            "im underage",
            "i am underage",
            "still in high school",
        ],
    ),
];

/// What stands before an age that is one's own: folded, without gaps in Korean.
const MYSELF: [&str; 10] = ["저는", "전", "나는", "난", "제가", "내가", "제나이는", "올해", "i am", "im"];
/// What stands behind it.
const YEARS: [&str; 7] = ["살", "세", "years old", "year old", "yo", "y o", "yrs old"];

/// The rules as a moderator of their own, for whoever wants them in another place too. They run by themselves: a service need not
/// be given one. No opinion on pictures.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalModerator;

#[async_trait]
impl Moderator for LocalModerator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reach(&self) -> Reach {
        Reach::Process
    }

    async fn look(&self, sight: Sight<'_>) -> Result<Looked, ModelError> {
        let opinion = match sight {
            Sight::Bio(text) | Sight::Message(text) => {
                found_in(text).into_iter().fold(Opinion::default(), |opinion, flag| opinion.with(flag, 1.0))
            }
            Sight::Photo(_) => Opinion::default(),
        };
        Ok(Looked { opinion, usage: Usage::default() })
    }
}

/// What the rules find in a text.
pub(crate) fn found_in(text: &str) -> BTreeSet<Flag> {
    let mut flags = BTreeSet::new();
    if scrubbed(text, text.len(), &[]).1.is_contact() {
        flags.insert(Flag::Contact);
    }
    let folded: String = visible(text)
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '\'' | '’'))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    // A blank at either end, and one between words.
    let spaced = format!(" {} ", folded.split_whitespace().collect::<Vec<_>>().join(" "));
    let dense: String = spaced.chars().filter(|c| *c != ' ').collect();
    let holds = |word: &str| if word.is_ascii() { spaced.contains(&format!(" {word} ")) } else { dense.contains(word) };
    flags.extend(WORDS.iter().filter(|(_, words)| words.iter().any(|word| holds(word))).map(|(flag, _)| *flag));
    if is_young(&spaced) {
        flags.insert(Flag::Minor);
    }
    flags
}

/// Whether somebody says of themselves that they are ten to eighteen years old.
fn is_young(spaced: &str) -> bool {
    MYSELF.iter().any(|myself| {
        spaced.match_indices(&format!(" {myself}")).any(|(at, found)| {
            let rest = spaced[at + found.len()..].trim_start();
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let is_age = rest[..digits].parse::<u8>().is_ok_and(|age| (10..=18).contains(&age));
            let after = rest[digits..].trim_start();
            is_age && YEARS.iter().any(|years| ends(after, years))
        })
    })
}

/// Whether a text begins with these words, and not with longer ones of which they are the beginning; Korean particles and
/// endings may follow, another person or thing may not (열다섯 살 딸, 15살 차이).
fn ends(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| {
        if words.is_ascii() {
            rest.is_empty() || rest.starts_with(' ')
        } else {
            ["이", "입", "예", "인", "이고", "여", "임"].iter().any(|ending| rest.starts_with(ending))
                || rest.trim().is_empty()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_and_plain_words_are_not() {
        use Flag::{Contact, Hate, Insult, Minor, Scam, Sexual, Threat};
        for (text, flags) in [
            ("등산을 좋아해요. 주말에 같이 가요!", &[][..]),
            ("카톡 아이디 minjilove 로 연락 주세요", &[Contact]),
            ("010 1234 5678", &[Contact]),
            ("이 병신들아", &[Insult]),
            ("What a BITCH, call 010-1234-5678", &[Contact, Insult]),
            ("Scunthorpe is a nice town", &[]),
            ("코인 투자 같이 해요, 원금 보장!", &[Scam]),
            ("Can you send me money by wire transfer?", &[Scam]),
            ("오늘 조건 만남 어때요", &[Sexual]),
            ("send nudes", &[Sexual]),
            ("역시 한남충", &[Hate]),
            ("너 찾아가서 죽여버린다", &[Threat]),
            ("저는 17살이에요", &[Minor]),
            ("I'm 16 years old", &[Minor]),
            ("I am 36 years old", &[]),
            ("저는 27살이에요", &[]),
            ("우리 강아지는 15살이에요", &[]),
            ("저는 15살 딸이 있어요", &[]),
            ("나는 18세기 음악을 좋아해요", &[]),
            ("저는 고등학생입니다", &[Minor]),
            ("고등학생 과외를 해요", &[]),
            ("가보지 않은 길을 걷고 싶어요", &[]),
            ("은행에서 일해요. 대출 상담을 합니다", &[]),
            ("f\u{200b}uck", &[Insult]),
        ] {
            assert_eq!(found_in(text).into_iter().collect::<Vec<_>>(), flags, "{text}");
        }
    }

    #[test]
    fn no_length_takes_long() {
        let long = "저는 1".repeat(20_000);
        let begun = std::time::Instant::now();
        found_in(&long);
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    }
}
