//! Who members are and whom they wish to meet.

pub mod answer;
pub mod card;
pub mod catalogue;
pub mod edit;
pub mod gazetteer;
mod grid;
pub mod locate;
pub mod member;
pub mod members;
pub mod photo;
pub mod place;
pub mod preference;
mod respond;
pub(crate) mod spelling;
pub mod visibility;
pub mod wish;

pub use self::answer::{Answer, AnswerInput, GivenAnswer, Importance};
pub use self::card::Card;
pub use self::edit::ProfileEdit;
pub use self::locate::LocateInput;
pub use self::member::{Member, Photo, Profile, Standing, Visibility, gender_letter_of, parse_gender};
pub use self::members::Imported;
pub use self::preference::{AttributeWish, PreferenceWeights, Preferences, WeightLevel, WishStrength};
pub use self::visibility::VisibilityEdit;
pub use self::wish::PreferencesEdit;
