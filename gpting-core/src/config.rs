//! Every limit and knob of the service, with its unit, its default and the reason for the default.

use jiff::SignedDuration;
use std::num::NonZero;

#[cfg(feature = "accounts")]
use crate::limit::claim::Quota;
use crate::matching::AgeGate;
use crate::matching::ranker::Rankers;

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
    /// How often members may do what others feel.
    pub quotas: Quotas,
    /// Work after the commit.
    pub jobs: JobConfig,
    /// What text models may do.
    pub assist: AssistConfig,
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
    /// Dimensions of the vectors that are made of texts and interests; 0 makes none. 64: some 640 bytes a
    /// person, half of what 128 take, and little worse.
    pub content_dims: usize,
    /// How long a paging sees one unchanged view. 10 minutes: longer than anybody pages.
    pub view_ttl: SignedDuration,
    /// How many views are pinned at once, the oldest dropped first. 256: a view shares its rows with the others.
    pub pinned_views: usize,
    /// Threads of the daily round. 1: it runs in the night and leaves the rest to those who are awake.
    pub round_threads: NonZero<usize>,
    /// The fewest people of a region of the daily round, where there are as many; fewer than twice that are one region. 5,000:
    /// a cut costs some picks, and a region of as many takes a few seconds.
    pub region_people: usize,
    /// How often changes by other processes are looked for. 1 s: a right person is at most 3 s late.
    pub refresh_every: SignedDuration,
    /// How often the index is written down for the next start, where there is a place for it. 15 minutes: reading a
    /// quarter of an hour of changes takes moments. At once after an erasure, whatever this says.
    pub snapshot_every: SignedDuration,
    /// Which members are served by which ranker. All by the product's own.
    pub rankers: Rankers,
    /// How newcomers become known.
    pub warm_up: WarmUp,
    /// How long it is remembered who was shown to whom. 180 days: half a year of a log to judge by; whoever was shown longer
    /// ago is a stranger again.
    pub keep_impressions: SignedDuration,
}

/// How newcomers become known: a bounded share of places until enough people have seen them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmUp {
    /// Their share of the places of a first page, in percent; at most four of a page. 10: one of ten.
    pub percent: u8,
    /// How many people see them at the most in this way. 30: some five likes at the usual rate, about when what is known of
    /// somebody outweighs what is assumed of everybody.
    pub viewers: u32,
    /// How long after joining. 14 days: newer people come after them.
    pub within: SignedDuration,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self { percent: 10, viewers: 30, within: SignedDuration::from_hours(14 * 24) }
    }
}

impl Default for MatchingConfig {
    fn default() -> Self {
        Self {
            undo_within: SignedDuration::from_mins(10),
            slate_size: 100,
            content_dims: 64,
            view_ttl: SignedDuration::from_mins(10),
            pinned_views: 256,
            round_threads: NonZero::<usize>::MIN,
            region_people: 5_000,
            refresh_every: SignedDuration::from_secs(1),
            snapshot_every: SignedDuration::from_mins(15),
            rankers: Rankers::default(),
            warm_up: WarmUp::default(),
            keep_impressions: SignedDuration::from_hours(180 * 24),
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

/// How often members may do what others feel, counted over all instances. Without limits by default: they are the host's
/// to choose (the server has its own).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// New likes of a member: so many at once, all of them back after a day. The server: 100, more than anybody means.
    pub likes_per_day: Option<u32>,
    /// People proposed to a member by slates: so many at once, all of them back after a day. The server: without limit.
    pub cards_per_day: Option<u32>,
    /// Decisions that a member takes back: so many at once, all of them back after a day. The server: 100, as likes.
    pub undos_per_day: Option<u32>,
    /// Messages of a member: so many at once, all of them back after a minute. The server: 100, as OWASP's sheet on sockets
    /// has it.
    pub messages_per_minute: Option<u32>,
}

/// What text models may do, and what it may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistConfig {
    /// Whether the model is outside the country: then nothing is sent without the consent to that as well. Yes, as long as
    /// nobody has said otherwise.
    pub model_is_abroad: bool,
    /// Tokens that may be spent for one member in a day of Seoul. 30,000: a profile, some conversations, a slate, lines.
    pub tokens_per_member_day: u32,
    /// Tokens that may be spent for everybody in a day. 3,000,000.
    pub tokens_per_day: u32,
    /// How long an edit of a profile is left to settle before it is read. 2 minutes.
    pub settles_in: SignedDuration,
    /// How often a member's conversations are looked at again. A day.
    pub learns_every: SignedDuration,
    /// How many of a member's conversations, the latest, are looked at. 50.
    pub rooms: usize,
    /// How many new messages make a conversation worth reading again. 6.
    pub news: u32,
    /// How many of the latest new messages are read. 60.
    pub messages: usize,
    /// Most characters that are read of a message. 300.
    pub message_chars: usize,
    /// Most characters that are read of a text about oneself. 1,000.
    pub bio_chars: usize,
    /// The most that what somebody values adds to a logit, from 0 to 2. 1: as much as one stated wish.
    pub valued_logit: f32,
    /// How much the model's order of the first few counts, from 0 to 0.3. 0.3.
    pub order_weight: f64,
    /// How many of the first of a slate are put in order, from 2 to 20. 10.
    pub order_first: usize,
    /// How long an order is good. A day.
    pub order_ttl: SignedDuration,
    /// How long lines and hints are kept. 30 days.
    pub words_ttl: SignedDuration,
    /// How long the record of a call is kept. 1 year.
    pub keep_calls: SignedDuration,
    /// How long what was found of a text, picture or first message is kept, as long as that is there. 1 year.
    pub keep_findings: SignedDuration,
}

impl Default for AssistConfig {
    fn default() -> Self {
        Self {
            model_is_abroad: true,
            tokens_per_member_day: 30_000,
            tokens_per_day: 3_000_000,
            settles_in: SignedDuration::from_mins(2),
            learns_every: SignedDuration::from_hours(24),
            rooms: 50,
            news: 6,
            messages: 60,
            message_chars: 300,
            bio_chars: 1_000,
            valued_logit: 1.0,
            order_weight: 0.3,
            order_first: 10,
            order_ttl: SignedDuration::from_hours(24),
            words_ttl: SignedDuration::from_hours(30 * 24),
            keep_calls: SignedDuration::from_hours(365 * 24),
            keep_findings: SignedDuration::from_hours(365 * 24),
        }
    }
}

/// Work after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobConfig {
    /// How long a job belongs to its runner without a renewal; the runner renews at every third of it. 20 s: how late a
    /// job is at the most when its runner dies.
    pub lease: SignedDuration,
    /// How many jobs one instance performs at a time. 8: most of them wait for somebody else.
    pub at_once: usize,
    /// How often what is kept for a term only is let go. 1 hour.
    pub purge_every: SignedDuration,
    /// How long the right to deliver events belongs to its holder without a renewal. 10 s: how late events are at the most
    /// when their deliverer dies.
    pub delivery_lease: SignedDuration,
    /// How long the host's sink may take for one delivery. 30 s.
    pub deliver_within: SignedDuration,
    /// Mails. 12 attempts from 5 s to an hour apart: some two to three hours, longer than a mail server restarts.
    pub mail: JobPolicy,
    /// Deletion of pictures. 20 attempts up to an hour apart: more than half a day.
    pub blobs: JobPolicy,
    /// Erasure of a member. 60 attempts up to an hour apart: more than two days, well within what the law leaves.
    pub erase: JobPolicy,
    /// Following a match. 20 attempts up to an hour apart.
    pub talk: JobPolicy,
    /// Upkeep. 5 attempts, then the next round.
    pub purge: JobPolicy,
    /// Planning the daily round. 6 attempts, then the next night.
    pub daily_round: JobPolicy,
    /// The picks of one region. 6 attempts of two hours; one region at a time an instance, so that several share them.
    pub region_round: JobPolicy,
    /// Whatever asks a text model. 20 attempts; a model that is away is no failure, it is asked again later. 2 at a time: how
    /// many calls one instance makes at once of each kind.
    pub assist: JobPolicy,
    /// Jobs of the host's own kinds. 20 attempts, 6 hours each: a nightly run.
    pub own: JobPolicy,
}

/// How a kind of job is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPolicy {
    /// How often it is begun before it becomes a dead letter.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one. Half of every wait is drawn at random.
    pub first_retry: SignedDuration,
    /// The longest wait.
    pub slowest_retry: SignedDuration,
    /// How long one attempt may take.
    pub time_limit: SignedDuration,
    /// How many of the kind one instance performs at a time.
    pub at_once: usize,
}

impl JobPolicy {
    const fn new(attempts: u32, first_retry: i64, time_limit_mins: i64, at_once: usize) -> Self {
        Self {
            attempts,
            first_retry: SignedDuration::from_secs(first_retry),
            slowest_retry: SignedDuration::from_hours(1),
            time_limit: SignedDuration::from_mins(time_limit_mins),
            at_once,
        }
    }
}

impl Default for JobConfig {
    fn default() -> Self {
        Self {
            lease: SignedDuration::from_secs(20),
            at_once: 8,
            purge_every: SignedDuration::from_hours(1),
            delivery_lease: SignedDuration::from_secs(10),
            deliver_within: SignedDuration::from_secs(30),
            mail: JobPolicy::new(12, 5, 2, 4),
            blobs: JobPolicy::new(20, 5, 5, 2),
            erase: JobPolicy::new(60, 60, 30, 2),
            talk: JobPolicy::new(20, 60, 5, 2),
            purge: JobPolicy::new(5, 60, 30, 1),
            daily_round: JobPolicy::new(6, 60, 30, 1),
            region_round: JobPolicy::new(6, 60, 120, 1),
            assist: JobPolicy::new(20, 60, 30, 2),
            own: JobPolicy::new(20, 60, 360, 2),
        }
    }
}

impl JobConfig {
    /// The policy of a kind of jobs, by its name.
    pub fn of_kind(&self, kind: &str) -> &JobPolicy {
        match kind {
            "send_sign_up_code" | "send_address_in_use" => &self.mail,
            "delete_blobs" => &self.blobs,
            "erase" => &self.erase,
            "follow_talk" => &self.talk,
            "purge" | "deliver_events" | "round_of_day" => &self.purge,
            "daily_round" => &self.daily_round,
            "region_round" => &self.region_round,
            "read_profile"
            | "learn_from_conversations"
            | "forget_conversations"
            | "put_in_order"
            | "write_words"
            | "write_hints"
            | "moderate" => &self.assist,
            _ => &self.own,
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
    /// Wrong passwords for one account from one address before the next try has to wait. 10.
    pub free_login_failures: u32,
    /// The longest such wait. 15 minutes: never a lasting lock that others could set off.
    pub login_wait_max: SignedDuration,
    /// Wrong passwords for one account from everywhere: so many at once, all back after an hour. 25. With the two reserves
    /// below no more than twice their sum, 94, are looked at in any hour.
    pub account_guesses: u32,
    /// The reserve, likewise, for addresses that have not been wrong about this account lately: its owner on the road. 10.
    pub account_guesses_unseen: u32,
    /// The reserve, likewise, for networks that the account is signed in from: its owner at home. 12.
    pub account_guesses_known: u32,
    /// Wrong logins from one address, whoever they are for. 30 at once, all back after ten minutes: a household.
    pub logins_per_address: Option<Quota>,
    /// Mails that one address may set off. 20 at once, all back after an hour.
    pub mails_per_address: Option<Quota>,
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
            account_guesses: 25,
            account_guesses_unseen: 10,
            account_guesses_known: 12,
            logins_per_address: Some(Quota::new(30, SignedDuration::from_mins(10))),
            mails_per_address: Some(Quota::new(20, SignedDuration::from_hours(1))),
            issuer: "gpting".to_owned(),
            audience: "gpting".to_owned(),
        }
    }
}
