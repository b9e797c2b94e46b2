//! Fixed-size pieces of byte slices, and a buffer that begins where copies are fast.

use std::ops::{Deref, DerefMut};

/// The `N` bytes at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Reads a little-endian `u16`.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

/// Reads a little-endian `u32`.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

/// Reads a little-endian `u64`.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

/// Reads a little-endian `u128`.
pub(crate) fn u128_at(bytes: &[u8], at: usize) -> u128 {
    u128::from_le_bytes(array(bytes, at))
}

/// Writes `N` bytes at `at`.
pub(crate) fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    // Pieces of one cache line are folded without a branch a byte, and the first line usually answers.
    bytes.chunks(64).all(|line| line.iter().fold(0, |all, byte| all | byte) == 0)
}

/// Bytes that begin on a page: what `O_DIRECT` asks for, and what keeps `memcpy` off its slow path.
#[derive(Default)]
pub(crate) struct PageBuffer {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

const PAGE_BYTES: usize = 4_096;

impl PageBuffer {
    /// Sets the length. What was in it is lost if it has to grow, and unspecified anyway.
    pub(crate) fn resize(&mut self, len: usize) {
        if self.start + len > self.bytes.len() {
            self.bytes = vec![0; len.next_power_of_two() + PAGE_BYTES];
            self.start = self.bytes.as_ptr().align_offset(PAGE_BYTES).min(PAGE_BYTES);
        }
        self.len = len;
    }
}

impl Deref for PageBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
}

impl DerefMut for PageBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_zeros() {
        let mut buffer = PageBuffer::default();
        for len in [0, 1, 4_096, 5_000, 100, 1 << 20] {
            buffer.resize(len);
            assert_eq!(buffer.len(), len);
            assert!(len == 0 || buffer.as_ptr().align_offset(PAGE_BYTES) == 0);
        }
        for at in [0, 63, 64, 300, 511] {
            let mut block = [0; 512];
            assert!(is_zero(&block));
            block[at] = 1;
            assert!(!is_zero(&block), "{at}");
        }
    }
}
