//! People who come with their logins from another system.
//!
//! Called by whoever moves an installation here; calls the stores. Names, addresses and hashes pass the rules of sign-up
//! but for the password's own: it is known by its hash alone. Whoever is there already, by [`Member::source`], is left
//! alone, so the same people can be handed over any number of times.

use jiff::Timestamp;

use super::login_name::{parse_email, parse_username};
use super::{Account, AccountChange, AccountWork, foreign};
use crate::error::{Fault, FieldError, Result};
use crate::gpting::{Accounts, Core};
use crate::id::MemberId;
use crate::profile::Member;
use crate::store::{Change, Expect, StoreError, Unique, Versioned, Work};

/// Somebody who comes from elsewhere.
#[derive(Clone, PartialEq)]
pub struct Newcomer {
    /// Who they are here, with a source and a random id.
    pub member: Member,
    /// How they log in.
    pub login: ForeignLogin,
}

/// A login as another system keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct ForeignLogin {
    /// The login name.
    pub username: String,
    /// The login name to fall back on, where theirs cannot be one here or is taken; they log in by their address then.
    pub spare_username: String,
    /// The verified address.
    pub email: String,
    /// `pbkdf2_sha256$…` or `argon2$argon2id$…` as Django writes them.
    pub password_hash: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Newcomer {
    /// The id alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newcomer").field("member", &self.member.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ForeignLogin {
    /// Nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignLogin").finish_non_exhaustive()
    }
}

/// What became of a newcomer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// They are here now.
    New {
        /// As whom.
        id: MemberId,
        /// Whether they have the spare user name.
        renamed: bool,
        /// Whether their password is good here; otherwise they have to set a new one.
        has_password: bool,
    },
    /// They were here before.
    Known(MemberId),
    /// They cannot come.
    Refused(Vec<FieldError>),
}

impl Accounts<'_> {
    /// Takes in people with their logins; the answers are in their order. Each is there whole or not at all.
    ///
    /// # Errors
    /// When the store fails; handing the same people over again goes on where it stopped.
    pub async fn adopt(&self, people: Vec<Newcomer>) -> Result<Vec<Adopted>> {
        let core = self.0;
        let sources: Vec<String> = people.iter().filter_map(|person| person.member.source.clone()).collect();
        let known = core.store.members_by_source(&sources).await?;
        let mut answers: Vec<Option<Adopted>> = Vec::with_capacity(people.len());
        let mut ready = Vec::new();
        for person in people {
            let before = known.iter().find(|row| row.value.source == person.member.source);
            let answer = match (before, read(&person)) {
                (Some(row), _) => Some(Adopted::Known(row.value.id)),
                (None, Err(faults)) => Some(Adopted::Refused(faults)),
                (None, Ok(account)) => {
                    ready.push((answers.len(), person, account));
                    None
                }
            };
            answers.push(answer);
        }
        // All at once; one by one where a name is taken.
        let all = ready.iter().fold(AccountWork::new(), |work, (_, person, account)| put(work, person, account));
        let at_once = match core.accounts()?.store.commit_account(all).await {
            Ok(_) => true,
            Err(StoreError::Conflict { .. } | StoreError::Stale) => false,
            Err(error) => return Err(error.into()),
        };
        for (place, person, account) in ready {
            let answer = if at_once { taken(&person, &account) } else { core.adopt_one(&person, account).await? };
            if matches!(answer, Adopted::New { .. }) {
                core.absorb(&Versioned { version: 1, value: person.member });
            }
            answers[place] = Some(answer);
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

impl Core {
    async fn adopt_one(&self, person: &Newcomer, mut account: Account) -> Result<Adopted> {
        let store = &self.accounts()?.store;
        loop {
            match store.commit_account(put(AccountWork::new(), person, &account)).await {
                Ok(_) => return Ok(taken(person, &account)),
                Err(StoreError::Conflict { what: Unique::Username })
                    if account.username != person.login.spare_username =>
                {
                    account.username.clone_from(&person.login.spare_username);
                }
                Err(StoreError::Conflict { what }) => {
                    return Ok(Adopted::Refused(vec![FieldError::new(what.to_string(), Fault::Taken)]));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn put(work: AccountWork, person: &Newcomer, account: &Account) -> AccountWork {
    work.change(AccountChange::PutAccount(Box::new(account.clone()), Expect::New))
        .with(Work::new().change(Change::PutMember(Box::new(person.member.clone()), Expect::New)))
}

fn taken(person: &Newcomer, account: &Account) -> Adopted {
    Adopted::New {
        id: person.member.id,
        renamed: account.username == person.login.spare_username,
        has_password: account.password_hash != foreign::UNUSABLE,
    }
}

/// The account of a newcomer.
fn read(person: &Newcomer) -> std::result::Result<Account, Vec<FieldError>> {
    let login = &person.login;
    let email = parse_email(&login.email).map_err(|fault| vec![FieldError::new("email", fault)])?;
    Ok(Account {
        member: person.member.id,
        username: parse_username(&login.username).unwrap_or_else(|_| login.spare_username.clone()),
        email: email.written,
        email_canonical: email.canonical,
        password_hash: foreign::kept(&login.password_hash).unwrap_or_else(|| foreign::UNUSABLE.to_owned()),
        created_at: login.created_at,
    })
}
