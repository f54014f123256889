//! What a person proves to a relay who they are with.

use std::{fmt, fs::File, io, io::Read as _, path::Path};

use alongside_wire::{
    SignInMethod,
    limits::SIGN_IN_TOKEN,
    rendezvous::{SignIn, Token},
};

/// Why there is no token to sign in with, and what to do about it.
#[derive(Debug)]
pub enum TokenError {
    /// The file cannot be read.
    Read(String, io::Error),
    /// There is nothing in it, or too much, or it is not text.
    NoToken,
}

//= spec/13-sign-in.md#sign-in [AUTH-8] fb9cbea7
/// Reads the token in a file: the text without the white space around it.
///
/// # Errors
/// [`TokenError`], which says what to do.
pub fn from_file(path: &Path) -> Result<SignIn, TokenError> {
    let wrong = |error| TokenError::Read(path.display().to_string(), error);
    let mut text = String::new();
    // More than a token and a line's end would be another file.
    let most = SIGN_IN_TOKEN as u64 + 16;
    let file = File::open(path).map_err(wrong)?;
    match file.take(most).read_to_string(&mut text) {
        Ok(_) => from_text(&text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(TokenError::NoToken),
        Err(error) => Err(wrong(error)),
    }
}

/// A token as it was given out. One of three parts in base64url is a signed one.
///
/// # Errors
/// [`TokenError::NoToken`] if it is empty or too long.
pub fn from_text(text: &str) -> Result<SignIn, TokenError> {
    let token = text.trim();
    if token.is_empty() || token.len() > SIGN_IN_TOKEN {
        return Err(TokenError::NoToken);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let base64 = |part: &&str| !part.is_empty() && part.bytes().all(is_base64url);
    let method = if parts.len() == 3 && parts.iter().all(base64) {
        SignInMethod::Jwt
    } else {
        SignInMethod::Token
    };
    Ok(SignIn {
        method: method.to_wire(),
        token: Token::new(token),
    })
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(
                f,
                "the token cannot be read from {path}: {error}; check its path and who may read it"
            ),
            Self::NoToken => write!(
                f,
                "there is no token: give a file with the token that you were given and nothing \
                 else, at most {SIGN_IN_TOKEN} characters"
            ),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    //= test spec/13-sign-in.md#sign-in [AUTH-8] fb9cbea7
    #[test]
    fn a_token_comes_from_a_file_and_is_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "  se-cret.token\n").unwrap();
        let read = from_file(&path).unwrap();
        assert_eq!(read.token.reveal(), "se-cret.token");
        assert_eq!(read.method, SignInMethod::Token.to_wire());
        assert!(!format!("{read:?}").contains("se-cret"));
        std::fs::write(&path, "eyJh.eyJz.c2ln").unwrap();
        let read = from_file(&path).unwrap();
        assert_eq!(read.method, SignInMethod::Jwt.to_wire());
        let most = "x".repeat(SIGN_IN_TOKEN);
        for (text, good) in [
            (most.clone(), true),
            (most + "x", false),
            (" \n".into(), false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(from_file(&path).is_ok(), good);
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(from_file(&path), Err(TokenError::NoToken)));
        let missing = from_file(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("none"), "{missing}");
    }
}
