//! Sign-up, login, tokens, devices.

use gpting_core::Fault;
use gpting_core::account::{Session, SignUp, Tokens};
use gpting_core::id::SessionId;
use gpting_core::safety::ConsentInput;
use serde::Serialize;
use utoipa::ToSchema;

use super::profile::{CONSENT_VERSION, ConsentEntry, consents};
use super::time;
use crate::extract::{Fields, Input};

/// A sign-up.
#[derive(ToSchema)]
#[schema(as = SignUp)]
pub(crate) struct SignUpForm {
    /// The wished-for login name.
    #[schema(max_length = 200)]
    username: String,
    /// The address that the code goes to.
    #[schema(max_length = 254, format = Email)]
    email: String,
    /// The password.
    #[schema(max_length = 1024)]
    password: String,
    /// The name others will see.
    #[schema(max_length = 200)]
    nickname: String,
    /// `M|F|O` or `male|female|other`.
    #[schema(example = "F")]
    gender: String,
    /// Without it one stays unseen.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// About oneself.
    #[schema(max_length = 8000)]
    bio: Option<String>,
    /// What was agreed to; an object `{purpose: granted}` is taken too.
    #[schema(value_type = Option<Vec<ConsentEntry>>)]
    consents: Vec<ConsentInput>,
}

impl Input for SignUpForm {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.required_text("username"),
            email: fields.required_text("email"),
            password: fields.required_text("password"),
            nickname: fields.required_text("nickname"),
            gender: fields.required_text("gender"),
            // A form posts an empty field for what nobody filled in.
            birth_date: fields.text("birth_date").filter(|date| !date.is_empty()),
            bio: fields.text("bio"),
            consents: consents(fields, "consents", CONSENT_VERSION),
        }
    }
}

impl From<SignUpForm> for SignUp {
    fn from(form: SignUpForm) -> Self {
        Self {
            username: form.username,
            email: form.email,
            password: form.password,
            nickname: form.nickname,
            gender: form.gender,
            birth_date: form.birth_date,
            bio: form.bio,
            consents: form.consents,
        }
    }
}

/// A mailed code.
#[derive(ToSchema)]
#[schema(as = MailedCode)]
pub(crate) struct MailedCode {
    /// The address it went to.
    #[schema(max_length = 254, format = Email)]
    pub(crate) email: String,
    /// The six digits.
    #[schema(max_length = 32, example = "123456")]
    pub(crate) code: String,
}

impl Input for MailedCode {
    fn read(fields: &mut Fields) -> Self {
        Self { email: fields.required_text("email"), code: fields.required_text("code") }
    }
}

/// An address.
#[derive(ToSchema)]
#[schema(as = Address)]
pub(crate) struct Address {
    /// The address.
    #[schema(max_length = 254, format = Email)]
    pub(crate) email: String,
}

impl Input for Address {
    fn read(fields: &mut Fields) -> Self {
        Self { email: fields.required_text("email") }
    }
}

/// A login.
#[derive(ToSchema)]
#[schema(as = Login)]
pub(crate) struct Login {
    /// The login name, or the e-mail address.
    #[schema(max_length = 254)]
    pub(crate) username: String,
    /// The password.
    #[schema(max_length = 1024)]
    pub(crate) password: String,
}

impl Input for Login {
    fn read(fields: &mut Fields) -> Self {
        Self { username: fields.required_text("username"), password: fields.required_text("password") }
    }
}

/// Logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(crate) struct LoggedInBody {
    /// The login name.
    pub(crate) username: String,
    /// True.
    pub(crate) success: bool,
    /// The sentence.
    pub(crate) message: &'static str,
    /// For the `Authorization` header.
    pub(crate) access: String,
    /// For the next pair, once.
    pub(crate) refresh: String,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    /// For the `Authorization` header.
    pub(crate) access: String,
    /// For the next pair, once.
    pub(crate) refresh: String,
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        Self { access: tokens.access, refresh: tokens.refresh }
    }
}

/// A refresh token.
#[derive(ToSchema)]
#[schema(as = Refresh)]
pub(crate) struct Refresh {
    /// The token.
    #[schema(max_length = 256)]
    pub(crate) refresh: String,
}

/// More characters than any token of ours has.
const REFRESH_MAX: usize = 256;

impl Input for Refresh {
    fn read(fields: &mut Fields) -> Self {
        let refresh = fields.required_text("refresh");
        if refresh.len() > REFRESH_MAX {
            fields.refuse("refresh", Fault::TooLong { max: REFRESH_MAX });
        }
        Self { refresh }
    }
}

/// A device signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    /// Its id.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// What it calls itself.
    pub(crate) device: String,
    /// The network it was last seen in, coarse.
    pub(crate) ip: String,
    /// When it was signed in.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it was last seen.
    #[schema(format = DateTime)]
    pub(crate) last_seen: String,
    /// When it ends at the latest.
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
    /// Whether this request came from it.
    pub(crate) current: bool,
}

impl SessionBody {
    pub(crate) fn of(session: &Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.value(),
            device: session.device.clone(),
            ip: session.network.clone(),
            created_at: time(session.created_at),
            last_seen: time(session.last_seen),
            expires_at: time(session.expires_at),
            current: current == Some(session.id),
        }
    }
}
