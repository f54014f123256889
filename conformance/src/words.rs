//! Words that somebody has mistyped.

/// Goes on with a sentence about a word that is none of the known ones: which is meant, perhaps.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a String>) -> String {
    let like = |known: &&'a String| (strsim::jaro_winkler(word, known) * 1_000.0) as u32;
    match known.into_iter().max_by_key(like) {
        Some(known) if like(&known) > 800 => format!("; is {known:?} meant?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_is_recognised_and_another_word_is_not() {
        let known = ["clock".to_owned(), "chat".to_owned()];
        assert_eq!(nearest("clocks", &known), "; is \"clock\" meant?");
        assert_eq!(nearest("tea", &known), "");
    }
}
