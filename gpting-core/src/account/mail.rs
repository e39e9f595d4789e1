//! The mails of accounts, in Korean and English.

use jiff::SignedDuration;

use super::Account;
use super::sign_up::PendingSignUp;
use crate::lang::Lang;
use crate::port::Mail;

/// The mail with the code. It names the login name, so that nobody confirms a sign-up that is not theirs.
pub(crate) fn sign_up_code(pending: &PendingSignUp, code: &str, ttl: SignedDuration) -> Mail {
    let lang = Lang::from_code(&pending.language);
    let (minutes, username) = (ttl.as_mins(), &pending.username);
    let (subject, text) = match lang {
        Lang::Ko => (
            "회원가입 인증 코드".to_owned(),
            format!(
                "지피팅에 오신 것을 환영합니다.\n\n아이디 {username} 의 인증 코드: {code}\n\n\
                 코드는 {minutes}분 동안 한 번만 사용할 수 있습니다.\n\
                 가입을 요청하지 않으셨다면 이 메일을 무시하고 코드를 누구에게도 알려 주지 마세요.\n"
            ),
        ),
        Lang::En => (
            "회원가입 인증 코드 (GPTing sign-up code)".to_owned(),
            format!(
                "Welcome to GPTing.\n\nThe code for the user name {username}: {code}\n\n\
                 It works once, for {minutes} minutes.\n\
                 If you did not ask to sign up, ignore this mail and tell nobody the code.\n"
            ),
        ),
    };
    Mail { to: pending.email.clone(), subject, text, lang }
}

/// The mail to the owner of an address that somebody tried to sign up with.
pub(crate) fn address_in_use(account: &Account) -> Mail {
    Mail {
        to: account.email.clone(),
        subject: "이미 가입된 이메일입니다 (GPTing)".to_owned(),
        text:
            "이 이메일 주소로 새 회원가입 요청이 있었습니다. 이미 가입되어 있으므로 새 계정은 만들어지지 않았습니다.\n\
               본인이라면 기존 아이디로 로그인해 주세요. 본인이 아니라면 아무것도 하지 않으셔도 됩니다.\n\n\
               Somebody asked to sign up with this address. It has an account already, so none was made.\n\
               If it was you, log in with your user name. If not, there is nothing to do.\n"
                .to_owned(),
        lang: Lang::Ko,
    }
}
