//! Errors in state tables, and in the places that show them.

use alongside_spec::tables::{Machine, Outcome};

use crate::fixture::{CHAPTER, Fixture};

const TABLE: &str = "spec/tables/lamp.toml";
const PAGE: &str = "spec/tables/lamp.md";

const LAMP: &str = r#"machine = "lamp"
text = "A lamp."
complete = ["session"]
regions = ["shade", "light"]
order = ["end"]

[events]
peer = ["pause: set", "pause: unset", "end"]
person = ["press"]

[tell]
"dark" = "it is dark"

[region.light]
text = "The light."
states = ["off", "on"]

[region.light.on."pause, press"]
on = "violation CONSENT-1"
rest = "misuse"

[region.light.on."pause: unset"]
on = { to = "off", out = ["tell dark"], by = ["CONSENT-2"] }
off = "misuse"

[region.light.on."end"]
off = { to = "on" }
on = [{ when = "shade = up", to = "off", out = ["send end done"] }, "ignored"]

[region.shade]
text = "The shade."
states = ["up", "down"]
within = "light = on"
others = "stay"

[region.shade.on."pause: unset"]
up = { to = "down" }
down = "never"
"#;

fn with(table: &str) -> Fixture {
    let fixture = Fixture::sound();
    fixture.put(TABLE, table);
    fixture
}

pub(crate) fn sound() -> Fixture {
    let fixture = with(LAMP);
    fixture.run(&["write"]).succeeds();
    fixture
}

#[test]
fn a_table_is_shown_on_a_page_and_counted() {
    let fixture = sound();
    let run = fixture.run(&["check"]);
    run.succeeds();
    let counts = "counted state tables: 1 in all, 16 cells\n";
    assert!(run.out.contains(counts), "{}", run.out);
    let page = fixture.get(PAGE);
    for part in [
        "| `end` | → on | if shade is *up*: → off: `end` done<br>else ignored |",
        "| press | misuse | violation CONSENT-1 |",
        "| `pause`: unset | misuse | → off: *dark* (CONSENT-2) |",
        "s1 --> s0 : pause – unset<br/>end",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[test]
fn every_cell_is_decided_and_only_once() {
    for (from, to, says) in [
        (
            "rest = \"misuse\"",
            "",
            "light: no answer to \"pause: set\" in \"off\"",
        ),
        (
            "off = { to = \"on\" }",
            "",
            "light: no answer to \"end\" in \"off\"",
        ),
        (
            "[region.light.on.\"end\"]",
            "[region.light.on.\"end, press\"]",
            "\"press\" in \"off\" is decided twice",
        ),
        (
            "down = \"never\"",
            "\"down, up\" = \"never\"",
            "\"pause: unset\" in \"up\" is decided twice",
        ),
        (
            "down = \"never\"",
            "down = \"never\"\nrest = \"stay\"",
            "leaves nothing for `rest`",
        ),
        ("others = \"stay\"", "", "shade: no answer to"),
        (", \"ignored\"]", "]", "the last answer has a guard"),
        (
            ", \"ignored\"]",
            ", \"stay\", \"ignored\"]",
            "hides those that follow",
        ),
    ] {
        fails(from, to, says);
    }
}

#[test]
fn what_a_table_names_exists() {
    for (from, to, says) in [
        (
            "{ to = \"on\" }",
            "{ to = \"dim\" }",
            "light has no state \"dim\"",
        ),
        ("shade = up", "shade = half", "shade has no state \"half\""),
        ("shade = up", "blind = up", "unknown region \"blind\""),
        (
            "within = \"light = on\"",
            "within = \"light = dim\"",
            "names no states of a region",
        ),
        (
            "\"pause, press\"",
            "\"pause, pull\"",
            "unknown event \"pull\"",
        ),
        (
            "\"end\"]\nperson",
            "\"end\", \"fin\"]\nperson",
            "unknown message \"fin\"",
        ),
        ("\"end\"]\nperson", "]\nperson", "no event \"end\""),
        (
            "send end done",
            "send fin done",
            "unknown output \"send fin done\"",
        ),
        (
            "tell dark\"]",
            "tell darker\"]",
            "unknown output \"tell darker\"",
        ),
        ("[\"send end done\"]", "[]", "nothing sends \"end\""),
        ("[\"tell dark\"]", "[]", "nothing tells \"dark\""),
        (
            "order = [\"end\"]",
            "order = []",
            "the order of messages does not have \"end\"",
        ),
        ("CONSENT-2", "CONSENT-7", "no requirement [CONSENT-7]"),
        ("CONSENT-1", "CODE-9", "[CODE-9] is retired"),
        ("\"misuse\"", "\"refused\"", "unknown answer \"refused\""),
        (
            "machine = \"lamp\"",
            "machine = \"torch\"",
            "the machine is torch",
        ),
    ] {
        fails(from, to, says);
    }
}

/// The table is refused with this change, on whose account nothing is written.
#[track_caller]
fn fails(from: &str, to: &str, says: &str) {
    assert!(LAMP.contains(from), "no {from:?}");
    let fixture = with(&LAMP.replacen(from, to, 1));
    for command in ["check", "write"] {
        let run = fixture.run(&[command]);
        assert_eq!(run.code, Some(1), "{}", run.out);
        assert!(run.out.contains(says), "no {says:?} in {}", run.out);
    }
    assert!(!fixture.path(PAGE).exists());
}

#[track_caller]
fn is_stale(fixture: &Fixture, path: &str) {
    let run = fixture.run(&["check"]);
    let [error] = run.errors()[..] else {
        panic!("{}", run.out);
    };
    let says = ["differs from its file", "cargo spec write"];
    assert!(error.starts_with(path), "{error}");
    assert!(says.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn a_page_that_differs_is_stale() {
    let fixture = sound();
    fixture.replace(PAGE, "→ on", "→ off");
    is_stale(&fixture, PAGE);
    fixture.run(&["write"]).succeeds();
    fixture.is_sound();
    fixture.replace(TABLE, "off = { to = \"on\" }", "off = \"stay\"");
    is_stale(&fixture, PAGE);
}

#[test]
fn a_chapter_shows_a_part() {
    let fixture = sound();
    let text = fixture.get(CHAPTER);
    let marked = |marker: &str| format!("{text}\n<!-- {marker} -->\n<!-- end of table -->\n");
    fixture.put(CHAPTER, &marked("table lamp light from peer in on"));
    is_stale(&fixture, CHAPTER);
    fixture.run(&["write"]).succeeds();
    fixture.is_sound();
    let shown = fixture.get(CHAPTER);
    assert!(
        shown.contains("| | on |\n|---|---|\n| `pause`: set | violation CONSENT-1 |\n"),
        "{shown}"
    );
    assert!(!shown.contains("press"), "{shown}");
    fixture.replace(CHAPTER, "violation CONSENT-1", "ignored");
    is_stale(&fixture, CHAPTER);
    for (marker, says) in [
        ("table torch light", "no table of \"torch\""),
        ("table lamp bulb", "no region \"bulb\""),
        ("table lamp light in dim", "no state \"dim\""),
        ("diagram lamp", "no region"),
    ] {
        fixture.put(CHAPTER, &marked(marker));
        let run = fixture.run(&["check"]);
        assert!(run.out.contains(says), "no {says:?} in {}", run.out);
    }
}

#[test]
fn the_first_region_that_takes_no_step_decides() {
    let fixture = sound();
    let lamp = Machine::load(&fixture.path(""), "lamp").expect("a table");
    let decide = |states: [&str; 2], event: &str| {
        let states = lamp.states(&[("shade", states[0]), ("light", states[1])]);
        let event = lamp.event(event).expect("an event");
        lamp.decide(&states.expect("states"), event).outcome
    };
    let step = |states: [usize; 2], out: &[&str]| {
        let out = out.iter().map(|output| (*output).to_owned());
        Outcome::Step(states.to_vec(), out.collect())
    };
    assert_eq!(decide(["up", "off"], "press"), Outcome::Misuse);
    let violation = Outcome::Violation("CONSENT-1".to_owned());
    assert_eq!(decide(["down", "on"], "press"), violation);
    assert_eq!(decide(["up", "off"], "end"), step([0, 1], &[]));
    assert_eq!(
        decide(["up", "on"], "end"),
        step([0, 0], &["send end done"])
    );
    assert_eq!(decide(["down", "on"], "end"), Outcome::Ignored);
    assert_eq!(decide(["down", "on"], "pause: unset"), Outcome::Never);
    // The shade went down, and is up again because the light is off.
    assert_eq!(
        decide(["up", "on"], "pause: unset"),
        step([0, 0], &["tell dark"])
    );
    assert!(lamp.states(&[("light", "on")]).is_err());
}
