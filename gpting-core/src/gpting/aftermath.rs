//! Who is to be woken after a commit, read off the work. Pure.

use crate::port::Hint;
use crate::store::{Change, Work};

/// Who is to be woken after a commit.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    /// What is told to everybody who waits, on every instance.
    pub(super) hints: Vec<Hint>,
    /// Whether there is a new job.
    pub(super) jobs: bool,
    /// Whether the host is to be told something.
    pub(super) events: bool,
}

impl Aftermath {
    pub(crate) fn of(work: &Work) -> Self {
        let mut after = Self { events: !work.events.is_empty(), ..Self::default() };
        for change in &work.changes {
            match change {
                Change::PutMember(member, _) => after.hints.push(Hint::Member(member.id)),
                Change::Erase { member, .. } => after.hints.push(Hint::Member(*member)),
                Change::PutRoom(room, _) => {
                    after.hints.push(Hint::Room(room.id));
                    if room.closed_at.is_none() {
                        let members = [room.pair.low, room.pair.high];
                        after.hints.extend(members.map(|member| Hint::Opened { room: room.id, member }));
                    }
                }
                Change::MarkRead { room, .. } | Change::Unsend { room, .. } => after.hints.push(Hint::Room(*room)),
                Change::PutJob(..) => after.jobs = true,
                // Its place is known only afterwards.
                Change::Append(_)
                | Change::PutPair(..)
                | Change::Serve { .. }
                | Change::DropImpressions { .. }
                | Change::Hide { .. }
                | Change::Mute { .. }
                | Change::PutTicket(_)
                | Change::TakeTicket(_)
                | Change::PutReport(..)
                | Change::DeleteJob(..)
                | Change::DropEvents(_)
                | Change::Take { .. }
                | Change::GiveBack(_)
                | Change::Sweep { .. }
                | Change::LeaveMark(_)
                | Change::Require { .. }
                | Change::KeepMade(_)
                | Change::DropMade { .. }
                | Change::NoteCall(_)
                | Change::PutFinding(_)
                | Change::DropFindings { .. }
                | Change::ForgetFindings { .. }
                | Change::PutPicks { .. }
                | Change::ClearPicks { .. }
                | Change::DropReports { .. } => {}
            }
        }
        after
    }
}
