//! Signing up: a pending sign-up that claims nothing, a mailed code, then the account.
//!
//! The answer to a sign-up is the same, and takes as long, whether the address is known or not; its owner gets a mail
//! instead of a code. The code is drawn and hashed by the job that mails it, so no table ever holds it.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::login_name::{Email, parse_email, parse_username};
use super::sign_up::{CodeHash, PendingSignUp};
use super::{Account, AccountChange, AccountWork, AccountsPart, mail, password};
use crate::assist::Derived;
use crate::error::{Code, Error, Fault, FieldError, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Accounts, Aftermath, Core, until_fresh};
use crate::id::{JobId, MemberId, PendingId};
use crate::job::{Job, Task, Turn};
use crate::lang::Lang;
use crate::limit::claim::{Claim, Quota};
use crate::limit::meter::household;
use crate::profile::edit::parse_birth_date;
use crate::profile::{Member, Preferences, Profile, Standing, gender_letter_of, parse_gender};
use crate::safety::ConsentInput;
use crate::store::{Change, Committed, Expect, StoreError, Unique, Versioned, Work};
use crate::text;

/// What somebody signs up with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SignUp {
    /// The wished-for login name.
    pub username: String,
    /// The address that the code goes to.
    pub email: String,
    /// The password.
    pub password: String,
    /// The name others will see.
    pub nickname: String,
    /// `M|F|O` or words.
    pub gender: String,
    /// `YYYY-MM-DD`; may be missing.
    pub birth_date: Option<String>,
    /// Text about themselves.
    pub bio: Option<String>,
    /// What was agreed to.
    pub consents: Vec<ConsentInput>,
}

impl std::fmt::Debug for SignUp {
    /// Without anything that was entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignUp").finish_non_exhaustive()
    }
}

impl Accounts<'_> {
    /// Begins a sign-up and mails a code. The answer does not tell whether the address is known.
    ///
    /// # Errors
    /// A fault per refused field; [`Error::TooMany`] when too many codes were asked for.
    pub async fn sign_up(&self, form: SignUp, lang: Lang) -> Result<()> {
        self.sign_up_from(form, lang, None).await
    }

    /// The same from an address, which may set off so many mails and no more.
    ///
    /// # Errors
    /// As [`Accounts::sign_up`].
    pub async fn sign_up_from(&self, form: SignUp, lang: Lang, ip: Option<IpAddr>) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        let (mut pending, email) = core.read_form(&form, lang)?;
        // The work of a hash comes before anything that depends on who is known.
        pending.password_hash = accounts.passwords.hash(&form.password, &*core.rng).await?;
        if accounts.store.account_by_login(&pending.username).await?.is_some() {
            return Err(Error::field("username", Fault::Taken));
        }
        let owner = accounts.store.account_by_login(&email.canonical).await?;
        let siblings = accounts.store.pendings_by_email(&email.canonical).await?;
        let (now, config) = (pending.created_at, &core.config.accounts);
        refuse_too_many_mails(siblings.iter().flat_map(|row| &row.value.mails), now, core)?;
        let mail = core.claim_mail(&email, ip);
        core.spend(mail.clone()).await?;
        let task = match &owner {
            Some(owner) => Task::SendAddressInUse { member: owner.value.member },
            None => Task::SendSignUpCode { pending: pending.id },
        };
        let job = Job::new(JobId::draw(&*core.rng), task, now);
        let mut work = AccountWork::new();
        // Newest first: whatever is beyond the bound goes.
        for old in siblings.iter().skip(config.pendings_per_email.saturating_sub(1)) {
            work = work.change(AccountChange::TakePending(old.value.id));
        }
        // Also for a known address: the same rows are written, and the same limits count.
        let work = work
            .change(AccountChange::PutPending(Box::new(pending), Expect::New))
            .with(Work::new().change(Change::PutJob(job, Expect::New)));
        let done = core.commit_account(accounts, work).await;
        if done.is_err() {
            core.give_back(mail).await;
        }
        match done {
            // Another sign-up for the address has cleared the same old rows; nothing of this one is lost by asking again.
            Err(StoreError::Stale) => Err(Error::Unavailable { part: "sign-up", retry_after: Duration::from_secs(1) }),
            done => Ok(done.map(|_| ())?),
        }
    }

    /// Mails another code for a pending sign-up. The answer does not tell whether there is one.
    ///
    /// # Errors
    /// A fault of the field `email`; [`Error::TooMany`].
    pub async fn resend_code(&self, email: &str) -> Result<()> {
        self.resend_code_from(email, None).await
    }

    /// The same from an address, which may set off so many mails and no more.
    ///
    /// # Errors
    /// As [`Accounts::resend_code`].
    pub async fn resend_code_from(&self, email: &str, ip: Option<IpAddr>) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        let email = parse_email(email).map_err(|fault| Error::field("email", fault))?;
        // Also where nobody waits for a code: a refusal must not tell that somebody does.
        core.spend(core.claim_mail(&email, ip)).await?;
        until_fresh(|| async {
            let now = core.now();
            let pendings = accounts.store.pendings_by_email(&email.canonical).await?;
            refuse_too_many_mails(pendings.iter().flat_map(|row| &row.value.mails), now, core)?;
            let Some(newest) = pendings.into_iter().next() else {
                return Ok(());
            };
            let expect = newest.expect();
            let mut pending = newest.value;
            pending.mails.push(now);
            let owner = accounts.store.account_by_login(&email.canonical).await?;
            let task = match owner {
                Some(owner) => Task::SendAddressInUse { member: owner.value.member },
                None => Task::SendSignUpCode { pending: pending.id },
            };
            let job = Job::new(JobId::draw(&*core.rng), task, now);
            let work = AccountWork::new()
                .change(AccountChange::PutPending(Box::new(pending), expect))
                .with(Work::new().change(Change::PutJob(job, Expect::New)));
            core.commit_account(accounts, work).await?;
            Ok(())
        })
        .await
    }

    /// Ends a sign-up with its code: the account and its member exist from now on. Each code works once.
    ///
    /// # Errors
    /// [`Code::WrongCode`] when it is wrong, used, expired or was tried too often; [`Code::UsernameTaken`] when somebody
    /// was faster with the name.
    pub async fn verify_email(&self, email: &str, code: &str) -> Result<MemberId> {
        let core = self.0;
        let accounts = core.accounts()?;
        let email = parse_email(email).map_err(|_| Code::WrongCode)?;
        let code = code.trim();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Code::WrongCode.into());
        }
        for row in accounts.store.pendings_by_email(&email.canonical).await? {
            if let Some(pending) = core.try_code(accounts, row, code).await? {
                return core.create_account(accounts, pending).await;
            }
        }
        Err(Code::WrongCode.into())
    }
}

impl Core {
    /// Counts a try and holds the code against the pending sign-up.
    async fn try_code(
        &self,
        accounts: &AccountsPart,
        row: Versioned<PendingSignUp>,
        code: &str,
    ) -> Result<Option<PendingSignUp>> {
        let id = row.value.id;
        let mut loaded = Some(row);
        loop {
            let Some(row) = loaded else { return Ok(None) };
            let expect = row.expect();
            let mut pending = row.value;
            let (now, tries) = (self.now(), self.config.accounts.code_tries);
            let Some(kept) = pending.code.as_mut().filter(|kept| kept.expires_at > now && kept.tries < tries) else {
                return Ok(None);
            };
            // The try is counted before the code is looked at: a guess that is not counted is a free guess.
            kept.tries += 1;
            let hash = kept.hash.clone();
            let work = AccountWork::new().change(AccountChange::PutPending(Box::new(pending.clone()), expect));
            match accounts.store.commit_account(work).await {
                Ok(_) => {
                    let code = code.to_owned();
                    let right = accounts.passwords.run_small(move || password::verify_code(&code, &hash)).await?;
                    return Ok(right.then_some(pending));
                }
                Err(StoreError::Stale) => loaded = accounts.store.pending(id).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn create_account(&self, accounts: &AccountsPart, pending: PendingSignUp) -> Result<MemberId> {
        let now = self.now();
        let id = MemberId::draw(&*self.rng);
        let mut member = Member {
            id,
            host: None,
            source: None,
            standing: Standing::Active,
            verified: false,
            created_at: now,
            last_active: now,
            profile: Profile {
                nickname: pending.nickname,
                gender: parse_gender(&pending.gender),
                birth_date: pending.birth_date,
                bio: pending.bio,
                ..Profile::default()
            },
            preferences: Preferences::default(),
            answers: std::collections::BTreeMap::new(),
            consents: pending.consents,
            derived: Derived::default(),
            visibility: crate::profile::Visibility::default(),
        };
        // Nobody has looked at the text yet.
        let mut silent = member.clone();
        silent.profile.bio.clear();
        let follows = self.follow(&silent, &mut member);
        let account = Account {
            member: id,
            username: pending.username,
            email: pending.email,
            email_canonical: pending.email_canonical.clone(),
            password_hash: pending.password_hash,
            created_at: now,
        };
        let mut work = AccountWork::new()
            .change(AccountChange::TakePending(pending.id))
            .change(AccountChange::PutAccount(Box::new(account), Expect::New))
            .change(AccountChange::DropPendings { email: pending.email_canonical })
            .with(
                Work::new()
                    .change(Change::PutMember(Box::new(member.clone()), Expect::New))
                    .event(Event { at: now, fact: Fact::Joined { member: id } }),
            );
        work.work.changes.extend(follows);
        match self.commit_account(accounts, work).await {
            Ok(_) => {
                self.ask_to_read(&member).await;
                self.absorb(&Versioned { version: 1, value: member });
                Ok(id)
            }
            // The same code was sent twice at once, and the other call was faster.
            Err(StoreError::Stale | StoreError::Conflict { what: Unique::Email }) => Err(Code::WrongCode.into()),
            Err(StoreError::Conflict { what: Unique::Username }) => Err(Code::UsernameTaken.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// A mail to an address: of the gap between any two, of the few that may follow each other, and of what the one who asks
    /// may set off. Counted for all instances at once, whoever asks where.
    fn claim_mail(&self, to: &Email, ip: Option<IpAddr>) -> Vec<Claim> {
        let config = &self.config.accounts;
        let to = [to.canonical.as_bytes()];
        let burst = u32::try_from(config.mail_burst).unwrap_or(u32::MAX);
        let slow = config.mail_slow_gap.saturating_mul(i32::try_from(burst).unwrap_or(i32::MAX));
        let mut claims = vec![
            self.claim("mail gap", &to, Quota::new(1, config.mail_gap)),
            self.claim("mail", &to, Quota::new(burst, slow)),
        ];
        if let Some(quota) = config.mails_per_address.filter(|_| ip.is_some()) {
            claims.push(self.claim("mail from", &[&household(ip)], quota));
        }
        claims
    }

    /// The job that mails a code: draws it, keeps its hash, then mails it.
    ///
    /// The hash is kept only while the job's lease is held, so that of two runners the slower one mails nothing: the code
    /// that was mailed last is the one that counts.
    pub(crate) async fn send_sign_up_code(&self, id: PendingId, turn: &Turn<'_>) -> Result<()> {
        let accounts = self.accounts()?;
        let Some(row) = accounts.store.pending(id).await? else {
            return Ok(());
        };
        let code = format!("{:06}", self.rng.below(1_000_000));
        let (expect, mut pending) = (row.expect(), row.value);
        pending.code = Some(CodeHash {
            hash: password::hash_code(&code, &*self.rng)?,
            expires_at: self.now() + self.config.accounts.code_ttl,
            tries: 0,
        });
        let mail = mail::sign_up_code(&pending, &code, self.config.accounts.code_ttl);
        let work = AccountWork::new().change(AccountChange::PutPending(Box::new(pending), expect));
        turn.effect(|renewal| accounts.store.commit_account(work.with(Work::new().change(renewal)))).await?;
        self.send_mail(mail).await
    }

    /// The job that tells an owner that somebody tried to sign up with their address.
    pub(crate) async fn send_address_in_use(&self, member: MemberId) -> Result<()> {
        let accounts = self.accounts()?;
        let Some(account) = accounts.store.account(member).await? else {
            return Ok(());
        };
        self.send_mail(mail::address_in_use(&account.value)).await
    }

    async fn send_mail(&self, mail: crate::port::Mail) -> Result<()> {
        let mailer =
            self.mailer.as_ref().ok_or(Error::Unavailable { part: "mail", retry_after: Duration::from_mins(1) })?;
        mailer
            .send(mail)
            .await
            .map_err(|error| Error::Internal { what: "a mail was not taken", source: Box::new(error) })
    }

    /// Commits account work and wakes whoever waits for what it changed.
    pub(crate) async fn commit_account(
        &self,
        accounts: &AccountsPart,
        mut work: AccountWork,
    ) -> Result<Committed, StoreError> {
        if self.events.is_none() {
            work.work.events.clear();
        }
        let after = Aftermath::of(&work.work);
        let committed = accounts.store.commit_account(work).await?;
        self.wake(&after);
        Ok(committed)
    }

    /// The part that keeps accounts.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the service was built without.
    pub(crate) fn accounts(&self) -> Result<&AccountsPart> {
        self.accounts
            .as_ref()
            .ok_or(Error::Unavailable { part: "sign-up and login", retry_after: Duration::from_hours(1) })
    }

    /// Parses a form into a pending sign-up, without its password hash.
    fn read_form(&self, form: &SignUp, lang: Lang) -> Result<(PendingSignUp, Email)> {
        let (now, limits, mut faults) = (self.now(), &self.config.limits, Vec::new());
        let mut keep = |field: &str, fault: Fault| faults.push(FieldError::new(field, fault));
        let username = parse_username(&form.username).map_err(|fault| keep("username", fault)).unwrap_or_default();
        let email = parse_email(&form.email).map_err(|fault| keep("email", fault)).ok();
        let nickname = text::line(&form.nickname, limits.nickname_chars)
            .map_err(|fault| keep("nickname", fault))
            .unwrap_or_default();
        let gender = parse_gender(&form.gender);
        if gender.is_none() {
            keep("gender", if form.gender.trim().is_empty() { Fault::Required } else { Fault::Unknown });
        }
        let birth_date = form.birth_date.as_deref().filter(|raw| !raw.trim().is_empty()).and_then(|raw| {
            parse_birth_date(raw, &self.config.safety, now).map_err(|fault| keep("birth_date", fault)).ok()
        });
        let bio = text::block(form.bio.as_deref().unwrap_or_default(), limits.bio_chars)
            .map_err(|fault| keep("bio", fault))
            .unwrap_or_default();
        let local = form.email.split('@').next().unwrap_or_default();
        let own_words = ["gpting", "지피팅", &form.username, &form.nickname, local];
        if let Err(fault) = password::check(&form.password, &own_words, &self.config.accounts) {
            keep("password", if form.password.is_empty() { Fault::Required } else { fault });
        }
        let mut consents = Vec::new();
        for input in &form.consents {
            match input.entry(now, "sign_up") {
                Ok(entry) => consents.push(entry),
                Err(_) => keep("consents", Fault::Invalid),
            }
        }
        match (email, gender) {
            (Some(email), Some(gender)) if faults.is_empty() => {
                let pending = PendingSignUp {
                    id: PendingId::draw(&*self.rng),
                    email: email.written.clone(),
                    email_canonical: email.canonical.clone(),
                    username,
                    password_hash: String::new(),
                    nickname,
                    gender: gender_letter_of(gender).to_owned(),
                    birth_date,
                    bio,
                    consents,
                    language: lang.code().to_owned(),
                    code: None,
                    mails: vec![now],
                    created_at: now,
                };
                Ok((pending, email))
            }
            _ => Err(Error::Invalid(faults)),
        }
    }
}

/// Mails to one address: a gap between any two, a longer one after the first few.
fn refuse_too_many_mails<'a>(sent: impl Iterator<Item = &'a Timestamp>, now: Timestamp, core: &Core) -> Result<()> {
    let config = &core.config.accounts;
    let mut recent: Vec<Timestamp> =
        sent.copied().filter(|at| now.duration_since(*at) < config.mail_slow_gap).collect();
    recent.sort_unstable();
    let Some(last) = recent.last() else { return Ok(()) };
    let ready = if recent.len() >= config.mail_burst { *last + config.mail_slow_gap } else { *last + config.mail_gap };
    if now >= ready {
        return Ok(());
    }
    Err(Error::TooMany { retry_after: ready.duration_since(now).unsigned_abs() })
}
