//! What can go wrong, told so that a caller can act on it.
//!
//! [`Error`] carries the detail, [`Error::kind`] the small exhaustive [`ErrorKind`] an adapter maps to its own
//! answers, [`Error::code`] the stable name of the case. Nothing here is a sentence for people: adapters own the
//! words and the languages.

use std::time::Duration;

use crate::store::StoreError;

/// What a caller can do about an error. Deliberately exhaustive: an adapter that matches it without a wildcard does
/// not build until a new kind has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The input is wrong; sending it again changes nothing.
    Invalid,
    /// Nobody is signed in, or the proof is wrong or expired.
    Unauthenticated,
    /// Yours, but not allowed now.
    Forbidden,
    /// It does not exist, or it is not yours to know.
    NotFound,
    /// It contradicts the present state.
    Conflict,
    /// The same idempotency key or `client_msg_id` with another body.
    IdempotencyConflict,
    /// The stated version is not the present one.
    VersionMismatch,
    /// Larger than the limit.
    TooLarge,
    /// A kind of content that is not accepted.
    Unsupported,
    /// Too often; wait.
    TooMany,
    /// A part is overloaded or out of reach; the same call may work later.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// Names the case within a kind. Each has one stable `snake_case` spelling ([`Code::as_str`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// One or more fields are wrong; see [`Error::fields`].
    ValidationFailed,
    /// The person does not exist, or is not the caller's to see.
    MemberNotFound,
    /// The room does not exist, or the caller does not take part in it.
    RoomNotFound,
    /// The friend request does not exist or is not addressed to the caller.
    FriendRequestNotFound,
    /// Something else does not exist.
    NotFound,
    /// An act aimed at oneself.
    SelfAction,
    /// Passing on a match: unmatch instead.
    AlreadyMatched,
    /// There is no match or friendship to end.
    NotMatched,
    /// The pair has been unmatched, which is final.
    Unmatched,
    /// There is no act left that could be undone.
    NothingToUndo,
    /// A room is opened only for matched people and friends.
    NotConnected,
    /// `client_msg_id` or idempotency key was used with another body.
    IdempotencyConflict,
    /// The profile has changed since the version the caller named.
    ProfileChanged,
    /// The caller's own profile is not complete yet (birth date, gender, preferences).
    ProfileIncomplete,
    /// The caller's account is deactivated.
    Deactivated,
    /// The answer to a friend request is neither accept nor reject.
    InvalidAction,
    /// User name and password do not belong together.
    WrongCredentials,
    /// The account is being erased.
    AccountErased,
    /// The code is wrong, used, expired, or was tried too often.
    WrongCode,
    /// The name was taken while the sign-up was pending.
    UsernameTaken,
    /// No, wrong or expired proof of who is calling.
    TokenInvalid,
    /// The consent that this needs has not been given.
    ConsentRequired,
    /// The picture is larger than the limit.
    PhotoTooLarge,
    /// Not a picture of an accepted kind.
    PhotoUnsupported,
    /// The member has as many pictures as the limit allows.
    PhotoLimit,
    /// Too many calls of this kind.
    TooMany,
    /// A part is overloaded or out of reach.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// The stable spelling of the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidationFailed => "validation_failed",
            Self::MemberNotFound => "member_not_found",
            Self::RoomNotFound => "room_not_found",
            Self::FriendRequestNotFound => "friend_request_not_found",
            Self::NotFound => "not_found",
            Self::SelfAction => "self_action",
            Self::AlreadyMatched => "already_matched",
            Self::NotMatched => "not_matched",
            Self::Unmatched => "unmatched",
            Self::NothingToUndo => "nothing_to_undo",
            Self::NotConnected => "not_connected",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::ProfileChanged => "profile_changed",
            Self::ProfileIncomplete => "profile_incomplete",
            Self::Deactivated => "deactivated",
            Self::InvalidAction => "invalid_action",
            Self::WrongCredentials => "wrong_credentials",
            Self::AccountErased => "account_erased",
            Self::WrongCode => "wrong_code",
            Self::UsernameTaken => "username_taken",
            Self::TokenInvalid => "token_invalid",
            Self::ConsentRequired => "consent_required",
            Self::PhotoTooLarge => "photo_too_large",
            Self::PhotoUnsupported => "photo_unsupported",
            Self::PhotoLimit => "photo_limit",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// What a caller can do about it.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::ValidationFailed
            | Self::SelfAction
            | Self::InvalidAction
            | Self::WrongCredentials
            | Self::WrongCode => ErrorKind::Invalid,
            Self::MemberNotFound | Self::RoomNotFound | Self::FriendRequestNotFound | Self::NotFound => {
                ErrorKind::NotFound
            }
            Self::AlreadyMatched
            | Self::NotMatched
            | Self::Unmatched
            | Self::NothingToUndo
            | Self::UsernameTaken
            | Self::PhotoLimit => ErrorKind::Conflict,
            Self::IdempotencyConflict => ErrorKind::IdempotencyConflict,
            Self::ProfileChanged => ErrorKind::VersionMismatch,
            Self::NotConnected
            | Self::ProfileIncomplete
            | Self::Deactivated
            | Self::AccountErased
            | Self::ConsentRequired => ErrorKind::Forbidden,
            Self::TokenInvalid => ErrorKind::Unauthenticated,
            Self::PhotoTooLarge => ErrorKind::TooLarge,
            Self::PhotoUnsupported => ErrorKind::Unsupported,
            Self::TooMany => ErrorKind::TooMany,
            Self::Unavailable => ErrorKind::Unavailable,
            Self::Internal => ErrorKind::Internal,
        }
    }
}

/// Why one field was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is missing or empty.
    Required,
    /// It cannot be read as what it should be.
    Invalid,
    /// Fewer characters or entries than allowed.
    TooShort {
        /// The least allowed.
        min: usize,
    },
    /// More characters or entries than allowed.
    TooLong {
        /// The most allowed.
        max: usize,
    },
    /// A number outside its range.
    OutOfRange {
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
    },
    /// Not one of the known values.
    Unknown,
    /// A place name that fits several places.
    Ambiguous,
    /// Below the age gate.
    UnderAge,
    /// Somebody else has it.
    Taken,
    /// A password that is guessed first.
    CommonPassword,
    /// It cannot be changed any more.
    Immutable,
}

/// A refused field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the caller wrote it.
    pub field: String,
    /// Why it was refused.
    pub fault: Fault,
}

impl FieldError {
    /// A refused field.
    pub fn new(field: impl Into<String>, fault: Fault) -> Self {
        Self { field: field.into(), fault }
    }
}

/// An error of a use-case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Fields were refused.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// A rule of the domain says no.
    #[error("refused: {}", .0.as_str())]
    Refused(Code),
    /// Too often.
    #[error("too many calls; retry after {retry_after:?}")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A part is overloaded or out of reach.
    #[error("{part} is unavailable")]
    Unavailable {
        /// Which part.
        part: &'static str,
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// A fault of ours.
    #[error("{what}")]
    Internal {
        /// What failed.
        what: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// One refused field.
    pub fn field(field: impl Into<String>, fault: Fault) -> Self {
        Self::Invalid(vec![FieldError::new(field, fault)])
    }

    /// The stable name of the case.
    pub fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Refused(code) => *code,
            Self::TooMany { .. } => Code::TooMany,
            Self::Unavailable { .. } | Self::Store(StoreError::Unavailable(_) | StoreError::Stale) => Code::Unavailable,
            Self::Store(_) | Self::Internal { .. } => Code::Internal,
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.code().kind()
    }

    /// The refused fields, if that is what went wrong.
    pub fn fields(&self) -> &[FieldError] {
        if let Self::Invalid(fields) = self { fields } else { &[] }
    }

    /// How long a caller should wait before trying again, where that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Store(StoreError::Unavailable(_) | StoreError::Stale) => Some(Duration::from_secs(1)),
            Self::Invalid(_) | Self::Refused(_) | Self::Store(_) | Self::Internal { .. } => None,
        }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if let StoreError::Spent { wait } = error { Self::TooMany { retry_after: wait } } else { Self::Store(error) }
    }
}

/// The result of a use-case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Prints an error with its causes, for logs.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'a));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
