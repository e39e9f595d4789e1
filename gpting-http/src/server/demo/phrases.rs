//! What the made-up members write: bios, first lines and answers, put together from phrases in Korean and English.
//!
//! Called by the makers of people and by what they do. Pure. An answer fits by a word of the message: an interest that the
//! member shares, else a topic, else it asks on. It is no conversation and pretends to be none.

use gpting_core::lang::Lang;

use super::super::import::draw::Draw;
use super::one;

/// What messages are about: words that tell it (in lower case), and what is said to it, in Korean and in English.
struct Topic {
    words: &'static [&'static str],
    ko: &'static [&'static str],
    en: &'static [&'static str],
}

const TOPICS: [Topic; 9] = [
    Topic {
        words: &["고마", "감사", "thank"],
        ko: &["저야말로 고마워요 🙂", "별말씀을요! 저도 즐거워요."],
        en: &["Thank you, too 🙂", "My pleasure! I enjoy this as well."],
    },
    Topic {
        words: &["잘 자", "잘자", "굿나잇", "good night", "bye", "내일 봬", "또 봬"],
        ko: &["네, 좋은 밤 보내세요! 또 이야기해요.", "오늘 즐거웠어요. 내일 또 봬요!"],
        en: &["Have a good night, talk to you soon!", "That was nice. Until tomorrow!"],
    },
    Topic {
        words: &["주말", "weekend", "토요일", "일요일", "saturday", "sunday"],
        ko: &[
            "이번 주말에는 느긋하게 산책하려고요. 주말은 보통 어떻게 보내세요?",
            "주말엔 늦잠이 최고죠! 가 보고 싶은 곳 있으세요?",
        ],
        en: &[
            "A slow walk is my plan for the weekend. How do you usually spend yours?",
            "Sleeping in, to begin with! Is there a place you would like to see?",
        ],
    },
    Topic {
        words: &["커피", "카페", "coffee", "cafe", "café"],
        ko: &["커피 좋죠! 아메리카노파예요, 라떼파예요?", "조용한 카페에서 책 읽는 걸 좋아해요. 자주 가는 곳 있어요?"],
        en: &[
            "Coffee is always a good idea! Black or with milk?",
            "I like quiet cafés with a book. Do you have a favourite one?",
        ],
    },
    Topic {
        words: &["맛집", "음식", "먹", "요리", "food", "eat", "cook", "dinner", "lunch"],
        ko: &[
            "맛있는 얘기네요! 제일 좋아하는 음식이 뭐예요?",
            "저는 매운 음식이라면 뭐든 좋아요. 못 먹는 음식 있어요?",
        ],
        en: &[
            "Now I am hungry! What is your favourite dish?",
            "I eat nearly everything, the spicier the better. And you?",
        ],
    },
    Topic {
        words: &["여행", "travel", "trip", "바다", "제주", "sea", "holiday"],
        ko: &[
            "여행 이야기는 언제나 좋아요. 가장 기억에 남는 곳이 어디예요?",
            "다음엔 바다를 보러 가고 싶어요. 산이 좋아요, 바다가 좋아요?",
        ],
        en: &[
            "I could talk about travelling for hours. Which place stayed with you most?",
            "The sea is next on my list. Mountains or sea?",
        ],
    },
    Topic {
        words: &["영화", "드라마", "음악", "노래", "movie", "film", "series", "music", "song"],
        ko: &[
            "요즘 볼 만한 게 뭐가 있을까요? 하나만 추천해 주세요!",
            "같은 걸 몇 번이고 다시 보는 편이에요. 인생작이 뭐예요?",
        ],
        en: &[
            "I am looking for something new. What do you recommend?",
            "I go back to the same ones again and again. What is yours?",
        ],
    },
    Topic {
        words: &["만나", "만날", "볼까", "meet", "see you", "date"],
        ko: &[
            "저는 데모 회원이라 실제로 만날 수는 없지만, 이야기는 얼마든지요!",
            "만들어진 사람이라 약속은 못 잡아요. 대신 계속 이야기해요 🙂",
        ],
        en: &[
            "I am only a demo member and cannot meet anybody, but I can go on talking!",
            "Being made up, I cannot make a date. Let us keep talking 🙂",
        ],
    },
    Topic {
        words: &["안녕", "반가", "hello", "hi ", "hi!", "hi,", "hey", "nice to"],
        ko: &["안녕하세요, 반가워요! 오늘 하루 어땠어요?", "반갑습니다! 요즘 뭐 하면서 지내세요?"],
        en: &["Hello, nice to meet you! How was your day?", "Hi there! What have you been up to lately?"],
    },
];

const TO_A_QUESTION: [&[&str]; 2] = [
    &[
        "좋은 질문이네요! 저는 그때그때 달라요. 어떻게 생각하세요?",
        "음, 저는 좋은 쪽이에요. 왜 궁금하셨어요?",
        "생각 좀 해 볼게요. 먼저 말해 주실래요?",
    ],
    &[
        "Good question! It depends on the day. What do you think?",
        "Hm, I would say yes. What made you ask?",
        "Let me think about it. Would you go first?",
    ],
];
const ON: [&[&str]; 2] = [
    &[
        "오, 정말요? 더 듣고 싶어요.",
        "재미있네요! 언제부터 그러셨어요?",
        "저도 그런 편이에요. 쉬는 날엔 뭐 하세요?",
        "그렇군요! 요즘 제일 즐거운 일은 뭐예요?",
    ],
    &[
        "Really? Tell me more.",
        "That sounds fun! Since when?",
        "Same here. What do you do on a free day?",
        "I see! What do you enjoy most these days?",
    ],
];
const GREETINGS: [&[&str]; 2] = [
    &[
        "안녕하세요! 매칭되어 반가워요. 오늘 하루 어떠셨어요?",
        "반가워요! 프로필 보고 이야기해 보고 싶었어요. 쉬는 날엔 주로 뭐 하세요?",
        "안녕하세요 🙂 먼저 인사드려요. 요즘 빠져 있는 것 있으세요?",
    ],
    &[
        "Hello! I am glad that we matched. How was your day?",
        "Hi! I liked your profile. What do you do on a free day?",
        "Hello 🙂 Let me say hi first. What are you into these days?",
    ],
];
const CHARACTER: [&[&str]; 2] = [
    &[
        "아침형 인간이고 걷는 걸 좋아해요",
        "말수는 적지만 잘 들어요",
        "웃음이 많은 편이에요",
        "계획보다 즉흥을 좋아해요",
        "새로운 동네를 구경하는 게 취미예요",
        "집에서 보내는 시간을 아껴요",
    ],
    &[
        "I get up early and walk a lot",
        "I talk little and listen well",
        "I laugh easily",
        "I like surprises better than plans",
        "I collect neighbourhoods I have not seen",
        "I treasure evenings at home",
    ],
];
const LOOKING_FOR: [&[&str]; 2] = [
    &[
        "대화가 잘 통하는 사람을 만나고 싶어요.",
        "천천히 알아 가요.",
        "같이 맛있는 거 먹으러 가요.",
        "서로 응원해 줄 수 있으면 좋겠어요.",
    ],
    &[
        "I would like to meet somebody to talk with.",
        "Let us get to know each other slowly.",
        "Let us find something good to eat.",
        "I hope we cheer each other on.",
    ],
];

const fn of<'t>(lists: &[&'t [&'static str]; 2], lang: Lang) -> &'t [&'static str] {
    match lang {
        Lang::Ko => lists[0],
        Lang::En => lists[1],
    }
}

/// What a member says of themselves; `likes` are labels of their interests. The first sentence says that they are made up.
pub(super) fn bio(chance: &mut Draw, likes: &[&str], lang: Lang) -> String {
    let (character, hopes) = (one(chance, of(&CHARACTER, lang)), one(chance, of(&LOOKING_FOR, lang)));
    let likes = likes.iter().take(2).copied().collect::<Vec<_>>();
    match lang {
        Lang::Ko => {
            format!("데모를 위해 만들어진 가상의 회원입니다. {character}. 좋아하는 것: {}. {hopes}", likes.join(", "))
        }
        Lang::En => {
            format!("A made-up member of the demo. {character}. I like: {}. {hopes}", likes.join(", ").to_lowercase())
        }
    }
}

/// The first line after a match, about a shared interest when there is one.
pub(super) fn greeting(chance: &mut Draw, shared: Option<&str>, lang: Lang) -> String {
    match (shared, lang) {
        (Some(label), Lang::Ko) => {
            format!("안녕하세요! 프로필에서 '{label}' 보고 반가웠어요. 저도 좋아하거든요. 언제 시작하셨어요?")
        }
        (Some(label), Lang::En) => {
            format!("Hello! I saw \"{label}\" in your profile, that is something I like, too. How did you start?")
        }
        (None, lang) => (*one(chance, of(&GREETINGS, lang))).to_owned(),
    }
}

/// An answer in `lang` to a message; `likes` are labels of the member's interests.
pub(super) fn answer(chance: &mut Draw, message: &str, likes: &[impl AsRef<str>], lang: Lang) -> String {
    let said = message.to_lowercase();
    if let Some(label) = likes.iter().map(AsRef::as_ref).find(|label| said.contains(&label.to_lowercase())) {
        return match lang {
            Lang::Ko => format!("'{label}' 이야기라면 저도 좋아해요! 어떤 점이 제일 좋으세요?"),
            Lang::En => format!("{label}? I like that, too! What do you enjoy most about it?"),
        };
    }
    if let Some(topic) = TOPICS.iter().find(|topic| topic.words.iter().any(|word| said.contains(word))) {
        return (*one(chance, of(&[topic.ko, topic.en], lang))).to_owned();
    }
    let is_question = said.contains('?') || said.contains('？');
    (*one(chance, of(if is_question { &TO_A_QUESTION } else { &ON }, lang))).to_owned()
}

/// The language of a message: Korean as soon as there is a Korean letter, else English where there are Latin ones.
pub(super) fn language(message: &str) -> Option<Lang> {
    let is_korean = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}');
    if message.chars().any(is_korean) {
        Some(Lang::Ko)
    } else {
        message.chars().any(|c| c.is_ascii_alphabetic()).then_some(Lang::En)
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw;
    use super::*;

    fn answered(message: &str, likes: &[&str]) -> String {
        let lang = language(message).unwrap_or_default();
        answer(&mut draw(1, "room/1", "answer"), message, likes, lang)
    }

    #[test]
    fn answers_are_in_the_language_of_the_message() {
        for message in ["안녕하세요", "주말에 뭐 해요?", "ㅋㅋㅋ", "K-POP 좋아해요"] {
            assert_eq!(language(&answered(message, &[])), Some(Lang::Ko), "{message}");
        }
        for message in ["Hello!", "What now?", "I sleep a lot", "thanks"] {
            assert_eq!(language(&answered(message, &[])), Some(Lang::En), "{message}");
        }
        assert_eq!(language("🙂 123"), None);
    }

    #[test]
    fn answers_take_up_what_was_said() {
        assert!(answered("I love HIKING in autumn", &["Tea", "Hiking"]).starts_with("Hiking?"));
        assert!(answered("등산 좋아하세요?", &["등산"]).contains("'등산'"));
        assert!(of(&[TOPICS[3].ko, TOPICS[3].en], Lang::Ko).contains(&answered("커피 마실래요", &[]).as_str()));
        assert!(TO_A_QUESTION[1].contains(&answered("Why?", &[]).as_str()));
        assert!(answered("shall we meet", &[]).contains("made up") || answered("shall we meet", &[]).contains("demo"));
    }

    #[test]
    fn every_phrase_is_in_its_language() {
        let lists = TOPICS.iter().map(|topic| [topic.ko, topic.en]).chain([
            TO_A_QUESTION,
            ON,
            GREETINGS,
            CHARACTER,
            LOOKING_FOR,
        ]);
        for [ko, en] in lists {
            assert!(ko.iter().all(|phrase| language(phrase) == Some(Lang::Ko)));
            assert!(en.iter().all(|phrase| language(phrase) == Some(Lang::En)));
        }
    }
}
