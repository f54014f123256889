//! Acts and outputs as the model writes them: `(message (control-request 1 {pointer}))`.

/// A word, a tuple, or a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Word(String),
    Tuple(Vec<Self>),
    Set(Vec<Self>),
}

impl Term {
    pub(crate) fn read(text: &str) -> Self {
        let mut rest = text;
        let term = Self::pull(&mut rest);
        assert_eq!(rest, "", "in {text}");
        term
    }

    fn pull(rest: &mut &str) -> Self {
        let Some(open) = rest.strip_prefix(['(', '{']) else {
            let end = rest.find([' ', ')', '}']).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            *rest = tail;
            return Self::Word(word.to_owned());
        };
        let tuple = rest.starts_with('(');
        *rest = open;
        let mut parts = Vec::new();
        while !rest.starts_with([')', '}']) {
            parts.push(Self::pull(rest));
            *rest = rest.strip_prefix(' ').unwrap_or(rest);
        }
        *rest = &rest[1..];
        if tuple {
            Self::Tuple(parts)
        } else {
            Self::Set(parts)
        }
    }

    /// The first word: what kind of thing it is.
    pub(crate) fn kind(&self) -> &str {
        self.at(0).word()
    }

    pub(crate) fn at(&self, index: usize) -> &Self {
        match self {
            Self::Tuple(parts) | Self::Set(parts) => &parts[index],
            Self::Word(_) => panic!("{self:?} has no parts"),
        }
    }

    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Word(word) => word,
            other => panic!("{other:?} is no word"),
        }
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let (Self::Tuple(parts) | Self::Set(parts)) = self else {
            panic!("{self:?} has no parts");
        };
        parts.iter().map(Self::word)
    }

    pub(crate) fn number(&self) -> u32 {
        self.word().parse().expect("a number")
    }

    pub(crate) fn flag(&self) -> bool {
        self.word() == "true"
    }
}
