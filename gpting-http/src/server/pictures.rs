//! Uploaded pictures made safe: looked at before they are decoded, turned upright, made smaller, re-encoded.
//!
//! Called by the core for every upload; calls the decoders on blocking threads, at most one per core at a time, and
//! turns callers away when too many wait. What comes out is a fresh JPEG of the pixels and nothing else: no EXIF with
//! its GPS position, no XMP, no colour profile, no comment, no second frame, nothing appended. Invariants:
//!
//! - the kind is told by the first bytes, never by a name or a header of the request;
//! - size in bytes, pixels and sides is checked before memory is taken for pixels.

use std::io::Cursor;
use std::sync::Arc;

use async_trait::async_trait;
use gpting_core::port::{Picture, PictureError, Pictures};
use image::codecs::jpeg::JpegEncoder;
use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use tokio::sync::Semaphore;

/// Most bytes of an upload.
const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Most pixels.
const MAX_PIXELS: u64 = 25_000_000;
/// Longest side in pixels.
const MAX_SIDE: u32 = 6_000;
/// Most memory that a decoder takes, in bytes.
const MAX_ALLOC: u64 = 128 * 1024 * 1024;
/// Longest side of what is kept: sharp on any telephone.
const KEPT_SIDE: u32 = 1_600;
/// JPEG quality of what is kept: no visible loss on faces.
const QUALITY: u8 = 85;
/// Uploads that wait for each core before more are turned away.
const WAITING_PER_CORE: usize = 8;

/// Makes pictures safe on this machine's cores.
#[derive(Clone, Debug)]
pub(crate) struct PictureWorkshop {
    at_work: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl PictureWorkshop {
    /// A workshop that decodes `cores` pictures at once.
    pub(crate) fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self {
            at_work: Arc::new(Semaphore::new(cores)),
            waiting: Arc::new(Semaphore::new(cores * (WAITING_PER_CORE + 1))),
        }
    }
}

#[async_trait]
impl Pictures for PictureWorkshop {
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        if bytes.len() > MAX_BYTES {
            return Err(PictureError::TooLarge);
        }
        let format = sniff(&bytes).ok_or(PictureError::Unsupported)?;
        let _place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| PictureError::Busy)?;
        let turn = Arc::clone(&self.at_work).acquire_owned().await.map_err(|_| PictureError::Busy)?;
        let work = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away does not free a core that is still busy.
            let _turn = turn;
            remake(&bytes, format)
        });
        // A decoder that panics has met something that is no picture.
        work.await.unwrap_or(Err(PictureError::Unsupported))
    }
}

/// The kind of picture by its first bytes.
fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn remake(bytes: &[u8], format: ImageFormat) -> Result<Picture, PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureError::Unsupported);
    }
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooLarge);
    }
    if decoder.total_bytes() > MAX_ALLOC {
        return Err(PictureError::TooLarge);
    }
    // Unreadable EXIF is no reason to refuse pixels: the picture then stands as it lies.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    if width.max(height) > KEPT_SIDE {
        // Averages every pixel in whole numbers: no large buffer of floats beside the picture.
        image = image.thumbnail(KEPT_SIDE, KEPT_SIDE);
    }
    image.apply_orientation(orientation);
    let pixels = on_white(image);
    let (width, height) = pixels.dimensions();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&pixels).map_err(|error| refused(&error))?;
    Ok(Picture { bytes, width, height })
}

/// The pixels on white paper: what lay under transparent ones was not meant to be seen.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        let over = |channel: u8| {
            let (channel, alpha) = (u16::from(channel), u16::from(alpha));
            let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}

fn refused(error: &ImageError) -> PictureError {
    if let ImageError::Limits(error) = error
        && matches!(error.kind(), LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory)
    {
        return PictureError::TooLarge;
    }
    PictureError::Unsupported
}

#[cfg(test)]
mod tests;
