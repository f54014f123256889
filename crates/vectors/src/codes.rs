//! Codes as people type them, how they are drawn, and links.

use alongside_wire::{
    code::{Code, CodeError, Locator, Secret},
    link::{Link, LinkError},
};
use serde_json::{Value, json};

use crate::vector::{File, Refusal};

pub(crate) fn files() -> Vec<File> {
    vec![typed(), drawn(), links()]
}

fn typed() -> File {
    let mut file = File::new("code");
    for (id, about, text, shown, shows) in [
        (
            "shown",
            "as it is shown",
            "4060-r0gx",
            "4060-r0gx",
            &["CODE-2"][..],
        ),
        (
            "typed",
            "capitals, the letters o and i, spaces",
            " 4O60 ROGX ",
            "4060-r0gx",
            &["CODE-1"],
        ),
        (
            "aliases",
            "i, l and o in both cases are digits",
            "iIlL-oO00",
            "1111-0000",
            &["CODE-1"],
        ),
        (
            "hyphens",
            "spaces and hyphens anywhere",
            "4-0 6--0r 0-gx-",
            "4060-r0gx",
            &["CODE-1"],
        ),
        (
            "together",
            "nothing between the halves",
            "4060r0gx",
            "4060-r0gx",
            &["CODE-2"],
        ),
        (
            "five",
            "a locator of five characters",
            "40601-r0gx",
            "40601-r0gx",
            &["CODE-2"],
        ),
        (
            "longest",
            "a locator of eight characters",
            "01234567-89ab",
            "01234567-89ab",
            &["CODE-2", "CODE-4"],
        ),
        (
            "misplaced",
            "a hyphen elsewhere divides nothing",
            "40-6012r0gx",
            "406012-r0gx",
            &["CODE-2"],
        ),
        (
            "letters",
            "every letter of the alphabet, as capitals",
            "CDEFGHJK-MNPQ",
            "cdefghjk-mnpq",
            &["CODE-1"],
        ),
        (
            "more-letters",
            "the other letters of the alphabet",
            "RSTVWXYZ-ABAB",
            "rstvwxyz-abab",
            &["CODE-1"],
        ),
    ] {
        let code = Code::parse(text).expect(text);
        assert_eq!(code.to_string(), shown);
        let output = json!({
            "locator": code.locator.as_str(),
            "secret": code.secret.as_str(),
            "shown": shown,
        });
        file.taken(id, about, shows, json!({ "text": text }), output);
    }
    for (id, about, text, requirement) in [
        ("u", "u is not in the alphabet", "4060-r0gu", "CODE-3"),
        ("capital-u", "nor is U", "4060-R0GU", "CODE-3"),
        ("accent", "a letter beyond ASCII", "4060-r0gé", "CODE-3"),
        (
            "fullwidth",
            "digits beyond ASCII",
            "４０６０-r0gx",
            "CODE-3",
        ),
        ("underscore", "another separator", "4060_r0gx", "CODE-3"),
        ("dot", "a full stop at the end", "4060-r0gx.", "CODE-3"),
        (
            "short",
            "a locator of three characters",
            "406-r0gx",
            "CODE-4",
        ),
        (
            "long",
            "a locator of nine characters",
            "012345678-9abc",
            "CODE-4",
        ),
        ("secret-only", "no locator", "r0gx", "CODE-4"),
        ("empty", "nothing", "", "CODE-4"),
        ("separators", "nothing but separators", " - ", "CODE-4"),
    ] {
        let clause = match Code::parse(text).expect_err(text) {
            CodeError::Character(_) => "CODE-3",
            CodeError::Length(_) => "CODE-4",
        };
        assert_eq!(clause, requirement, "{text}");
        let input = json!({ "text": text });
        file.refused(id, about, input, Refusal::silent(requirement));
    }
    file
}

fn drawn() -> File {
    let mut file = File::new("code-draw");
    for (id, about, locator, secret, shown) in [
        (
            "zeros",
            "the first of the alphabet",
            &[0; 4][..],
            [0; 4],
            "0000-0000",
        ),
        (
            "chapter",
            "the code of the chapters",
            &[4, 0, 6, 0],
            [24, 0, 16, 29],
            "4060-r0gx",
        ),
        (
            "all",
            "places 8 to 19 of the alphabet",
            &[8, 9, 10, 11, 12, 13, 14, 15],
            [16, 17, 18, 19],
            "89abcdef-ghjk",
        ),
        (
            "last",
            "places 20 to 31",
            &[20, 21, 22, 23, 24, 25, 26, 27],
            [28, 29, 30, 31],
            "mnpqrstv-wxyz",
        ),
    ] {
        let mut random = [0; 8];
        random[..locator.len()].copy_from_slice(locator);
        let code = Code {
            locator: Locator::from_random(&random, locator.len()),
            secret: Secret::from_random(&secret),
        };
        assert_eq!(code.to_string(), shown);
        let input = json!({ "locator": locator, "secret": secret });
        file.taken(id, about, &["CODE-5"], input, json!({ "shown": shown }));
    }
    file
}

fn links() -> File {
    let mut file = File::new("link");
    for (id, about, text, relay) in [
        (
            "host",
            "a relay by its name",
            "https://relay.example/j#4060-r0gx",
            "relay.example",
        ),
        (
            "port",
            "with a port",
            "https://relay.example:8443/j#4060-r0gx",
            "relay.example:8443",
        ),
        (
            "address",
            "an IPv6 address",
            "https://[2001:db8::1]:443/j#4060-r0gx",
            "[2001:db8::1]:443",
        ),
        (
            "typed",
            "a code as somebody typed it",
            "https://relay.example/j#4O60ROGX",
            "relay.example",
        ),
    ] {
        let link = Link::parse(text).expect(text);
        assert_eq!(link.relay, relay);
        assert_eq!(link.code.to_string(), "4060-r0gx");
        let output = json!({ "relay": relay, "code": "4060-r0gx", "text": link.text() });
        file.taken(id, about, &["LINK-1"], json!({ "text": text }), output);
    }
    for (id, about, text, requirement) in [
        (
            "http",
            "another scheme",
            "http://relay.example/j#4060-r0gx",
            "LINK-3",
        ),
        (
            "custom",
            "a scheme of its own",
            "alongside://relay.example/j#4060-r0gx",
            "LINK-3",
        ),
        (
            "path",
            "another path",
            "https://relay.example/k#4060-r0gx",
            "LINK-3",
        ),
        (
            "deeper",
            "a deeper path",
            "https://relay.example/x/j#4060-r0gx",
            "LINK-3",
        ),
        (
            "slash",
            "a slash after the path",
            "https://relay.example/j/#4060-r0gx",
            "LINK-3",
        ),
        (
            "query",
            "a query",
            "https://relay.example/j?relay=evil#4060-r0gx",
            "LINK-3",
        ),
        (
            "user",
            "a user name",
            "https://user@relay.example/j#4060-r0gx",
            "LINK-3",
        ),
        (
            "password",
            "a user name and a word",
            "https://user:word@relay.example/j#4060-r0gx",
            "LINK-3",
        ),
        ("no-host", "no relay", "https:///j#4060-r0gx", "LINK-3"),
        (
            "no-fragment",
            "no code",
            "https://relay.example/j",
            "LINK-3",
        ),
        (
            "more",
            "something after the code",
            "https://relay.example/j#4060-r0gx&control=1",
            "CODE-3",
        ),
        (
            "short",
            "a code that is too short",
            "https://relay.example/j#406-r0gx",
            "CODE-4",
        ),
    ] {
        let clause = match Link::parse(text).expect_err(text) {
            LinkError::Form => "LINK-3",
            LinkError::Code(CodeError::Character(_)) => "CODE-3",
            LinkError::Code(CodeError::Length(_)) => "CODE-4",
        };
        assert_eq!(clause, requirement, "{text}");
        let input: Value = json!({ "text": text });
        file.refused(id, about, input, Refusal::silent(requirement));
    }
    file
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    let text = input["text"].as_str().unwrap_or_default();
    let clause = |error: CodeError| match error {
        CodeError::Character(_) => Refusal::silent("CODE-3"),
        CodeError::Length(_) => Refusal::silent("CODE-4"),
    };
    match kind {
        "code" => {
            let code = Code::parse(text).map_err(clause)?;
            let (locator, secret) = (code.locator.as_str(), code.secret.as_str());
            Ok(json!({ "locator": locator, "secret": secret, "shown": code.to_string() }))
        }
        "code-draw" => {
            let drawn = |name: &str| {
                let places = input[name].as_array().expect("places").iter();
                places
                    .map(|place| place.as_u64().expect("a place") as u8)
                    .collect::<Vec<_>>()
            };
            let (locator, secret) = (drawn("locator"), drawn("secret"));
            let mut random = [0; 8];
            random[..locator.len()].copy_from_slice(&locator);
            let code = Code {
                locator: Locator::from_random(&random, locator.len()),
                secret: Secret::from_random(&secret.try_into().expect("4 places")),
            };
            Ok(json!({ "shown": code.to_string() }))
        }
        _ => {
            let link = Link::parse(text).map_err(|error| match error {
                LinkError::Form => Refusal::silent("LINK-3"),
                LinkError::Code(error) => clause(error),
            })?;
            Ok(json!({ "relay": link.relay, "code": link.code.to_string(), "text": link.text() }))
        }
    }
}
