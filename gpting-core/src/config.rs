//! Every limit and knob of the service, with its unit, its default and the reason for the default.

use jiff::SignedDuration;

use crate::matching::AgeGate;

/// Settings of the service. [`Config::default`] is what the server runs with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Sizes and counts.
    pub limits: Limits,
    /// Matching.
    pub matching: MatchingConfig,
    /// Chat.
    pub chat: ChatConfig,
    /// Age gate, erasure and evidence.
    pub safety: SafetyConfig,
    /// Sign-up, login, tokens.
    #[cfg(feature = "accounts")]
    pub accounts: AccountConfig,
}

/// Sizes and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most characters of a nickname. 30: fits a card in Korean and in English.
    pub nickname_chars: usize,
    /// Most characters of a text about oneself. 2,000: a page; longer texts are not read.
    pub bio_chars: usize,
    /// Most interests. 30: the engine takes 64, people read fewer.
    pub interests: usize,
    /// Most pictures of a member. 9: three rows of three.
    pub photos: usize,
    /// Most wishes about attributes. 20.
    pub wishes: usize,
    /// Most rows of one page of any list. 100.
    pub page: usize,
    /// Most characters of a line sent with a like. 300.
    pub like_message_chars: usize,
    /// Most characters of the words of a report. 2,000.
    pub report_chars: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nickname_chars: 30,
            bio_chars: 2_000,
            interests: 30,
            photos: 9,
            wishes: 20,
            page: 100,
            like_message_chars: 300,
            report_chars: 2_000,
        }
    }
}

/// Matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchingConfig {
    /// How long after a decision it can be undone. 10 minutes: a slip of the finger, not a change of heart.
    pub undo_within: SignedDuration,
    /// How many people one slate ranks for the shown percentile. 100.
    pub slate_size: usize,
    /// How long a paging sees one unchanged view. 10 minutes: longer than anybody pages.
    pub view_ttl: SignedDuration,
    /// How many views are pinned at once, the oldest dropped first. 256: a view shares its rows with the others.
    pub pinned_views: usize,
    /// How often changes by other processes are looked for. 1 s: a right person is at most 3 s late.
    pub refresh_every: SignedDuration,
}

impl Default for MatchingConfig {
    fn default() -> Self {
        Self {
            undo_within: SignedDuration::from_mins(10),
            slate_size: 100,
            view_ttl: SignedDuration::from_mins(10),
            pinned_views: 256,
            refresh_every: SignedDuration::from_secs(1),
        }
    }
}

/// Chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatConfig {
    /// Most characters of a message. 4,000.
    pub message_chars: usize,
    /// Most messages replayed to somebody who comes back; beyond it they are told to load the history. 300.
    pub replay: usize,
    /// How often all rooms that are listened to are asked about even when nobody wakes, by one statement. 700 ms: hints
    /// may be lost, and who is blocked must be gone within the second.
    pub poll_every: SignedDuration,
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self { message_chars: 4_000, replay: 300, poll_every: SignedDuration::from_millis(700) }
    }
}

/// Age gate, erasure and evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyConfig {
    /// Who is old enough, by the calendar of Seoul. The Korean Youth Protection Act by default.
    pub age_gate: AgeGate,
    /// How long after asking for erasure everything is erased. 14 days: time to notice a stolen account; at most 30.
    pub erase_after: SignedDuration,
    /// How long evidence of a report is kept. 3 years: complaints, as Korean services state it.
    pub keep_reports: SignedDuration,
    /// How many messages before and after a reported one are copied as evidence. 10.
    pub evidence_neighbours: u64,
}

impl Default for SafetyConfig {
    fn default() -> Self {
        Self {
            age_gate: AgeGate::KrYouthAct,
            erase_after: SignedDuration::from_hours(14 * 24),
            keep_reports: SignedDuration::from_hours(3 * 365 * 24),
            evidence_neighbours: 10,
        }
    }
}

/// Sign-up, login, tokens.
#[cfg(feature = "accounts")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    /// Argon2id memory in KiB. 19,456 is the floor of the OWASP password storage sheet; less is refused.
    pub argon2_memory_kib: u32,
    /// Argon2id passes. 2, as above.
    pub argon2_passes: u32,
    /// Passwords hashed at once; 0 means one per core.
    pub hashing_lanes: usize,
    /// Hashes that may wait before callers are turned away. 64.
    pub hashing_queue: usize,
    /// Fewest characters of a password. 8 (ASVS 6.2.1).
    pub password_min_chars: usize,
    /// Most characters of a password. 256: bounds the work.
    pub password_max_chars: usize,
    /// How long a mailed code is good for. 5 minutes.
    pub code_ttl: SignedDuration,
    /// How often a code may be tried. 5.
    pub code_tries: u32,
    /// Least time between two mails to one address. 60 s.
    pub mail_gap: SignedDuration,
    /// Mails to one pending sign-up that may follow each other at that gap. 3; then one per `mail_slow_gap`.
    pub mail_burst: usize,
    /// Least time between two mails after the burst. 1 hour.
    pub mail_slow_gap: SignedDuration,
    /// How long a sign-up may wait for its code. 24 hours.
    pub pending_ttl: SignedDuration,
    /// Pending sign-ups that one address may have. 5.
    pub pendings_per_email: usize,
    /// Life of an access token. 15 minutes at most.
    pub access_ttl: SignedDuration,
    /// Life of a session, whatever happens. 30 days.
    pub session_ttl: SignedDuration,
    /// Life of a session without a refresh. 14 days.
    pub session_idle: SignedDuration,
    /// How long a spent refresh token may be presented again while its successor is unused. 60 s: a lost answer.
    pub refresh_grace: SignedDuration,
    /// Sessions per member; the oldest ends when a new one would exceed it. 20.
    pub sessions: usize,
    /// Wrong passwords before the next try has to wait. 10.
    pub free_login_failures: u32,
    /// The longest such wait. 15 minutes: never a lasting lock that others could set off.
    pub login_wait_max: SignedDuration,
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
}

#[cfg(feature = "accounts")]
impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            hashing_lanes: 0,
            hashing_queue: 64,
            password_min_chars: 8,
            password_max_chars: 256,
            code_ttl: SignedDuration::from_mins(5),
            code_tries: 5,
            mail_gap: SignedDuration::from_secs(60),
            mail_burst: 3,
            mail_slow_gap: SignedDuration::from_hours(1),
            pending_ttl: SignedDuration::from_hours(24),
            pendings_per_email: 5,
            access_ttl: SignedDuration::from_mins(15),
            session_ttl: SignedDuration::from_hours(30 * 24),
            session_idle: SignedDuration::from_hours(14 * 24),
            refresh_grace: SignedDuration::from_secs(60),
            sessions: 20,
            free_login_failures: 10,
            login_wait_max: SignedDuration::from_mins(15),
            issuer: "gpting".to_owned(),
            audience: "gpting".to_owned(),
        }
    }
}
