//! Reporting somebody: the evidence is copied at once, so that nothing the subject does later can change it.

use super::report::{Evidence, EvidenceMessage, Report, ReportEntry, ReportReason};
use crate::error::{Code, Error, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Core, Safety, until_fresh};
use crate::id::{MemberId, ReportId, RoomId};
use crate::interaction::PairKey;
use crate::store::{Change, Expect, MessageRange, Work};
use crate::text;

/// What a member says against another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportInput {
    /// Whom it is about.
    pub subject: MemberId,
    /// What kind of behaviour.
    pub reason: ReportReason,
    /// In the reporter's words.
    pub detail: String,
    /// The place of a message it is about, in the room of the two.
    pub seq: Option<u64>,
}

impl Safety<'_> {
    /// Reports somebody whom the member may see, was shown or has had to do with. A further report adds to the open case.
    ///
    /// # Errors
    /// [`Code::SelfAction`]; [`Code::MemberNotFound`]; a field error for too long words.
    pub async fn report(&self, me: MemberId, input: ReportInput) -> Result<ReportId> {
        let core = self.0;
        core.acting(me).await?;
        let detail = text::block(&input.detail, core.config.limits.report_chars)
            .map_err(|fault| Error::field("detail", fault))?;
        let key = PairKey::of(me, input.subject).ok_or(Code::SelfAction)?;
        until_fresh(|| async {
            let pair = core.store.pair(key).await?.map(|loaded| loaded.value);
            let subject = match &pair {
                // Blocking first and reporting then must work: the pair itself is proof enough of having met.
                Some(_) => core.member(input.subject).await?.ok_or(Code::MemberNotFound)?.value,
                None => core.met(me, input.subject).await?,
            };
            let messages = match (pair.and_then(|pair| pair.room), input.seq) {
                (Some(room), Some(seq)) => core.evidence(room, seq, input.subject).await?,
                _ => Vec::new(),
            };
            let now = core.now();
            let entry = ReportEntry {
                reason: input.reason,
                detail: detail.clone(),
                at: now,
                evidence: Evidence {
                    nickname: subject.profile.nickname.clone(),
                    bio: subject.profile.bio.clone(),
                    photos: subject.profile.photos.iter().map(|photo| photo.key.clone()).collect(),
                    messages,
                },
            };
            let open = core.store.open_report(me, input.subject).await?;
            let expect = Expect::of(open.as_ref());
            let mut report = open.map_or_else(
                || Report {
                    id: ReportId::draw(&*core.rng),
                    reporter: me,
                    subject: input.subject,
                    entries: Vec::new(),
                    opened_at: now,
                    closed_at: None,
                    keep_until: now,
                },
                |open| open.value,
            );
            report.keep_until = now + core.config.safety.keep_reports;
            report.entries.push(entry);
            let id = report.id;
            let fact = Fact::Reported { member: me, other: input.subject, report: id };
            core.commit(Work::new().change(Change::PutReport(Box::new(report), expect)).event(Event { at: now, fact }))
                .await?;
            Ok(id)
        })
        .await
    }
}

impl Core {
    /// A message and its neighbours, as they stand.
    async fn evidence(&self, room: RoomId, seq: u64, subject: MemberId) -> Result<Vec<EvidenceMessage>> {
        let around = self.config.safety.evidence_neighbours;
        let from = seq.saturating_sub(around + 1);
        // Before the first messages of a room there are fewer; that does not take more from behind.
        let limit = usize::try_from(seq.saturating_add(around) - from).unwrap_or(usize::MAX);
        let messages = self.store.messages(room, MessageRange::After(from), limit, None).await?;
        Ok(messages
            .into_iter()
            .map(|message| EvidenceMessage {
                seq: message.seq,
                by_subject: message.sender == subject,
                text: message.text,
                at: message.at,
            })
            .collect())
    }
}
