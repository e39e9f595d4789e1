//! How many passwords may be tried: per account, per address, and per both, over all instances.
//!
//! A try is taken from the allowances before the password is looked at, and given back when it was right. Per account and
//! address the waits grow from a minute to a quarter of an hour. Per account there are three allowances: one for everybody,
//! and two reserves that a guesser from elsewhere cannot empty from one place, for addresses that have not been wrong about
//! this account lately and for networks it is signed in from. So a guesser slows down guessing and not its victim, and in
//! any hour no more than twice the sum of the three are looked at. Nothing ever locks for good.

use std::net::IpAddr;

use jiff::SignedDuration;

use super::AccountsPart;
use super::login::coarse;
use crate::error::{Error, Result};
use crate::gpting::Core;
use crate::id::MemberId;
use crate::limit::claim::{Claim, Quota};
use crate::limit::meter::household;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Tries that an address has of the reserve for those that have not been wrong, in an hour.
const UNSEEN: u32 = 2;

/// What a try has been taken from.
#[derive(Debug)]
pub(super) struct Guess {
    /// Per account and address.
    pair: Vec<Claim>,
    /// The others.
    wider: Vec<Claim>,
}

impl Core {
    /// Takes a try; `whose` account it is for, or the login that nobody has.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub(super) async fn begin_guess(
        &self,
        accounts: &AccountsPart,
        whose: Option<MemberId>,
        login: &str,
        ip: Option<IpAddr>,
    ) -> Result<Guess> {
        let config = &self.config.accounts;
        let address = household(ip);
        // An unknown login is counted like a known one: how it is refused tells nothing.
        let account = whose.map_or_else(|| login.to_lowercase().into_bytes(), |id| id.value().to_le_bytes().to_vec());
        let kind: &[u8] = if whose.is_some() { b"member" } else { b"login" };
        let both: [&[u8]; 3] = [kind, &account, &address];
        let alone: [&[u8]; 2] = [kind, &account];

        let free = config.free_login_failures.max(1);
        let slowest = config.login_wait_max;
        let steps = [(1, SignedDuration::from_mins(1).min(slowest)), (2, slowest / 3), (4, slowest)];
        let spaced = |(step, (times, wait)): (usize, (u32, SignedDuration))| {
            let count = free.saturating_mul(times);
            let quota = Quota::new(count, wait.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX)));
            self.claim(&format!("login pair {step}"), &both, quota)
        };
        let pair: Vec<Claim> = steps.into_iter().enumerate().map(spaced).collect();
        let by_address = config.logins_per_address.filter(|_| ip.is_some());
        let by_address: Vec<Claim> =
            by_address.map(|quota| self.claim("login address", &[&address], quota)).into_iter().collect();

        let everybody = vec![self.claim("login", &alone, Quota::new(config.account_guesses, HOUR))];
        let unseen = vec![
            self.claim("login unseen", &alone, Quota::new(config.account_guesses_unseen, HOUR)),
            self.claim("login unseen from", &both, Quota::new(UNSEEN, HOUR)),
        ];
        let known = vec![self.claim("login known", &alone, Quota::new(config.account_guesses_known, HOUR))];

        let mut wait = None;
        for (reserve, claims) in [everybody, unseen, known].into_iter().enumerate() {
            if reserve == 2 && !self.is_known_network(accounts, whose, ip).await? {
                break;
            }
            let wider: Vec<Claim> = by_address.iter().copied().chain(claims).collect();
            let all = pair.iter().chain(&wider).copied().collect();
            let Some(refused) = self.try_spend(all).await? else { return Ok(Guess { pair, wider }) };
            wait = Some(wait.map_or(refused, |before: std::time::Duration| before.min(refused)));
        }
        Err(Error::TooMany { retry_after: wait.unwrap_or_default() })
    }

    /// The password was right: its try is given back, and the address starts afresh with this account.
    pub(super) async fn end_guess(&self, guess: Guess) {
        let pair = guess.pair.into_iter().map(Claim::all);
        self.give_back(pair.chain(guess.wider).collect()).await;
    }

    /// The password was not looked at after all.
    pub(super) async fn take_guess_back(&self, guess: Guess) {
        self.give_back(guess.pair.into_iter().chain(guess.wider).collect()).await;
    }

    /// Whether the account is signed in from this network.
    async fn is_known_network(
        &self,
        accounts: &AccountsPart,
        whose: Option<MemberId>,
        ip: Option<IpAddr>,
    ) -> Result<bool> {
        // Asked about somebody in any case, so that it takes as long for a login that nobody has.
        let nobody = MemberId::new(1).expect("1 is an id");
        let sessions = accounts.store.list_sessions(whose.unwrap_or(nobody)).await?;
        let Some(network) = ip.map(coarse).filter(|_| whose.is_some()) else { return Ok(false) };
        Ok(sessions.iter().any(|session| session.network == network))
    }
}
