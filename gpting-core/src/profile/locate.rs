//! Where members are met: a grid cell, from a place name or coordinates that are snapped at once and never kept.

use super::card::Label;
use super::gazetteer::Gazetteer;
use super::place::Location;
use crate::error::{Error, Fault, Result};
use crate::gpting::Profiles;
use crate::id::MemberId;
use crate::lang::Lang;

/// Where somebody says they are. Coordinates win over the name.
#[derive(Clone, Default, PartialEq)]
pub struct LocateInput {
    /// A place name, Korean or English.
    pub location: Option<String>,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<(f64, f64)>,
}

impl std::fmt::Debug for LocateInput {
    /// Without the place.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocateInput").finish_non_exhaustive()
    }
}

impl Profiles<'_> {
    /// Sets where the member is met, and answers the district as others will read it; none outside the gazetteer.
    ///
    /// # Errors
    /// A fault of the field `location`, `latitude` or `longitude`.
    pub async fn locate(&self, me: MemberId, input: LocateInput) -> Result<Option<Label>> {
        let gazetteer = Gazetteer::built_in();
        let location = read(&input, gazetteer)?;
        self.0
            .change_member(me, None, |member, _| {
                member.profile.location = Some(location.clone());
                Ok(())
            })
            .await?;
        Ok(label(&location, gazetteer))
    }

    /// The district the member is met in, if they said where they are.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn location(&self, me: MemberId) -> Result<Option<Label>> {
        let member = self.0.acting(me).await?;
        Ok(member.value.profile.location.as_ref().and_then(|location| label(location, Gazetteer::built_in())))
    }

    /// Forgets where the member is met.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unlocate(&self, me: MemberId) -> Result<()> {
        self.0
            .change_member(me, None, |member, _| {
                member.profile.location = None;
                Ok(())
            })
            .await?;
        Ok(())
    }
}

/// The district of a location in both languages.
pub fn label(location: &Location, gazetteer: &Gazetteer) -> Option<Label> {
    Some(Label { ko: location.region_label(gazetteer, Lang::Ko)?, en: location.region_label(gazetteer, Lang::En)? })
}

fn read(input: &LocateInput, gazetteer: &Gazetteer) -> Result<Location> {
    use super::gazetteer::PlaceError;
    use super::place::LocationError;

    let read = match (&input.coordinates, &input.location) {
        (Some((latitude, longitude)), _) => Location::from_coordinates(*latitude, *longitude, gazetteer),
        (None, Some(name)) => Location::from_place_name(name, gazetteer),
        (None, None) => return Err(Error::field("location", Fault::Required)),
    };
    read.map_err(|error| match error {
        LocationError::Place(PlaceError::Ambiguous { .. }) => Error::field("location", Fault::Ambiguous),
        LocationError::Place(_) => Error::field("location", Fault::Unknown),
        LocationError::NotFinite | LocationError::LatitudeOutOfRange | LocationError::NotACell => {
            Error::field("latitude", Fault::Invalid)
        }
        LocationError::LongitudeOutOfRange => Error::field("longitude", Fault::Invalid),
    })
}
