//! What stands between two people, as the documentation has it.

/// Like or pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Like,
    Pass,
}

/// Whether two have a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Match {
    #[default]
    None,
    Matched,
    /// For good.
    Ended,
}

/// The state of a pair; sides are 0 for the one who came first and 1 for the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Between {
    /// Whether they ever had to do with each other.
    pub(crate) is_begun: bool,
    pub(crate) decided: [Option<Decision>; 2],
    pub(crate) blocked: [bool; 2],
    pub(crate) matched: Match,
    /// The side that asked to be friends.
    pub(crate) asked: Option<usize>,
    pub(crate) friends: bool,
}

impl Between {
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked[0] || self.blocked[1]
    }

    pub(crate) fn is_connected(&self) -> bool {
        !self.is_blocked() && (self.matched == Match::Matched || self.friends)
    }

    pub(crate) fn likes(&self, side: usize) -> bool {
        self.decided[side] == Some(Decision::Like)
    }

    /// Whether this side must never be proposed the other, whatever the two wish for.
    pub(crate) fn keeps_apart(&self, side: usize) -> bool {
        self.is_blocked()
            || self.decided[side].is_some()
            || self.decided[1 - side] == Some(Decision::Pass)
            || self.matched != Match::None
            || self.friends
    }

    /// Whether this side may act on the other although they do not fit (any more).
    pub(crate) fn is_acquainted(&self, side: usize) -> bool {
        self.is_connected()
            || self.matched == Match::Ended
            || self.decided[side].is_some()
            || self.likes(1 - side)
            || self.asked.is_some()
    }

    /// Whether this side knows who the other is without being proposed them.
    pub(crate) fn knows(&self, side: usize) -> bool {
        self.is_connected() || self.likes(1 - side) || self.asked == Some(1 - side)
    }

    pub(crate) fn like(&mut self, side: usize) {
        self.is_begun = true;
        self.decided[side] = Some(Decision::Like);
        if self.likes(1 - side) {
            self.matched = Match::Matched;
        }
    }

    pub(crate) fn pass(&mut self, side: usize) {
        self.is_begun = true;
        if self.matched == Match::None {
            self.decided[side] = Some(Decision::Pass);
        }
    }

    pub(crate) fn unmatch(&mut self) {
        self.matched = Match::Ended;
        self.friends = false;
        self.asked = None;
    }

    pub(crate) fn ask(&mut self, side: usize) {
        self.is_begun = true;
        if self.asked == Some(1 - side) {
            (self.asked, self.friends) = (None, true);
        } else if !self.friends {
            self.asked = Some(side);
        }
    }

    pub(crate) fn block(&mut self, side: usize) {
        self.is_begun = true;
        self.blocked[side] = true;
        (self.asked, self.friends) = (None, false);
        if self.matched == Match::Matched {
            self.matched = Match::None;
        }
    }
}
