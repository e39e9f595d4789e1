//! The sentences of every refusal, Korean and English.
//!
//! Called by [`Problem`](super::Problem) alone. The Korean texts that clients of the original service show are literal
//! (contract §2–3). Invariant: every case has a sentence of its own in both languages.

use gpting_core::lang::Lang;
use gpting_core::{Code, Fault};

use super::Edge;
use crate::lang::said;

/// The sentence for a code of the core.
pub(super) fn code(code: Code, lang: Lang) -> &'static str {
    let (ko, en) = match code {
        Code::ValidationFailed => ("입력한 내용을 확인해 주세요.", "Please check what you entered."),
        Code::MemberNotFound => ("유저 프로필을 찾을 수 없습니다.", "This profile cannot be found."),
        Code::RoomNotFound => ("채팅방을 찾을 수 없습니다.", "This chat room cannot be found."),
        Code::FriendRequestNotFound => ("친구 요청을 찾을 수 없습니다.", "This friend request cannot be found."),
        Code::NotFound => ("찾을 수 없습니다.", "This cannot be found."),
        Code::SelfAction => ("자기 자신에게는 할 수 없습니다.", "You cannot do this to yourself."),
        Code::AlreadyMatched => {
            ("이미 매칭된 상대입니다. 매칭을 먼저 해제해 주세요.", "You are matched already; unmatch first.")
        }
        Code::NotMatched => ("매칭되거나 친구인 상대가 아닙니다.", "You are neither matched nor friends."),
        Code::Unmatched => ("매칭이 해제된 상대입니다.", "This match has been ended for good."),
        Code::NothingToUndo => ("되돌릴 수 있는 행동이 없습니다.", "There is nothing left to undo."),
        Code::NotConnected => {
            ("매칭되었거나 친구인 상대와만 대화할 수 있습니다.", "You can talk to matches and friends only.")
        }
        Code::IdempotencyConflict => {
            ("같은 요청 번호가 다른 내용으로 이미 사용되었습니다.", "This request id was used with another body.")
        }
        Code::ProfileChanged => (
            "그 사이에 프로필이 변경되었습니다. 다시 불러와 주세요.",
            "The profile has changed meanwhile; load it again.",
        ),
        Code::ProfileIncomplete => ("프로필을 먼저 완성해 주세요.", "Please complete your profile first."),
        Code::Deactivated => {
            ("비활성화된 계정입니다. 다시 로그인해 주세요.", "This account is deactivated; log in to return.")
        }
        Code::InvalidAction => ("잘못된 액션입니다.", "This action does not exist."),
        Code::WrongCredentials => ("아이디 또는 비밀번호가 일치하지 않습니다.", "User name and password do not match."),
        Code::AccountErased => ("회원탈퇴한 아이디입니다.", "This account has been deleted."),
        Code::WrongCode => ("잘못된 인증 코드입니다.", "This code is not valid."),
        Code::UsernameTaken => ("이미 사용 중인 아이디입니다.", "This user name is taken."),
        Code::TokenInvalid => ("로그인이 필요합니다.", "Please log in."),
        Code::ConsentRequired => ("동의가 필요합니다.", "Your consent is needed first."),
        Code::PhotoTooLarge => ("사진이 너무 큽니다.", "The picture is too large."),
        Code::PhotoUnsupported => {
            ("JPEG, PNG, WebP 사진만 올릴 수 있습니다.", "Only JPEG, PNG and WebP pictures are accepted.")
        }
        Code::PhotoLimit => ("더 이상 사진을 올릴 수 없습니다.", "You have as many pictures as are allowed."),
        Code::TooMany => {
            ("요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.", "Too many requests; please wait a moment.")
        }
        Code::Unavailable => (
            "지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.",
            "This is not possible right now; please try again soon.",
        ),
        Code::Internal => ("서버에 문제가 발생했습니다.", "Something went wrong on our side."),
    };
    said(lang, ko, en)
}

/// The sentence for a case of the HTTP edge.
pub(super) fn edge(edge: Edge, lang: Lang) -> &'static str {
    let (ko, en) = match edge {
        Edge::Malformed => ("요청 본문을 읽을 수 없습니다.", "The request body cannot be read."),
        Edge::NoRoute => ("요청한 주소를 찾을 수 없습니다.", "Nothing is served at this address."),
        Edge::Method => ("지원하지 않는 요청 방식입니다.", "This method is not supported here."),
        Edge::MediaType => ("지원하지 않는 형식입니다.", "This media type is not supported here."),
        Edge::BodyTooLarge => ("요청 본문이 너무 큽니다.", "The request body is too large."),
        Edge::UriTooLong => ("주소가 너무 깁니다.", "The address is too long."),
        Edge::HeadersTooLarge => ("요청 헤더가 너무 큽니다.", "The request headers are too large."),
        Edge::BodyTimeout => ("요청 본문이 도착하지 않았습니다.", "The request body did not arrive in time."),
        Edge::Timeout => ("처리 시간이 초과되었습니다. 다시 시도해 주세요.", "This took too long; please try again."),
        Edge::Draining => ("서버를 다시 시작하는 중입니다.", "The server is restarting; please try again."),
        Edge::Upgrade => ("웹소켓(버전 13)으로 연결해 주세요.", "Connect by WebSocket, version 13."),
        Edge::Origin => ("허용되지 않은 출처입니다.", "This origin is not allowed."),
        Edge::Frame => ("잘못된 메시지 형식입니다.", "This frame cannot be read."),
    };
    said(lang, ko, en)
}

/// The sentence for a refused field.
pub(super) fn fault(fault: &Fault, lang: Lang) -> String {
    let (ko, en) = match fault {
        Fault::Required => ("필수 항목입니다.", "This field is required."),
        Fault::Invalid => ("올바르지 않은 값입니다.", "This value is not valid."),
        Fault::TooShort { min } => {
            return match lang {
                Lang::Ko => format!("{min}자(개) 이상이어야 합니다."),
                Lang::En => format!("At least {min} needed."),
            };
        }
        Fault::TooLong { max } => {
            return match lang {
                Lang::Ko => format!("{max}자(개)까지 가능합니다."),
                Lang::En => format!("At most {max} allowed."),
            };
        }
        Fault::OutOfRange { min, max } => {
            return match lang {
                Lang::Ko => format!("{min}에서 {max} 사이여야 합니다."),
                Lang::En => format!("Between {min} and {max}."),
            };
        }
        Fault::Unknown => ("알 수 없는 값입니다.", "This value is not known."),
        Fault::Ambiguous => {
            ("여러 곳이 있습니다. 더 자세히 적어 주세요.", "Several places have this name; please be more exact.")
        }
        Fault::UnderAge => ("가입할 수 있는 나이가 아닙니다.", "You are not old enough."),
        Fault::Taken => ("이미 사용 중입니다.", "This is taken."),
        Fault::CommonPassword => ("너무 흔한 비밀번호입니다.", "This password is too easy to guess."),
        Fault::Immutable => ("변경할 수 없습니다.", "This cannot be changed."),
    };
    said(lang, ko, en).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [Code; 28] = [
        Code::ValidationFailed,
        Code::MemberNotFound,
        Code::RoomNotFound,
        Code::FriendRequestNotFound,
        Code::NotFound,
        Code::SelfAction,
        Code::AlreadyMatched,
        Code::NotMatched,
        Code::Unmatched,
        Code::NothingToUndo,
        Code::NotConnected,
        Code::IdempotencyConflict,
        Code::ProfileChanged,
        Code::ProfileIncomplete,
        Code::Deactivated,
        Code::InvalidAction,
        Code::WrongCredentials,
        Code::AccountErased,
        Code::WrongCode,
        Code::UsernameTaken,
        Code::TokenInvalid,
        Code::ConsentRequired,
        Code::PhotoTooLarge,
        Code::PhotoUnsupported,
        Code::PhotoLimit,
        Code::TooMany,
        Code::Unavailable,
        Code::Internal,
    ];

    fn is_korean(text: &str) -> bool {
        text.chars().any(|c| ('가'..='힣').contains(&c))
    }

    #[test]
    fn every_code_has_its_own_sentence_in_both_languages() {
        let of = |lang| CODES.map(|one| code(one, lang));
        for (lang, korean) in [(Lang::Ko, true), (Lang::En, false)] {
            let sentences = of(lang);
            for (at, sentence) in sentences.iter().enumerate() {
                assert_eq!(is_korean(sentence), korean, "{sentence}");
                assert!(!sentences[..at].contains(sentence), "said twice: {sentence}");
            }
        }
    }

    #[test]
    fn every_edge_case_and_fault_is_said_in_both_languages() {
        let faults = [
            Fault::Required,
            Fault::Invalid,
            Fault::TooShort { min: 2 },
            Fault::TooLong { max: 9 },
            Fault::OutOfRange { min: 1, max: 5 },
            Fault::Unknown,
            Fault::Ambiguous,
            Fault::UnderAge,
            Fault::Taken,
            Fault::CommonPassword,
            Fault::Immutable,
        ];
        for one in &faults {
            assert!(is_korean(&fault(one, Lang::Ko)), "{one:?}");
            assert!(!is_korean(&fault(one, Lang::En)), "{one:?}");
        }
        for one in Edge::ALL {
            assert!(is_korean(edge(one, Lang::Ko)) && !is_korean(edge(one, Lang::En)), "{one:?}");
        }
    }

    #[test]
    fn the_texts_of_the_original_are_literal() {
        assert_eq!(code(Code::WrongCredentials, Lang::Ko), "아이디 또는 비밀번호가 일치하지 않습니다.");
        assert_eq!(code(Code::WrongCode, Lang::Ko), "잘못된 인증 코드입니다.");
        assert_eq!(code(Code::InvalidAction, Lang::Ko), "잘못된 액션입니다.");
        assert_eq!(code(Code::AccountErased, Lang::Ko), "회원탈퇴한 아이디입니다.");
    }
}
