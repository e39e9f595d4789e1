//! Who members are and whom they wish to meet.

pub mod catalogue;
pub mod gazetteer;
pub mod member;
pub mod place;
pub mod preference;
mod spelling;

pub use self::member::{Member, Photo, Profile, Standing, gender_letter_of, parse_gender};
pub use self::preference::{AttributeWish, Preferences, WishStrength};
