//! Accounts: e-mail, password and signed-in devices, 0..1 per member. A host with its own login leaves the feature off.
//!
//! Called by adapters through [`Accounts`](crate::gpting::Accounts); calls the [`AccountStore`], the mailer by way of jobs, and the hashing
//! pool. An account exists only after its address is verified; a pending sign-up claims nothing.

mod guess;
pub mod login;
mod login_name;
mod mail;
mod password;
pub mod register;
pub mod session;
pub mod sign_up;
pub mod store;
pub mod token;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::login::{Device, LoggedIn};
pub use self::register::SignUp;
pub use self::session::Session;
pub use self::sign_up::PendingSignUp;
pub use self::store::{AccountChange, AccountStore, AccountWork};
pub use self::token::{AccountKeys, Identity, Tokens};
use crate::config::AccountConfig;
use crate::id::MemberId;

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub member: MemberId,
    /// The login name: unique, private, compared in its canonical form.
    pub username: String,
    /// The verified address as its owner wrote it.
    pub email: String,
    /// The address in the form that is unique: domain in lower case and punycode, local part in lower case.
    pub email_canonical: String,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// When the address was verified.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Account {
    /// Without address, name or hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("member", &self.member).finish_non_exhaustive()
    }
}

/// What the use-cases of accounts share.
#[derive(Debug)]
pub(crate) struct AccountsPart {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) keys: AccountKeys,
    pub(crate) passwords: password::PasswordPool,
}

impl AccountsPart {
    /// # Errors
    /// When the settings hash passwords more weakly than is allowed.
    pub(crate) fn new(store: Arc<dyn AccountStore>, keys: AccountKeys, config: &AccountConfig) -> crate::Result<Self> {
        Ok(Self { store, keys, passwords: password::PasswordPool::new(config)? })
    }
}
