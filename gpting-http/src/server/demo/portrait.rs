//! Portraits of people who do not exist: a few flat shapes that suggest a head and shoulders, and nothing of anybody's face.
//!
//! Called by the demo beside the server; hands the pictures to the core, which treats them as any upload.

use std::io::Cursor;

use gpting_core::Gpting;
use gpting_core::error::Chain;
use gpting_core::id::MemberId;
use gpting_core::store::{FeedCursor, FeedEntry, Store, StoreResult};
use image::{ImageError, ImageFormat, Rgb, RgbImage};
use tokio_util::sync::CancellationToken;

use super::super::import::draw::Draw;
use super::{BATCH, draw, is_made_up};

/// Width and height in pixels: the cards are upright.
const SIDES: (u32, u32) = (360, 450);

/// Gives every made-up member without a picture one, until told to stop.
pub(super) async fn hang_all(g: &Gpting, store: &dyn Store, seed: u64, stop: &CancellationToken) {
    let bare = match without_picture(store).await {
        Ok(bare) => bare,
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "the portraits of the demo could not be drawn");
            return;
        }
    };
    for (member, source) in bare {
        if stop.is_cancelled() {
            return;
        }
        let drawn = tokio::task::spawn_blocking(move || portrait(&mut draw(seed, &source, "portrait"))).await;
        let Ok(Ok(bytes)) = drawn else { continue };
        // Whoever has no picture now gets one at the next start.
        if let Err(error) = g.profiles().add_photo(member, bytes).await {
            tracing::warn!(error = %Chain(&error), "a portrait of the demo could not be kept");
        }
    }
}

async fn without_picture(store: &dyn Store) -> StoreResult<Vec<(MemberId, String)>> {
    let (mut bare, mut cursor) = (Vec::new(), FeedCursor::default());
    loop {
        let (entries, next) = store.members_changed(cursor, BATCH).await?;
        if entries.is_empty() {
            return Ok(bare);
        }
        cursor = next;
        for entry in entries {
            let FeedEntry::Put(row) = entry else { continue };
            let member = row.value;
            if is_made_up(&member) && member.profile.photos.is_empty() {
                bare.extend(member.source.map(|source| (member.id, source)));
            }
        }
    }
}

/// A picture (PNG) that the draw decides.
fn portrait(chance: &mut Draw) -> Result<Vec<u8>, ImageError> {
    let (width, height) = SIDES;
    let hue = chance.unit();
    let (above, below) = (colour(hue, 0.32, 0.95), colour(hue + 0.09, 0.45, 0.80));
    let skin = colour(0.05 + 0.04 * chance.unit(), 0.30 + 0.3 * chance.unit(), 0.55 + 0.4 * chance.unit());
    let hair = colour(chance.unit(), 0.25 + 0.5 * chance.unit(), 0.18 + 0.45 * chance.unit());
    let coat = colour(hue + 0.35 + 0.3 * chance.unit(), 0.55, 0.75);
    let moon = Ellipse { x: 0.15 + 0.7 * chance.unit(), y: 0.12 + 0.2 * chance.unit(), wide: 0.13, high: 0.104 };
    let moon_colour = colour(hue + 0.5, 0.25, 0.98);
    let wide = 0.17 + 0.03 * chance.unit();
    let face = Ellipse { x: 0.5, y: 0.44, wide, high: 0.17 + 0.02 * chance.unit() };
    let locks =
        Ellipse { x: 0.5, y: 0.40 + 0.05 * chance.unit(), wide: wide + 0.05, high: 0.19 + 0.07 * chance.unit() };
    let fringe = 0.35 + 0.05 * chance.unit();
    let shoulders = Ellipse { x: 0.5, y: 0.98, wide: 0.36 + 0.06 * chance.unit(), high: 0.30 };
    let neck = Ellipse { x: 0.5, y: 0.64, wide: 0.07, high: 0.12 };
    let picture = RgbImage::from_fn(width, height, |column, row| {
        let (x, y) = (f64::from(column) / f64::from(width), f64::from(row) / f64::from(height));
        let is_fringe = locks.holds(x, y) && y < fringe;
        Rgb(if shoulders.holds(x, y) {
            coat
        } else if is_fringe {
            hair
        } else if face.holds(x, y) || neck.holds(x, y) {
            skin
        } else if locks.holds(x, y) {
            hair
        } else if moon.holds(x, y) {
            moon_colour
        } else {
            mixed(above, below, y)
        })
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// An ellipse in shares of the picture's sides.
struct Ellipse {
    x: f64,
    y: f64,
    wide: f64,
    high: f64,
}

impl Ellipse {
    fn holds(&self, x: f64, y: f64) -> bool {
        ((x - self.x) / self.wide).powi(2) + ((y - self.y) / self.high).powi(2) <= 1.0
    }
}

/// A colour by hue (turns), saturation and value, both 0 to 1.
fn colour(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    [5.0_f64, 3.0, 1.0].map(|offset| {
        let place = (offset + 6.0 * hue).rem_euclid(6.0);
        let part = value - value * saturation * place.min(4.0 - place).clamp(0.0, 1.0);
        channel(255.0 * part)
    })
}

fn mixed(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    std::array::from_fn(|index| channel(f64::from(from[index]) * (1.0 - share) + f64::from(to[index]) * share))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn channel(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portraits_are_pictures_and_differ() {
        let drawn = |key: &str| portrait(&mut draw(1, key, "portrait")).unwrap();
        let first = drawn("demo::1");
        let picture = image::load_from_memory(&first).unwrap();
        assert_eq!((picture.width(), picture.height()), SIDES);
        assert_eq!(first, drawn("demo::1"));
        assert_ne!(first, drawn("demo::2"));
    }

    #[test]
    fn colours_are_those_of_the_wheel() {
        assert_eq!(colour(0.0, 1.0, 1.0), [255, 0, 0]);
        assert_eq!(colour(1.0 / 3.0, 1.0, 1.0), [0, 255, 0]);
        assert_eq!(colour(0.4, 0.0, 1.0), [255, 255, 255]);
    }
}
