//! Own pictures, and pictures as they are looked at.

use bytes::Bytes;
use gpting_core::id::PhotoId;
use gpting_core::profile::Member;
use gpting_core::{Code, Fault};
use http::{HeaderValue, Response, header};

use crate::body::Body;
use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::wire::Message;
use crate::wire::card::PhotoBody;
use crate::wire::photo::{PhotoOrder, PhotoUpload};

/// Adds a picture at the end.
pub(crate) async fn add(call: Call<PhotoUpload>) -> Answer<PhotoBody> {
    let me = call.me()?;
    let bytes = super::required(call.input.photo.clone(), "photo")?;
    let photo = call.g().profiles().add_photo(me, bytes.into()).await?;
    Ok(Reply::created(call.view()?.photo(me, &photo)))
}

/// Puts the pictures in order.
pub(crate) async fn order(call: Call<PhotoOrder>) -> Answer<Vec<PhotoBody>> {
    let me = call.me()?;
    let photos = call.g().profiles().order_photos(me, call.input.order.clone()).await?;
    Ok(Reply::ok(call.view()?.photos(me, &photos)))
}

/// Deletes a picture.
pub(crate) async fn delete(call: Call) -> Answer<Message> {
    call.g().profiles().delete_photo(call.me()?, call.id(Code::NotFound)?).await?;
    Ok(Reply::ok(Message::said(call.lang, "사진이 삭제되었습니다.", "The picture has been deleted.")))
}

/// Adds a picture as the first one.
pub(super) async fn make_first(call: &Call, member: &Member, bytes: Bytes) -> Result<(), Problem> {
    let profiles = call.g().profiles();
    let photo = profiles.add_photo(member.id, bytes.into()).await?;
    let rest = member.profile.photos.iter().map(|photo| photo.id);
    let order = std::iter::once(photo.id).chain(rest).collect();
    match profiles.order_photos(member.id, order).await {
        // Another device has added or deleted one meanwhile: the picture is there, only not the first.
        Ok(_) => Ok(()),
        Err(error) if error.fields().iter().any(|field| matches!(field.fault, Fault::Unknown | Fault::Required)) => {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// A picture by its signed address. The signature says who looks; whether they may is asked each time.
pub(crate) async fn picture(call: Call) -> Result<Response<Body>, Problem> {
    let photo: PhotoId = call.id(Code::NotFound)?;
    let look = call.shared.photos.read(photo, &call.query, call.shared.options.clock.now()).ok_or(Code::NotFound)?;
    let bytes = call.g().profiles().photo(look.viewer, look.owner, photo).await.map_err(|error| {
        let problem = Problem::from(error);
        // Blocked, gone, deleted, not to be seen: all of it is a picture that does not exist.
        if problem.status().is_client_error() { Code::NotFound.into() } else { problem }
    })?;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    // Short enough that a deleted or blocked picture is gone within the minute.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    Ok(response)
}
