//! Ids and secrets.

use std::fmt::Write;

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes an id: a prefix, then 26 characters of time and chance.
///
/// 48 bits of milliseconds come first, so that ids of a table grow and its index is appended to
/// rather than written all over; 80 random bits follow, so that none can be guessed.
pub fn id(prefix: &str, now_ms: i64) -> String {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&now_ms.to_be_bytes()[2..]);
    fill(&mut bytes[6..]);
    let number = u128::from_be_bytes(bytes);
    let mut text = String::with_capacity(prefix.len() + 26);
    text.push_str(prefix);
    for place in (0..26).rev() {
        text.push(char::from(CROCKFORD[((number >> (5 * place)) & 31) as usize]));
    }
    text
}

/// Makes a secret: a prefix, then 160 random bits in hexadecimal.
pub fn secret(prefix: &str) -> String {
    let mut bytes = [0; 20];
    fill(&mut bytes);
    let mut text = prefix.to_owned();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}

/// Gives a random number from 0 up to and without `end`; 0 where `end` is 0.
pub fn random_below(end: u64) -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes).checked_rem(end).unwrap_or(0)
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random numbers");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_time_and_differ_within_it() {
        let (early, late) = (id("cs_", 1_000), id("cs_", 1_001));
        assert!(early < late);
        assert_eq!(early.len(), 29);
        assert_ne!(id("cs_", 1_000), id("cs_", 1_000));
    }
}
