//! Memory that will be read soon, asked for a little at a time.
//!
//! A processor waits when it is asked for more lines than it can fetch at once, and its memory idles when nobody asks. So
//! the rounds of a search note what later ones will read, and ask for some of it between any two groups of rows.

use super::memory::prefetch_at;

/// Addresses in the order in which they will be needed. Only ever asked for, never read.
#[derive(Debug, Default)]
pub(in crate::matching) struct Wanted {
    addresses: Vec<*const u8>,
    next: usize,
    /// What was noted before the last two turns ends here.
    turns: [usize; 2],
}

impl Wanted {
    /// Forgets everything.
    pub(in crate::matching) fn clear(&mut self) {
        self.addresses.clear();
        self.next = 0;
        self.turns = [0; 2];
    }

    /// Notes the first line of a value.
    #[inline(always)]
    pub(in crate::matching) fn push<T>(&mut self, value: &T) {
        self.addresses.push(std::ptr::from_ref(value).cast());
    }

    /// Notes the lines of a stretch of bytes that begins at a value and may end behind it.
    #[inline(always)]
    pub(in crate::matching) fn stretch<T>(&mut self, value: &T, bytes: usize) {
        let begin = std::ptr::from_ref(value).cast::<u8>();
        self.addresses.extend((0..bytes).step_by(64).map(|at| begin.wrapping_add(at)));
    }

    /// Notes rows of a plane.
    #[inline(always)]
    pub(super) fn rows(&mut self, plane: &[u8], stride: usize, rows: &[u32]) {
        for at in (0..stride).step_by(64) {
            self.addresses.extend(rows.iter().map(|&row| plane.as_ptr().wrapping_add(row as usize * stride + at)));
        }
    }

    /// Asks for the next few.
    #[inline(always)]
    pub(super) fn serve(&mut self, count: usize) {
        let end = (self.next + count).min(self.addresses.len());
        for &address in &self.addresses[self.next.min(end)..end] {
            prefetch_at(address);
        }
        self.next = end;
    }

    /// A turn ends: asks for whatever was noted two turns ago, since it is needed now.
    #[inline(always)]
    pub(in crate::matching) fn turn(&mut self) {
        let due = self.turns[0];
        if due > self.next {
            self.serve(due - self.next);
        }
        if self.next == self.addresses.len() {
            self.clear();
        } else {
            self.turns = [self.turns[1], self.addresses.len()];
        }
    }
}
