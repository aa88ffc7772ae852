//! Content codings (RFC 9110 section 8.4): `gzip` and `deflate`, in both directions.
//!
//! What comes out is bounded like what comes in: a small body that unpacks to gigabytes is refused when it has unpacked
//! one byte too many.

use std::io::Read;

use bytes::Bytes;
use flate2::{
    Compression,
    read::{MultiGzDecoder, ZlibDecoder},
    write::GzEncoder,
};
use spanwright_core::{codes, door::Refused};
use spanwright_shape::text::Failure;

use super::BODY_BYTES_MOST;

/// A smaller answer is not worth packing.
const PACKED_LEAST: usize = 1 << 10;

/// The body without its coding.
///
/// # Errors
/// A coding that we do not read, a body that is not packed as it says, or one that is too large.
pub(super) fn unpacked(coding: Option<&str>, body: Bytes) -> Result<Bytes, Refused> {
    match coding.map(|coding| coding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(body),
        Some("gzip" | "x-gzip") => read(MultiGzDecoder::new(&body[..])),
        Some("deflate") => read(ZlibDecoder::new(&body[..])),
        Some(_) => {
            let says = "the body has a `content-encoding` other than gzip and deflate";
            Err(Refused::new(415, Failure::new(&codes::BODY_TYPE, says)).with("accept-encoding", "gzip, deflate"))
        }
    }
}

fn read(from: impl Read) -> Result<Bytes, Refused> {
    let mut out = Vec::new();
    match from.take(BODY_BYTES_MOST as u64 + 1).read_to_end(&mut out) {
        Err(_) => Err(Refused::new(400, Failure::new(&codes::UNREADABLE, "the body is not packed as its `content-encoding` says"))),
        Ok(_) if out.len() > BODY_BYTES_MOST => {
            Err(Refused::new(413, Failure::new(&codes::TOO_LARGE, format!("the body unpacks to more than {BODY_BYTES_MOST} bytes"))))
        }
        Ok(_) => Ok(out.into()),
    }
}

/// Packs an answer for a sender who takes gzip; `None` where that is not worth it.
pub(super) fn packed(accepts: Option<&str>, body: &[u8]) -> Option<Vec<u8>> {
    let takes = |accepts: &str| {
        accepts.split(',').any(|entry| {
            let (coding, weight) = entry.split_once(';').unwrap_or((entry, ""));
            coding.trim().eq_ignore_ascii_case("gzip")
                && !matches!(weight.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    if body.len() < PACKED_LEAST || !accepts.is_some_and(takes) {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_packed_comes_out_again() {
        let body = vec![b'x'; 100_000];
        let small = packed(Some("br, gzip"), &body).unwrap();
        assert!(small.len() < 1_000);
        assert_eq!(unpacked(Some("GZIP"), small.into()).unwrap(), body);
        assert!(packed(Some("gzip;q=0"), &body).is_none() && packed(None, &body).is_none() && packed(Some("gzip"), b"short").is_none());
    }

    #[test]
    fn a_body_that_unpacks_to_too_much_or_not_at_all_is_refused() {
        let bomb = packed(Some("gzip"), &vec![0; BODY_BYTES_MOST + 1]).unwrap();
        let status = |coding, body: Vec<u8>| unpacked(Some(coding), body.into()).unwrap_err().status;
        assert_eq!(status("gzip", bomb), 413);
        assert_eq!((status("gzip", b"no".to_vec()), status("deflate", b"no".to_vec()), status("br", b"no".to_vec())), (400, 400, 415));
    }
}
