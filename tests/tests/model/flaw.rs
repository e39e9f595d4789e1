//! Wrong rules, one at a time: a model with one of them must be found to differ from the service, or the test is blind.

/// A wrong rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The rules as they are.
    None,
    /// Lifting a block gives the match back.
    UnblockMatches,
    /// A message sent again is another message.
    ResendAppends,
    /// What was closed away is there again when the room opens again.
    HiddenReturns,
    /// An unmatch leaves the friendship.
    UnmatchKeepsFriends,
    /// A decision can be taken back at any time.
    UndoesForEver,
    /// Whoever is being erased stays in the lists of others.
    ErasingStay,
    /// Whoever was shown by a slate once can be acted on for ever.
    ServedMayBeLiked,
}

impl Flaw {
    /// Every wrong rule.
    pub(crate) const ALL: [Self; 7] = [
        Self::UnblockMatches,
        Self::ResendAppends,
        Self::HiddenReturns,
        Self::UnmatchKeepsFriends,
        Self::UndoesForEver,
        Self::ErasingStay,
        Self::ServedMayBeLiked,
    ];
}
