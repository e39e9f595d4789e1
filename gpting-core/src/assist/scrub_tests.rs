use proptest::prelude::*;

use super::*;

#[test]
fn what_reaches_somebody_goes_and_what_they_say_stays() {
    for (raw, secret) in [
        ("연락처는 010-1234-5678 이에요", "1234"),
        ("공일공 일이삼사 오육칠팔로 연락 주세요", "일이삼사"),
        ("call +82 (10) 1234 5678 please", "1234"),
        ("０１０－１２３４－５６７８", "1234"),
        ("0\u{fe0f}\u{20e3}1\u{fe0f}\u{20e3}0\u{fe0f}\u{20e3} 1234 5678", "1234"),
        ("010\u{200b}1234\u{200b}5678", "1234"),
        ("1995-05-05에 태어났어요", "1995"),
        ("1995년 5월 5일생", "1995"),
        ("37.5665, 126.9780 근처", "37.5665"),
        ("mail minji@example.com now", "minji"),
        ("minji골뱅이naver.com", "minji"),
        ("놀러 오세요 https://example.com/minji", "minji"),
        ("open.kakao.com/o/abcdef", "abcdef"),
        ("blog.naver.com 구경", "naver"),
        ("카톡 minjilove", "minjilove"),
        ("카톡아이디: minjilove 입니다", "minjilove"),
        ("카톡은 minjilove예요", "minjilove"),
        ("kakao id = minjilove", "minjilove"),
        ("인스타@minjilove", "minjilove"),
        ("insta: minjilove", "minjilove"),
        ("ig minjilove", "minjilove"),
        ("line id: minjilove", "minjilove"),
        ("telegram minjilove", "minjilove"),
        ("find me as @minjilove", "minjilove"),
        ("저는 minji_95 입니다", "minji_95"),
        ("minji95로 검색", "minji95"),
    ] {
        let clean = scrub(raw, 500, &[]);
        assert!(!clean.to_lowercase().contains(&secret.to_lowercase()), "{raw} -> {clean}");
        assert!(scrubbed(raw, 500, &[]).1.is_contact(), "{raw}");
    }
    for plain in [
        "등산과 와인을 좋아해요. 주말에는 한강에서 뛰어요!",
        "I like long walks, board games and 3 cats.",
        "Waiting in line for coffee is fine with me",
        "이 일은 오래 할 일이 아니에요. 사이가 좋은 사이.",
        "180cm, ENFP, 커피 2잔",
    ] {
        assert_eq!(scrub(plain, 500, &[]), plain);
        assert!(!scrubbed(plain, 500, &[]).1.is_contact(), "{plain}");
    }
}

#[test]
fn what_cannot_be_seen_goes_and_length_is_bounded() {
    assert_eq!(scrub("a\u{200b}b\u{202e}c\u{e0041}d\u{0}e\u{feff}", 100, &[]), "abcde");
    assert_eq!(scrub(&"가".repeat(10_000), 100, &[]).chars().count(), 100);
    assert_eq!(scrub("Minji is MINJI, 민지", 100, &["minji", "민지"]), "[-] is [-], [-]");
    assert_eq!(scrub("a b", 100, &["a"]), "a b", "one letter is no name");
}

/// A piece of a text: something to hide, or not.
fn piece() -> impl Strategy<Value = (String, Option<&'static str>)> {
    prop_oneof![
        "[가-힣a-z ,.!\u{200b}\u{202e}]{0,12}".prop_map(|text| (text, None)),
        Just((" 010-9713-4682 ".to_owned(), Some("9713"))),
        Just((" ０１０ ９７１３ ４６８２ ".to_owned(), Some("9713"))),
        Just((" canaryname@mail.example ".to_owned(), Some("canaryname"))),
        Just((" https://canarysite.example/x ".to_owned(), Some("canarysite"))),
        Just((" 카톡: canaryhandle ".to_owned(), Some("canaryhandle"))),
        Just((" canary_handle77 ".to_owned(), Some("canary_handle77"))),
        Just((" Canarynick ".to_owned(), Some("canarynick"))),
    ]
}

proptest! {
    #[test]
    fn nothing_planted_comes_out(pieces in prop::collection::vec(piece(), 0..12), most in 20_usize..200) {
        let raw: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        let clean = scrub(&raw, most, &["canarynick"]).to_lowercase();
        for secret in pieces.iter().filter_map(|(_, secret)| *secret) {
            prop_assert!(!clean.contains(secret), "{raw:?} -> {clean:?}");
        }
        prop_assert!(clean.chars().count() <= most);
    }

    #[test]
    fn any_text_is_made_fit_once_and_for_all(raw in "\\PC{0,80}|[0-9가-힣a-z@._ \u{200d}\u{e0061}-]{0,80}") {
        let clean = scrub(&raw, 100, &["nick"]);
        prop_assert_eq!(scrub(&clean, 100, &["nick"]), clean.clone(), "{:?}", raw);
        prop_assert!(!clean.chars().any(is_unseen));
    }
}
