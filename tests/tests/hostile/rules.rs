//! The hard rules of who may be proposed to whom, written down apart from the product: gender and wish, age and distance of both,
//! blocks, decisions, oneself.

use jiff::civil::Date;
use jiff::{Unit, tz::TimeZone};

use super::population::{Population, Stated};

/// What coarse places may be off by, in km, at both ends together.
const COARSE_KM: f64 = 15.0;

fn today() -> Date {
    let seoul = TimeZone::get("Asia/Seoul").expect("a known zone");
    gpting_core::Clock::now(&gpting_core::SystemClock).to_zoned(seoul).date()
}

fn age(stated: &Stated) -> i16 {
    stated.born.until((Unit::Year, today())).unwrap().get_years()
}

/// Kilometres between two points of the sphere.
fn km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (north, east) = ((b.0 - a.0).to_radians() / 2.0, (b.1 - a.1).to_radians() / 2.0);
    let chord = north.sin().powi(2) + a.0.to_radians().cos() * b.0.to_radians().cos() * east.sin().powi(2);
    2.0 * 6371.0 * chord.sqrt().asin()
}

/// Which rule keeps `b` from being proposed to `a`; none when nothing does.
pub(crate) fn broken(town: &Population, a: usize, b: usize) -> Option<&'static str> {
    if a == b {
        return Some("oneself");
    }
    if town.blocks.contains(&(a, b)) || town.blocks.contains(&(b, a)) {
        return Some("a block");
    }
    if town.decided.contains(&(a, b)) {
        return Some("a decision");
    }
    let (one, other) = (&town.souls[a].stated, &town.souls[b].stated);
    for (who, whom) in [(one, other), (other, one)] {
        if !who.wishes.contains(&whom.gender) {
            return Some("a wish");
        }
        if !(who.ages.0..=who.ages.1).contains(&age(whom)) {
            return Some("an age");
        }
        if km(who.at, whom.at) > f64::from(who.most_km) + COARSE_KM {
            return Some("a distance");
        }
    }
    None
}
