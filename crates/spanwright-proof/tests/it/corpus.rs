//! The bodies of the fuzz targets of XML and SOAP over their corpus: each file as it is, cut short, and with bytes of it changed.

use std::path::{Path, PathBuf};

use spanwright_proof::project::repository;

#[path = "../../../../fuzz/src/soap.rs"]
mod soap;

/// Changes of each file; `CHANGES=100000` for a long run.
const CHANGES: u64 = 60;

fn files(target: &str) -> Vec<PathBuf> {
    let folder: &Path = &repository().join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{}", folder.display());
    files
}

/// Numbers that are the same each time (Knuth's MMIX generator).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn check(target: &str, judge: fn(&[u8])) {
    let changes = std::env::var("CHANGES").ok().and_then(|count| count.parse().ok()).unwrap_or(CHANGES);
    let files = files(target);
    for (n, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).unwrap();
        judge(&bytes);
        let mut state = n as u64 + 1;
        let mut below = |most: usize| usize::try_from(next(&mut state)).unwrap() % most.max(1);
        for _ in 0..changes {
            let mut changed = bytes.clone();
            match below(3) {
                0 => changed.truncate(below(bytes.len())),
                1 if !changed.is_empty() => {
                    let at = below(changed.len());
                    changed[at] = b"<>/&;\"'=: ax0\0\xff"[below(15)];
                }
                _ => {
                    let (from, to) = (below(bytes.len()), below(bytes.len()));
                    let piece = bytes[from.min(to)..from.max(to)].to_vec();
                    let at = below(bytes.len() + 1);
                    changed.splice(at..at, piece);
                }
            }
            judge(&changed);
        }
    }
}

#[test]
fn any_bytes_are_a_document_or_refused() {
    check("xml_reader", soap::xml_reader);
}

#[test]
fn any_bytes_are_an_envelope_or_refused() {
    check("soap_envelope", soap::soap_envelope);
}

#[test]
fn any_bytes_are_a_description_or_refused() {
    check("wsdl_reader", soap::wsdl_reader);
}

#[test]
fn what_the_codec_reads_it_writes_and_reads_the_same() {
    check("xsd_codec", soap::xsd_codec);
}
