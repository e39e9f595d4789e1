//! A made-up population in a store: documents as long as real ones, a sample of people with accounts, and what those have
//! decided.

use std::collections::{BTreeMap, BTreeSet};

use gpting_benches::random::Random;
use gpting_core::account::{Account, AccountChange, AccountStore as _, AccountWork};
use gpting_core::id::{JobId, MemberId, PhotoId};
use gpting_core::interaction::{Decision, DecisionKind, Pair, PairKey};
use gpting_core::job::{Job, Task};
use gpting_core::lab::population::{Population, Synthetic};
use gpting_core::profile::catalogue::{AttributeValue, Catalogue};
use gpting_core::profile::place::Location;
use gpting_core::profile::{Member, Photo, Preferences, Profile, Standing};
use gpting_core::store::{Change, Expect, Store as _, Work};
use gpting_core::{Clock as _, SystemClock};
use gpting_store_sqlite::SqliteStore;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::Failure;

/// How many somebody has decided on who has used the service for long.
pub(crate) const HEAVY: usize = 2_000;
/// Members or pairs of one commit.
const BATCH: usize = 2_000;
/// What everybody's password is, and what another system would have kept of it: PBKDF2 in 1,000 rounds.
pub(crate) const PASSWORD: &str = "all of them are made up";
const HASH: &str = "pbkdf2_sha256$1000$Zy3sP0qLkR8mTn1v$F/6NDYpOTIr3eMmtJ0Y2KZet0w7l8pfRFZpDpCz730g=";

const SENTENCES: [&str; 16] = [
    "주말에는 북한산이나 관악산에 자주 올라가요.",
    "필터 커피를 내려 마시는 시간을 제일 좋아합니다.",
    "고양이 두 마리와 살고 있어요.",
    "요즘은 첼로를 다시 배우기 시작했습니다.",
    "독립 영화관에 혼자 가는 것도 좋아하지만 같이 가면 더 좋겠어요.",
    "요리는 잘 못하지만 설거지는 자신 있습니다.",
    "퇴근하고 한강에서 자전거를 타요.",
    "조용한 카페에서 책 읽는 걸 좋아합니다.",
    "여행을 가면 시장부터 찾아가는 편이에요.",
    "운동은 클라이밍을 3년째 하고 있어요.",
    "솔직하게 이야기할 수 있는 사람을 만나고 싶습니다.",
    "술은 거의 안 마시지만 분위기는 좋아해요.",
    "I moved here from Busan two years ago and still miss the sea.",
    "Looking for somebody to try every noodle place in town with.",
    "Weekdays are for work, weekends for long walks.",
    "I like quiet evenings, board games and old jazz records.",
];

/// Somebody who asks for proposals.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) place: usize,
    pub(crate) id: MemberId,
    pub(crate) access: String,
}

impl Viewer {
    /// The login name.
    pub(crate) fn name(&self) -> String {
        format!("viewer{}", self.place)
    }

    /// Whether they have decided on [`HEAVY`] others.
    pub(crate) fn is_heavy(&self) -> bool {
        self.place.is_multiple_of(4)
    }
}

/// Positive and below 2^53, as ids are.
fn random_id(random: &mut Random) -> i64 {
    i64::try_from(random.below(1 << 52)).expect("below 2^52").max(1)
}

/// The id of a number: as random as real ones, and the same every time.
fn id_of(number: usize) -> MemberId {
    MemberId::new(random_id(&mut Random(number as u64))).expect("an id")
}

fn population() -> Population {
    // Vectors are made of texts by the server; these are not kept.
    Population::new(1, 2)
}

/// A sample of those who take part, spread over everybody.
pub(crate) fn viewers(count: usize, wanted: usize) -> Vec<Viewer> {
    let population = population();
    let active = (0..).map(|n: usize| n * 7919 % count).take(count).filter(|n| population.person(*n as u64).active);
    let viewers = active.take(wanted).enumerate();
    viewers.map(|(place, number)| Viewer { place, id: id_of(number), access: String::new() }).collect()
}

/// The id of the one job of the daily round.
const ROUND: i64 = 3;

/// Everybody, in commits of many. The first daily round is tomorrow's: it takes minutes of a processor.
pub(crate) async fn fill(store: &SqliteStore, count: usize) -> Result<(), Failure> {
    let (population, now, began) = (population(), SystemClock.now(), std::time::Instant::now());
    let round = JobId::new(ROUND).ok_or("an id")?;
    let job = Job::new(round, Task::DailyRound, now + SignedDuration::from_hours(24));
    store.commit(Work::new().change(Change::PutJob(job, Expect::New))).await?;
    let mut number = 0;
    while number < count {
        let end = (number + BATCH).min(count);
        let put = (number..end).map(|number| {
            let member = member(number, &population.person(number as u64), now);
            Change::PutMember(Box::new(member), Expect::New)
        });
        store.commit(put.fold(Work::new(), Work::change)).await?;
        number = end;
        if number.is_multiple_of(100_000) {
            eprintln!("{number} members after {:.0} s", began.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

fn member(number: usize, person: &Synthetic, now: Timestamp) -> Member {
    let mut random = Random(number as u64 ^ 0x5eed);
    let today = gpting_core::safety::age::seoul_date(now);
    let born = today.checked_sub((12 * i64::from(person.age) + i64::from(random.between(1, 11))).months());
    let genders = [("M", 1), ("F", 2), ("O", 4)].into_iter().filter(|(_, bit)| person.wanted & bit != 0);
    let catalogue = Catalogue::built_in();
    let all: Vec<&str> = catalogue.interests().map(|interest| interest.code.as_str()).collect();
    let interests: BTreeSet<&str> = (0..4 + random.below(6)).map(|_| all[random.below(all.len())]).collect();
    let photos = (0..=random.below(3)).map(|_| Photo {
        id: PhotoId::new(random_id(&mut random)).expect("an id"),
        key: format!("{:016x}{:016x}", random_id(&mut random), random_id(&mut random)),
        width: 1_080,
        height: 1_350,
    });
    let photos = photos.collect();
    let bio: Vec<&str> = (0..2 + random.below(4)).map(|_| SENTENCES[random.below(SENTENCES.len())]).collect();
    let profile = Profile {
        nickname: format!("사람{number}"),
        gender: Some(person.gender),
        birth_date: born.ok(),
        bio: bio.join(" "),
        photos,
        interests: interests.into_iter().map(str::to_owned).collect(),
        attributes: attributes(&mut random),
        location: Location::from_stored(person.cell.into(), None).ok(),
    };
    let preferences = Preferences {
        genders: genders.map(|(letter, _)| letter.to_owned()).collect(),
        age_min: person.age_min,
        age_max: person.age_max,
        max_distance_km: Some(person.max_km),
        ..Preferences::default()
    };
    Member {
        id: id_of(number),
        host: None,
        source: None,
        standing: if person.active { Standing::Active } else { Standing::Deactivated },
        verified: person.verified,
        created_at: now - SignedDuration::from_mins(i64::try_from(number % 1_000_000).expect("small")),
        last_active: now,
        profile,
        preferences,
        answers: BTreeMap::new(),
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: gpting_core::profile::Visibility::default(),
    }
}

/// Four attributes that most people fill in.
fn attributes(random: &mut Random) -> BTreeMap<String, AttributeValue> {
    let choices = ["mbti", "smoking", "drinking", "relationship_goal"].into_iter().filter_map(|code| {
        let values = &Catalogue::built_in().attribute(code)?.values;
        let value = values.get(random.below(values.len()))?;
        Some((code.to_owned(), AttributeValue::Choice(value.code.clone())))
    });
    choices.collect()
}

/// Accounts of the viewers, as people who came from another system have them.
pub(crate) async fn give_accounts(store: &SqliteStore, viewers: &[Viewer]) -> Result<(), Failure> {
    for viewer in viewers {
        let email = format!("{}@example.com", viewer.name());
        let account = Account {
            member: viewer.id,
            username: viewer.name(),
            email: email.clone(),
            email_canonical: email,
            password_hash: HASH.to_owned(),
            created_at: SystemClock.now(),
        };
        let put = AccountChange::PutAccount(Box::new(account), Expect::New);
        store.commit_account(AccountWork::new().change(put)).await?;
    }
    Ok(())
}

/// Passes of these viewers: on those named, and on as many others of chance as make [`HEAVY`].
pub(crate) async fn pass(store: &SqliteStore, all: &[(&Viewer, Vec<MemberId>)]) -> Result<(), Failure> {
    let (now, mut done, mut work) = (SystemClock.now(), BTreeSet::new(), Work::new());
    for (viewer, best) in all {
        let mut random = Random(viewer.place as u64);
        // Of chance means anybody's number; most do not fit, as after years of other wishes.
        let others = std::iter::repeat_with(|| id_of(random.below(20_000)));
        let mut passed = BTreeSet::new();
        for other in best.iter().copied().chain(others.take(4 * HEAVY)) {
            let Some(key) = PairKey::of(viewer.id, other) else { continue };
            if passed.len() == HEAVY || !passed.insert(other) || !done.insert(key) {
                continue;
            }
            let mut pair = Pair::strangers(key);
            let decision = Some(Decision { kind: DecisionKind::Pass, at: now, message: None });
            if key.low == viewer.id {
                pair.low.decision = decision;
            } else {
                pair.high.decision = decision;
            }
            work = work.change(Change::PutPair(Box::new(pair), Expect::New));
            if work.changes.len() == BATCH {
                store.commit(std::mem::take(&mut work)).await?;
            }
        }
    }
    store.commit(work).await?;
    eprintln!("{} decisions", done.len());
    Ok(())
}
