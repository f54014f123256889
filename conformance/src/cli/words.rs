//! Commands as one text, and as words.

/// The words of a command: separated by spaces, with quotes around those that have some.
///
/// # Errors
/// If a quote is not closed.
pub(super) fn split(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    match quote {
        Some(quote) => Err(format!("{command}: {quote} is not closed")),
        None => Ok(words),
    }
}

/// A word that a shell takes as it is.
pub(super) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, split};

    #[test]
    fn words_are_as_a_shell_has_them() {
        assert_eq!(split(" a  b ").unwrap(), ["a", "b"]);
        assert_eq!(
            split("a 'b c' \"d 'e\"f ''").unwrap(),
            ["a", "b c", "d 'ef", ""]
        );
        assert!(split("a 'b").is_err());
        assert_eq!(quoted("a-b/c.py"), "a-b/c.py");
        assert_eq!(quoted("it's {x}"), "'it'\\''s {x}'");
    }
}
