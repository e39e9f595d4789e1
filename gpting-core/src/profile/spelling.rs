//! One folding of names, so that spelling habits do not matter.
//!
//! Members write `K-POP`, `k pop` or `Ｋ－ＰＯＰ`, and a Mac sends Hangul in decomposed form. The
//! catalogue and the gazetteer compare names only after [`fold`], on both sides, so two names that
//! a reader takes for the same are the same key.

use unicode_normalization::UnicodeNormalization;

/// Folds a name to its comparison key: NFKC, lower case, letters and digits only.
///
/// NFKC composes decomposed Hangul (as NFC does) and also turns full-width letters into plain ones.
pub(crate) fn fold(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::fold;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn case_space_punctuation_width_and_composition_do_not_matter() {
        for spelling in ["K-POP", "k pop", "Ｋ－ＰＯＰ", " kPop "] {
            assert_eq!(fold(spelling), "kpop", "{spelling}");
        }
        let decomposed: String = "카페 투어".nfd().collect();
        assert_ne!(decomposed, "카페 투어");
        assert_eq!(fold(&decomposed), "카페투어");
        assert_eq!(fold(" -·, "), "");
    }
}
