//! The lines that a helper types, as commands.

use alongside_client::helper::{Command, Line};
use alongside_wire::{Scopes, input::InputEvent, limits};

use super::{
    keys,
    report::{REPORT_HELP, report_category},
};

/// All commands, as they are typed, and what they do.
const COMMANDS: [(&str, &str); 21] = [
    ("control", "ask for control"),
    (
        "ask SCOPE ...",
        "ask for some of: pointer, keyboard, annotate, clipboard-to-helper, clipboard-to-sharer",
    ),
    ("release", "give it up"),
    ("type TEXT", "type text (US keyboard)"),
    ("enter", "press Enter"),
    ("key NAME", "press a key: a, F5, Escape, Left, Ctrl+C ..."),
    ("move X Y", "pointer, in pixels of the screen that you see"),
    ("click X Y", "move there and click"),
    ("draw X Y X Y ...", "draw a line"),
    ("laser X Y", "point without a click"),
    ("clear", "wipe out what is drawn"),
    ("copy", "send your clipboard, once"),
    ("take", "take what the other person's clipboard offers"),
    ("refuse", "refuse it"),
    ("a", "you have read the note on the other person's device"),
    ("pause", "pause the session"),
    ("unpause", "go on"),
    ("chat TEXT", "say something"),
    ("quality", "delay and rate"),
    ("end", "end the session"),
    (
        "report [KIND]",
        "end it, and report it to whoever runs the relay: scam, unasked, harm, other",
    ),
];

/// The commands for somebody who asks for help.
pub(crate) fn help() -> String {
    let lines = COMMANDS.map(|(command, what)| format!("  {command:17} {what}\n"));
    format!("Commands, a line each:\n{}", lines.concat())
}

/// What a line means; `stroke` is a number that no stroke has had.
pub(crate) fn command(
    line: &str,
    screen: Option<(u8, u16, u16)>,
    stroke: u32,
) -> Result<Command, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "control" => Ok(Command::RequestControl(Scopes::CONTROL)),
        "ask" => scopes(rest).map(Command::RequestControl),
        "draw" => draw(rest, screen, stroke).map(Command::Stroke),
        "laser" => {
            let places = places(rest, screen)?;
            match places[..] {
                [at] => Ok(Command::Laser(screen.map_or(0, |screen| screen.0), at)),
                _ => Err("write X and Y in pixels, such as: laser 120 80".to_owned()),
            }
        }
        "clear" => Ok(Command::Clear),
        "copy" => Ok(Command::CopyClipboard),
        "take" => Ok(Command::AnswerClipboard(true)),
        "refuse" => Ok(Command::AnswerClipboard(false)),
        "a" => Ok(Command::Acknowledge),
        "release" => Ok(Command::ReleaseControl),
        "pause" => Ok(Command::Pause(true)),
        "unpause" => Ok(Command::Pause(false)),
        "chat" => Ok(Command::Chat(rest.to_owned())),
        "end" => Ok(Command::End),
        "report" => report_category(rest)
            .map(Command::EndAndReport)
            .ok_or_else(|| REPORT_HELP.to_owned()),
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
        _ => {
            let known = COMMANDS.map(|(command, _)| command);
            Err(format!("commands: {}", known.join(", ")))
        }
    }
}

/// Scopes by their registered names; `draw` and `control` for short.
fn scopes(text: &str) -> Result<Scopes, String> {
    let mut scopes = Scopes::NONE;
    for name in text.split_whitespace() {
        let mut known = Scopes::REGISTERED.iter();
        scopes = scopes.union(match name {
            "control" => Scopes::CONTROL,
            "draw" => Scopes::ANNOTATE,
            name => match known.find(|(_, known)| *known == name) {
                Some((scope, _)) => *scope,
                None => return Err(format!("there is no scope `{name}`; {ASKABLE}")),
            },
        });
    }
    match scopes {
        Scopes::NONE => Err(ASKABLE.to_owned()),
        scopes => Ok(scopes),
    }
}

const ASKABLE: &str = "ask for some of: pointer, keyboard, annotate, clipboard-to-helper, \
                       clipboard-to-sharer, elevation";

/// A line in red through places in pixels.
fn draw(text: &str, screen: Option<(u8, u16, u16)>, id: u32) -> Result<Line, String> {
    let points = places(text, screen)?;
    if !(1..=limits::STROKE_POINTS).contains(&points.len()) {
        return Err("write 1 to 256 places, such as: draw 120 80 300 80".to_owned());
    }
    Ok(Line {
        id,
        display: screen.map_or(0, |screen| screen.0),
        colour: 0,
        width: 4,
        points,
    })
}

fn pointer(text: &str, screen: Option<(u8, u16, u16)>) -> Result<InputEvent, String> {
    let display = screen.map_or(0, |screen| screen.0);
    match places(text, screen)?[..] {
        [(x, y)] => Ok(InputEvent::Pointer { display, x, y }),
        _ => Err("write X and Y in pixels, such as: click 120 80".to_owned()),
    }
}

/// Pixels of the sharer's screen as the protocol counts: 0 is the first, 65,535 the last.
fn places(text: &str, screen: Option<(u8, u16, u16)>) -> Result<Vec<(u16, u16)>, String> {
    let (_, width, height) = screen.ok_or("nothing is shown yet")?;
    let numbers: Result<Vec<u16>, _> = text.split_whitespace().map(str::parse).collect();
    let numbers = numbers.map_err(|_| "write X and Y in pixels, such as: click 120 80")?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("write as many X as Y".to_owned());
    }
    if pairs.iter().any(|[x, y]| *x >= width || *y >= height) {
        return Err(format!("the screen has {width}x{height} pixels"));
    }
    let places = pairs
        .iter()
        .map(|[x, y]| (place(*x, width), place(*y, height)));
    Ok(places.collect())
}

fn place(pixel: u16, side: u16) -> u16 {
    let last = u32::from(side.saturating_sub(1)).max(1);
    u16::try_from((u32::from(pixel) * 65_535 + last / 2) / last).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    const SCREEN: Option<(u8, u16, u16)> = Some((0, 800, 600));

    fn said(line: &str) -> Result<Command, String> {
        command(line, SCREEN, 7)
    }

    #[test]
    fn lines_are_commands() {
        assert_eq!(said("end"), Ok(Command::End));
        assert_eq!(said("chat a  b"), Ok(Command::Chat("a  b".to_owned())));
        assert!(said("dance").is_err());
        assert!(command("click 1 1", None, 7).is_err());
        for wrong in [
            "click 800 1",
            "click 1",
            "click 1 2 3 4",
            "laser",
            "draw",
            "draw 1",
            "draw a b",
        ] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
        let corner = InputEvent::Pointer {
            display: 0,
            x: 65_535,
            y: 0,
        };
        assert_eq!(said("move 799 0"), Ok(Command::Input(vec![corner])));
        assert_eq!(said("laser 799 0"), Ok(Command::Laser(0, (65_535, 0))));
        let Ok(Command::Stroke(line)) = said("draw 0 0 799 599") else {
            panic!("a stroke");
        };
        assert_eq!((line.id, line.points), (7, vec![(0, 0), (65_535, 65_535)]));
    }

    #[test]
    fn scopes_have_names() {
        let asked = |line| match said(line) {
            Ok(Command::RequestControl(scopes)) => Some(scopes),
            _ => None,
        };
        assert_eq!(asked("control"), Some(Scopes::CONTROL));
        assert_eq!(asked("ask draw"), Some(Scopes::ANNOTATE));
        let both = Scopes::CLIPBOARD_TO_HELPER.union(Scopes::CLIPBOARD_TO_SHARER);
        assert_eq!(
            asked("ask clipboard-to-helper clipboard-to-sharer"),
            Some(both)
        );
        assert_eq!((asked("ask"), asked("ask everything")), (None, None));
    }
}
