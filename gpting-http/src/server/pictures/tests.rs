use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Rgba, RgbaImage};

use super::*;

const GPS_CANARY: &[u8] = b"37.566535,126.977969";

async fn prepare(bytes: Vec<u8>) -> Result<Picture, PictureError> {
    PictureWorkshop::new(2).prepare(bytes).await
}

fn decode(picture: &Picture) -> RgbImage {
    image::load_from_memory_with_format(&picture.bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(image).unwrap();
    bytes
}

fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// A JPEG with an EXIF block: an orientation, and a text with coordinates as careless cameras write it.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend([0, 2]);
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    let at = 8 + 2 + 2 * 12 + 4;
    tiff.extend([0x01, 0x0e, 0, 2, 0, 0, 0, u8::try_from(GPS_CANARY.len()).unwrap(), 0, 0, 0, at]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend(GPS_CANARY);
    segment(jpeg, 0xe1, &[b"Exif\0\0".as_slice(), &tiff].concat())
}

/// A JPEG with one more segment right after its start.
fn segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn is_red(pixel: Rgb<u8>) -> bool {
    pixel[0] > 180 && pixel[2] < 80
}

/// A chunk of a PNG with its checksum (CRC-32 as PNG defines it).
fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), content].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&u32::try_from(content.len()).unwrap().to_be_bytes(), body.as_slice(), &crc.sum().to_be_bytes()].concat()
}

fn png_head(width: u32, height: u32) -> Vec<u8> {
    let head = [&width.to_be_bytes(), &height.to_be_bytes(), [8, 2, 0, 0, 0].as_slice()].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(*b"IHDR", &head)].concat()
}

#[tokio::test]
async fn nothing_but_pixels_is_kept() {
    let camera = with_exif(&jpeg(&halves(64, 32)), 1);
    let camera = segment(&camera, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>37.566535</x:xmpmeta>");
    let camera = segment(&camera, 0xfe, b"a comment with 126.977969");
    let camera = segment(&camera, 0xe2, b"ICC_PROFILE\0\x01\x01 profile");
    assert!(holds(&camera, GPS_CANARY));
    let picture = prepare(camera).await.unwrap();
    for leak in [b"Exif".as_slice(), b"http://ns.adobe.com", b"ICC_PROFILE", b"37.566535", b"126.977969", b"comment"] {
        assert!(!holds(&picture.bytes, leak), "{}", String::from_utf8_lossy(leak));
    }
    assert!(picture.bytes.starts_with(&[0xff, 0xd8, 0xff]));
}

#[tokio::test]
async fn a_picture_is_turned_upright() {
    // Orientation 6: the camera was held so that the top is at the right; turned by 90 degrees, left becomes top.
    let picture = prepare(with_exif(&jpeg(&halves(64, 32)), 6)).await.unwrap();
    assert_eq!((picture.width, picture.height), (32, 64));
    let pixels = decode(&picture);
    assert!(is_red(*pixels.get_pixel(16, 8)) && !is_red(*pixels.get_pixel(16, 56)));
    let picture = prepare(with_exif(&jpeg(&halves(64, 32)), 3)).await.unwrap();
    assert!(!is_red(*decode(&picture).get_pixel(8, 16)), "turned by 180 degrees, left becomes right");
}

#[tokio::test]
async fn large_pictures_become_smaller_and_small_ones_stay() {
    let picture = prepare(jpeg(&halves(3200, 800))).await.unwrap();
    assert_eq!((picture.width, picture.height), (1600, 400));
    let pixels = decode(&picture);
    assert_eq!(pixels.dimensions(), (1600, 400));
    assert!(is_red(*pixels.get_pixel(100, 200)) && !is_red(*pixels.get_pixel(1500, 200)));
    let picture = prepare(png(&halves(40, 30))).await.unwrap();
    assert_eq!((picture.width, picture.height), (40, 30));
}

#[tokio::test]
async fn png_and_webp_become_jpeg_on_white() {
    let clear = RgbaImage::from_fn(8, 8, |x, _| if x < 4 { Rgba([255, 0, 0, 0]) } else { Rgba([10, 10, 250, 255]) });
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(clear.as_raw(), 8, 8, ExtendedColorType::Rgba8).unwrap();
    let pixels = decode(&prepare(bytes).await.unwrap());
    assert!(pixels.get_pixel(0, 4).0.iter().all(|channel| *channel > 200), "what was transparent is white, not red");
    let mut bytes = Vec::new();
    WebPEncoder::new_lossless(&mut bytes).encode(halves(20, 10).as_raw(), 20, 10, ExtendedColorType::Rgb8).unwrap();
    let picture = prepare(bytes).await.unwrap();
    assert!(is_red(*decode(&picture).get_pixel(2, 5)));
}

#[tokio::test]
async fn a_huge_header_is_refused_before_memory_is_taken() {
    for (width, height) in [(60_000, 60_000), (6_001, 10), (10, 6_001), (5_500, 5_500), (u32::MAX, 1)] {
        let bytes =
            [png_head(width, height), chunk(*b"IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]), chunk(*b"IEND", &[])];
        let outcome = prepare(bytes.concat()).await;
        assert!(matches!(outcome, Err(PictureError::TooLarge | PictureError::Unsupported)), "{width} x {height}");
    }
    let bytes = [png_head(6_000, 5_000), chunk(*b"IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]), chunk(*b"IEND", &[])];
    assert_eq!(prepare(bytes.concat()).await, Err(PictureError::TooLarge));
    assert_eq!(prepare(vec![0xff; MAX_BYTES + 1]).await, Err(PictureError::TooLarge));
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let whole = jpeg(&halves(64, 64));
    let other: [&[u8]; 9] = [
        b"",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"PK\x03\x04 a zip",
        b"%PDF-1.7",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        &whole[..40],
    ];
    for bytes in other {
        assert_eq!(prepare(bytes.to_vec()).await, Err(PictureError::Unsupported), "{}", String::from_utf8_lossy(bytes));
    }
    let cut = png(&halves(64, 64));
    assert_eq!(prepare(cut[..cut.len() / 2].to_vec()).await, Err(PictureError::Unsupported));
}

#[tokio::test]
async fn a_file_that_is_two_things_is_reduced_to_its_pixels() {
    for tail in [b"PK\x03\x04 evil.js PK\x05\x06".as_slice(), b"<script>alert(1)</script>"] {
        for picture in [jpeg(&halves(32, 32)), png(&halves(32, 32))] {
            let made = prepare([picture.as_slice(), tail].concat()).await.unwrap();
            assert!(!holds(&made.bytes, tail) && !holds(&made.bytes, b"PK\x03\x04") && !holds(&made.bytes, b"<script"));
        }
    }
}

#[tokio::test]
async fn of_an_animation_one_frame_is_kept() {
    // An animated PNG is a PNG with control chunks that plain readers skip.
    let still = png(&halves(16, 16));
    let control = chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    let animated = [&still[..33], &control, &still[33..]].concat();
    let picture = prepare(animated).await.unwrap();
    assert!(!holds(&picture.bytes, b"acTL"));
    assert_eq!((picture.width, picture.height), (16, 16));
}

#[tokio::test]
async fn too_many_uploads_are_turned_away() {
    let workshop = PictureWorkshop::new(1);
    let held = Arc::clone(&workshop.at_work).acquire_owned().await.unwrap();
    let bytes = jpeg(&halves(8, 8));
    let waiting: Vec<_> = (0..=WAITING_PER_CORE)
        .map(|_| {
            let (workshop, bytes) = (workshop.clone(), bytes.clone());
            tokio::spawn(async move { workshop.prepare(bytes).await })
        })
        .collect();
    while workshop.waiting.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(workshop.prepare(bytes).await, Err(PictureError::Busy));
    drop(held);
    for upload in waiting {
        upload.await.unwrap().unwrap();
    }
}
