//! Block: total and mutual. From the commit on, the two do not exist for each other, anywhere.

use jiff::Timestamp;

use crate::error::{Code, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Safety, bounded, until_fresh};
use crate::id::MemberId;
use crate::interaction::decide::Acted;
use crate::interaction::{Pair, PairKey, PairList};
use crate::store::{Change, Expect, Page, Work};

/// Somebody the member blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockView {
    /// Who.
    pub id: MemberId,
    /// The name the member knew.
    pub nickname: String,
    /// Since when.
    pub since: Timestamp,
}

impl Safety<'_> {
    /// Blocks somebody whom the member may see, or was shown before that one hid: match, friendship and requests end, the
    /// room closes, each vanishes for the other. Says whether the block stood already.
    ///
    /// # Errors
    /// [`Code::SelfAction`]; [`Code::MemberNotFound`] for people the member may not see and was never shown.
    pub async fn block(&self, me: MemberId, other: MemberId) -> Result<bool> {
        let core = self.0;
        core.acting(me).await?;
        until_fresh(|| async {
            let key = PairKey::of(me, other).ok_or(Code::SelfAction)?;
            let side = key.side(me).ok_or(Code::SelfAction)?;
            let loaded = core.store.pair(key).await?;
            let expect = Expect::of(loaded.as_ref());
            let mut pair = match loaded {
                Some(loaded) => loaded.value,
                None => Pair::strangers(key),
            };
            if pair.stance(side).blocked_at.is_some() {
                return Ok(true);
            }
            // Whoever was ever shown to the member, or had to do with them, can be blocked: also after an unmatch.
            let acquainted = expect != Expect::New && !pair.is_blocked();
            if !acquainted {
                core.met(me, other).await?;
            }
            let now = core.now();
            pair.block(side, now);
            let work = Work::new().event(Event { at: now, fact: Fact::Blocked { member: me, other } });
            core.commit_and_close(work, Acted { side, expect, pair }, now).await?;
            Ok(false)
        })
        .await
    }

    /// Lifts the member's own block; one of the other stays, and the room stays closed.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`] when the member does not block them.
    pub async fn unblock(&self, me: MemberId, other: MemberId) -> Result<()> {
        let core = self.0;
        core.acting(me).await?;
        until_fresh(|| async {
            let mut acted = core.existing_pair(me, other).await?;
            if !acted.pair.unblock(acted.side) {
                return Err(Code::MemberNotFound.into());
            }
            core.commit(Work::new().change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
            Ok(())
        })
        .await
    }

    /// Those whom the member blocks, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn blocks(&self, me: MemberId, page: Page) -> Result<Vec<BlockView>> {
        let core = self.0;
        core.acting(me).await?;
        let page = Page { limit: bounded(page.limit, core.config.limits.page), ..page };
        let pairs = core.store.list_pairs(me, PairList::Blocked, page).await?;
        let ids: Vec<MemberId> = pairs.iter().map(|pair| pair.key.other(me)).collect();
        let members = core.store.members(&ids).await?;
        Ok(pairs
            .iter()
            .filter_map(|pair| {
                let id = pair.key.other(me);
                let since = pair.stance(pair.key.side(me)?).blocked_at?;
                let nickname = members
                    .iter()
                    .find(|row| row.value.id == id && row.value.may_be_shown(true))
                    .map_or_else(String::new, |row| row.value.profile.nickname.clone());
                Some(BlockView { id, nickname, since })
            })
            .collect())
    }
}
