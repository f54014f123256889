//! The lines that a helper types, as commands.

use alongside_client::helper::Command;
use alongside_wire::{Scopes, input::InputEvent};

use super::keys;

/// What a line means.
pub(crate) fn command(line: &str, screen: Option<(u8, u16, u16)>) -> Result<Command, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "control" => Ok(Command::RequestControl(Scopes::CONTROL)),
        "release" => Ok(Command::ReleaseControl),
        "pause" => Ok(Command::Pause(true)),
        "unpause" => Ok(Command::Pause(false)),
        "chat" => Ok(Command::Chat(rest.to_owned())),
        "end" => Ok(Command::End),
        "enter" => keys::press("enter")
            .map(Command::Input)
            .ok_or_else(String::new),
        "type" => match keys::type_text(rest) {
            (events, missing) if missing.is_empty() => Ok(Command::Input(events)),
            (_, missing) => Err(format!("a US keyboard has no key for: {missing}")),
        },
        "key" => keys::press(rest)
            .map(Command::Input)
            .ok_or_else(|| format!("there is no key `{rest}`; try a, F5, Escape, Left, Ctrl+C")),
        "move" => Ok(Command::Input(vec![pointer(rest, screen)?])),
        "click" => {
            let button = |down| InputEvent::Button { button: 1, down };
            let events = vec![pointer(rest, screen)?, button(true), button(false)];
            Ok(Command::Input(events))
        }
        _ => Err(
            "commands: control, release, type TEXT, enter, key NAME, move X Y, click X Y, pause, \
             unpause, chat TEXT, end"
                .to_owned(),
        ),
    }
}

/// Pixels of the sharer's screen as the protocol counts: 0 is the first, 65,535 the last.
fn pointer(text: &str, screen: Option<(u8, u16, u16)>) -> Result<InputEvent, String> {
    let (display, width, height) = screen.ok_or("nothing is shown yet")?;
    let mut numbers = text.split_whitespace().map(str::parse::<u16>);
    let (Some(Ok(x)), Some(Ok(y)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        return Err("write X and Y in pixels, such as: click 120 80".to_owned());
    };
    if x >= width || y >= height {
        return Err(format!("the screen has {width}x{height} pixels"));
    }
    let (x, y) = (place(x, width), place(y, height));
    Ok(InputEvent::Pointer { display, x, y })
}

fn place(pixel: u16, side: u16) -> u16 {
    let last = u32::from(side.saturating_sub(1)).max(1);
    u16::try_from((u32::from(pixel) * 65_535 + last / 2) / last).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands() {
        assert_eq!(command("end", None), Ok(Command::End));
        assert_eq!(
            command("chat a  b", None),
            Ok(Command::Chat("a  b".to_owned()))
        );
        assert!(command("dance", None).is_err());
        assert!(command("click 1 1", None).is_err());
        assert!(command("click 800 1", Some((0, 800, 600))).is_err());
        let corner = InputEvent::Pointer {
            display: 0,
            x: 65_535,
            y: 0,
        };
        let screen = Some((0, 800, 600));
        assert_eq!(
            command("move 799 0", screen),
            Ok(Command::Input(vec![corner]))
        );
    }
}
