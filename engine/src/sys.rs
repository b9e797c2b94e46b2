//! The one place of this crate with `unsafe`: asking the processor for a cache line ahead of time.

/// Asks for the cache line that holds `value`. A hint: it never faults and changes nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: PREFETCHT0 is part of SSE, which every x86-64 has. It does not dereference: whatever
        // the address, it neither faults nor writes; and this one is a valid reference's.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(value).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_prefetch_changes_nothing() {
        let lines = [[1u64; 8]; 4];
        for line in &lines {
            super::prefetch(line);
        }
        assert_eq!(lines, [[1; 8]; 4]);
    }
}
