//! Pictures of members: made safe before they are kept, shown only to people who may see the card.

use jiff::SignedDuration;

use super::member::{Member, Photo};
use crate::assist::Subject;
use crate::error::{Chain, Code, Error, Fault, Result};
use crate::gpting::{Core, Profiles, STRANGER};
use crate::id::{JobId, MemberId, PhotoId};
use crate::job::{Job, Task};
use crate::port::{BlobStore, PictureError, PortError};
use crate::store::{Change, Expect, Versioned, Work};

/// How long an upload may take between its bytes and its commit.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_hours(1);

impl Profiles<'_> {
    /// Adds a picture at the end. The bytes are decoded within limits and re-encoded; nothing else of them is kept.
    ///
    /// # Errors
    /// [`Code::PhotoUnsupported`], [`Code::PhotoTooLarge`], [`Code::PhotoLimit`]; [`Error::Unavailable`] when the service
    /// was built without pictures.
    pub async fn add_photo(&self, me: MemberId, bytes: Vec<u8>) -> Result<Photo> {
        let core = self.0;
        let limit = core.config.limits.photos;
        if core.acting(me).await?.value.profile.photos.len() >= limit {
            return Err(Code::PhotoLimit.into());
        }
        let pictures = core.pictures.as_ref().ok_or_else(without_photos)?;
        let picture = pictures.prepare(bytes).await.map_err(|error| match error {
            PictureError::TooLarge => Error::Refused(Code::PhotoTooLarge),
            PictureError::Unsupported => Error::Refused(Code::PhotoUnsupported),
            PictureError::Busy => {
                Error::Unavailable { part: "the picture workshop", retry_after: std::time::Duration::from_secs(2) }
            }
        })?;
        let photo = Photo {
            id: PhotoId::draw(&*core.rng),
            key: random_key(core),
            width: picture.width,
            height: picture.height,
        };
        let blobs = core.blobs()?;
        // Before the bytes: whoever dies between them and the commit leaves a job that deletes them.
        let task = Task::DeleteBlobs { keys: vec![photo.key.clone()] };
        let clearing = Job::new(JobId::draw(&*core.rng), task, core.now() + ABANDONED_AFTER);
        core.store.commit(Work::new().change(Change::PutJob(clearing.clone(), Expect::New))).await?;
        let kept = async {
            blobs.put(&photo.key, picture.bytes).await.map_err(|error| blob_failed(&error))?;
            core.attach_photo(me, &photo, clearing.id).await
        };
        if let Err(error) = kept.await {
            // Nothing refers to the blob: it goes at once, or else by the job.
            if blobs.delete(&photo.key).await.is_ok() {
                let cross_off = Work::new().change(Change::DeleteJob(clearing.id, 1));
                let _ = core.store.commit(cross_off).await;
            }
            return Err(error);
        }
        Ok(photo)
    }

    /// Puts the pictures in this order; every one must be named once.
    ///
    /// # Errors
    /// A fault of the field `photos` when the list is not a permutation of the present ones.
    pub async fn order_photos(&self, me: MemberId, order: Vec<PhotoId>) -> Result<Vec<Photo>> {
        let changed = self
            .0
            .change_member(me, None, |member, _| {
                let photos = &mut member.profile.photos;
                let mut wanted = Vec::with_capacity(photos.len());
                for id in &order {
                    let at = photos.iter().position(|photo| photo.id == *id);
                    wanted.push(photos.remove(at.ok_or_else(|| Error::field("photos", Fault::Unknown))?));
                }
                if !photos.is_empty() {
                    return Err(Error::field("photos", Fault::Required));
                }
                *photos = wanted;
                Ok(())
            })
            .await?;
        Ok(changed.value.profile.photos)
    }

    /// Deletes a picture; its bytes go by a job after the commit.
    ///
    /// # Errors
    /// [`Code::NotFound`] when the member has no such picture.
    pub async fn delete_photo(&self, me: MemberId, id: PhotoId) -> Result<()> {
        let core = self.0;
        crate::gpting::until_fresh(|| async {
            let loaded = core.acting(me).await?;
            let expect = loaded.expect();
            let mut member = loaded.value;
            let at = member.profile.photos.iter().position(|photo| photo.id == id).ok_or(Code::NotFound)?;
            let photo = member.profile.photos.remove(at);
            let task = Task::DeleteBlobs { keys: vec![photo.key] };
            let job = Job::new(JobId::draw(&*core.rng), task, core.now());
            let work = Work::new()
                .change(Change::PutMember(Box::new(member), expect))
                .change(Change::DropFindings { member: me, subject: Subject::Photo(id) })
                .change(Change::PutJob(job, Expect::New));
            core.commit(work).await?;
            Ok(())
        })
        .await
    }

    /// The bytes (JPEG) of somebody's picture, for a viewer who may see their card.
    ///
    /// # Errors
    /// [`Code::MemberNotFound`] when they may not, [`Code::NotFound`] when there is no such picture.
    pub async fn photo(&self, viewer: MemberId, owner: MemberId, id: PhotoId) -> Result<Vec<u8>> {
        let core = self.0;
        let member: Member = if viewer == owner {
            core.acting(viewer).await?.value
        } else {
            core.acting(viewer).await?;
            core.seen(viewer, owner).await.map_err(|_| STRANGER)?.0
        };
        let photo = member.profile.photos.iter().find(|photo| photo.id == id).ok_or(Code::NotFound)?;
        core.blobs()?.get(&photo.key).await.map_err(|error| blob_failed(&error))?.ok_or_else(|| Code::NotFound.into())
    }
}

impl Core {
    /// Puts a picture at the end and calls off the deletion of its bytes, in one work.
    async fn attach_photo(&self, me: MemberId, photo: &Photo, clearing: JobId) -> Result<()> {
        crate::gpting::until_fresh(|| async {
            let loaded = self.acting(me).await?;
            let expect = loaded.expect();
            let mut member = loaded.value;
            if member.profile.photos.len() >= self.config.limits.photos {
                return Err(Code::PhotoLimit.into());
            }
            member.profile.photos.push(photo.clone());
            let mut work = Work::new()
                .change(Change::PutMember(Box::new(member.clone()), expect))
                .change(Change::DeleteJob(clearing, 1));
            work.changes.extend(self.look_at_photo(&member, photo.id));
            self.commit(work).await?;
            self.absorb(&Versioned { version: loaded.version + 1, value: member });
            Ok(())
        })
        .await
    }

    fn blobs(&self) -> Result<&dyn BlobStore> {
        self.blobs.as_deref().ok_or_else(without_photos)
    }
}

fn without_photos() -> Error {
    Error::Unavailable { part: "the picture storage", retry_after: std::time::Duration::from_mins(1) }
}

/// Where pictures are kept may be another machine: what fails there may work later.
fn blob_failed(error: &PortError) -> Error {
    tracing::warn!(error = %Chain(error), "the picture storage failed");
    Error::Unavailable { part: "the picture storage", retry_after: std::time::Duration::from_secs(5) }
}

/// 128 random bits in hexadecimal: a name that nobody can guess.
fn random_key(core: &Core) -> String {
    let mut bytes = [0; 16];
    core.rng.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut key, byte| {
        use std::fmt::Write as _;
        let _ = write!(key, "{byte:02x}");
        key
    })
}
