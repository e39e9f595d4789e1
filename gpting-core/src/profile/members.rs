//! Members as the host and the use-cases reach them: by host id, by id, complete or not.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::member::{Member, Profile, Standing, Visibility};
use super::preference::Preferences;
use crate::assist::Derived;
use crate::error::{Code, Result};
use crate::gpting::{Core, Members, until_fresh};
use crate::id::{HostId, MemberId};
use crate::store::{Change, Expect, Versioned, Work};

impl Members<'_> {
    /// The member of a host's user, created when there is none. Safe to call at every request and at the same time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ensure(&self, host: HostId) -> Result<MemberId> {
        let core = self.0;
        until_fresh(|| async {
            if let Some(member) = core.store.member_by_host(&host).await? {
                return Ok(member.value.id);
            }
            let now = core.now();
            let id = MemberId::draw(&*core.rng);
            let member = Member {
                id,
                host: Some(host.clone()),
                source: None,
                standing: Standing::Active,
                verified: false,
                created_at: now,
                last_active: now,
                profile: Profile::default(),
                preferences: Preferences::default(),
                answers: BTreeMap::new(),
                consents: Vec::new(),
                derived: Derived::default(),
                visibility: Visibility::default(),
            };
            match core.commit(Work::new().change(Change::PutMember(Box::new(member), Expect::New))).await {
                Ok(_) => Ok(id),
                // Somebody else was faster: the next round finds theirs.
                Err(crate::store::StoreError::Conflict { .. }) => Err(crate::store::StoreError::Stale.into()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Takes in people from elsewhere, as active members without account: one commit for the whole batch.
    ///
    /// Whoever is already there by [`Member::source`] is left alone; their number is answered.
    ///
    /// # Errors
    /// When the store fails; then nobody of the batch was taken in.
    pub async fn import(&self, people: Vec<Member>) -> Result<Imported> {
        let core = self.0;
        until_fresh(|| async {
            let sources: Vec<String> = people.iter().filter_map(|person| person.source.clone()).collect();
            let known: std::collections::HashSet<String> =
                core.store.members_by_source(&sources).await?.into_iter().filter_map(|row| row.value.source).collect();
            let mut work = Work::new();
            for person in &people {
                if person.source.as_ref().is_none_or(|source| !known.contains(source)) {
                    work = work.change(Change::PutMember(Box::new(person.clone()), Expect::New));
                }
            }
            let imported = work.changes.len();
            if imported > 0 {
                core.store.commit(work).await?;
            }
            Ok(Imported { imported, unchanged: people.len() - imported })
        })
        .await
    }
}

/// What an import of a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many were taken in.
    pub imported: usize,
    /// How many were there already.
    pub unchanged: usize,
}

impl Core {
    /// A member who may act: known, not deactivated, not being erased.
    pub(crate) async fn acting(&self, me: MemberId) -> Result<Versioned<Member>> {
        let member = self.member(me).await?.ok_or(Code::TokenInvalid)?;
        match member.value.standing {
            Standing::Active => Ok(member),
            Standing::Deactivated => Err(Code::Deactivated.into()),
            Standing::Erasing { .. } => Err(Code::AccountErased.into()),
        }
    }

    /// A member by id.
    pub(crate) async fn member(&self, id: MemberId) -> Result<Option<Versioned<Member>>> {
        Ok(self.store.members(&[id]).await?.pop())
    }

    /// Remembers that a member was here, to the hour, so that reading does not become writing.
    pub(crate) async fn touch(&self, member: &Versioned<Member>) -> Result<()> {
        let now = self.now();
        if now.duration_since(member.value.last_active) < SignedDuration::from_hours(1) {
            return Ok(());
        }
        let mut seen = member.value.clone();
        seen.last_active = now;
        let follows = self.follow(&member.value, &mut seen);
        let mut work = Work::new().change(Change::PutMember(Box::new(seen.clone()), member.expect()));
        work.changes.extend(follows);
        match self.commit(work).await {
            Ok(_) => {
                self.ask_to_read(&seen).await;
                Ok(())
            }
            // Whoever changed the member meanwhile has seen them too.
            Err(crate::store::StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
