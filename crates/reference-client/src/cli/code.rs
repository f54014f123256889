//! The code that a sharer's person types, or the link. It is no argument: arguments can be read by
//! everybody on the machine.

use std::io::BufRead as _;

use alongside_client::{Ended, Relay, sharer::Start};
use alongside_wire::{ErrorCode, code::Code, link::Link};

use super::{Failure, terminal::Terminal, words::plain};

/// What a helper passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) code: Code,
    /// It came as a link.
    pub(crate) link: bool,
}

impl From<Invitation> for Start {
    fn from(Invitation { code, link }: Invitation) -> Self {
        if link {
            Self::Link(code)
        } else {
            Self::Code(code)
        }
    }
}

/// A line that a person typed, understood.
pub(crate) enum Read {
    Invitation(Invitation),
    /// A link to another relay, which the person must agree to.
    Elsewhere(Link),
}

//= spec/02-codes.md#links [LINK-2] 385612f7
/// Reads a code or a link. `relay` is what this program is set up for.
pub(crate) fn read(text: &str, relay: &Relay) -> Result<Read, Failure> {
    let (code, link) = if text.contains("://") {
        let link = Link::parse(text)?;
        if !relay.is_called(&link.relay) {
            return Ok(Read::Elsewhere(link));
        }
        (link.code, true)
    } else {
        (Code::parse(text)?, false)
    };
    Ok(Read::Invitation(Invitation { code, link }))
}

/// What the person is asked before the code of such a link is used.
pub(crate) fn elsewhere(link: &Link, relay: &Relay) -> String {
    format!(
        "The link names the relay {}, and you are set up for {}. A link sets nothing. If you trust\n\
         whoever sent it, type yes to use its code at YOUR relay:",
        plain(&link.relay),
        relay.address
    )
}

//= spec/02-codes.md#halves [CODE-15] 69d51833
/// The invitation to the first session, from a line of standard input.
pub(crate) fn first(terminal: &mut Terminal, relay: &Relay) -> Result<Invitation, Failure> {
    loop {
        terminal.line("Type the code that the helper reads to you, or paste the link:");
        match read(&line()?, relay) {
            Ok(Read::Invitation(invitation)) => return Ok(invitation),
            Ok(Read::Elsewhere(link)) => {
                terminal.line(&elsewhere(&link, relay));
                if line()?.trim() == "yes" {
                    let code = link.code;
                    return Ok(Invitation { code, link: true });
                }
            }
            Err(error) => terminal.line(&error.to_string()),
        }
    }
}

fn line() -> Result<String, Failure> {
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err("no code was given".into());
    }
    Ok(line)
}

/// Whether another code may do what this one did not.
pub(crate) fn is_to_blame(ended: &Ended) -> bool {
    matches!(
        ended.code,
        ErrorCode::NotFound
            | ErrorCode::HandshakeFailed
            | ErrorCode::HandshakeTimeout
            | ErrorCode::CodeExpired
    )
}

#[cfg(test)]
mod tests {
    use alongside_client::Trust;

    use super::*;

    //= test spec/02-codes.md#links [LINK-2] 385612f7
    #[test]
    fn only_the_relay_of_the_configuration_is_joined_unasked() {
        let relay = Relay {
            address: "relay.example:443".to_owned(),
            trust: Trust::Authorities("authorities.pem".into()),
        };
        let link = |text: &str| match read(text, &relay) {
            Ok(Read::Invitation(invitation)) => Some(invitation.link),
            Ok(Read::Elsewhere(_)) => None,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(link("4060-r0gx"), Some(false));
        assert_eq!(link("https://Relay.example/j#4060-r0gx"), Some(true));
        for other in ["relay.example:8443", "relay.example.org", "evil.example"] {
            assert_eq!(link(&format!("https://{other}/j#4060-r0gx")), None);
        }
        assert!(read("http://relay.example/j#4060-r0gx", &relay).is_err());
    }
}
