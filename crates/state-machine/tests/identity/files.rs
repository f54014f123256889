//! Keys, cards and anchors in files.

use alongside_state_machine::identity::text::{Wrong, anchors, fields, hex, only, unhex};

use super::support::*;

#[test]
fn anchors_are_read_by_the_line() {
    let key = |first| hex(&key(first).public());
    let text = format!(
        "# whom we believe\n\n issuer {} Example Ltd, the helpdesk\nrelay-operator {} Ops\n",
        key(0),
        key(1)
    );
    let read = anchors(&text).unwrap();
    let names: Vec<_> = read
        .iter()
        .map(|anchor| (anchor.name.as_str(), anchor.runs_relay))
        .collect();
    assert_eq!(names, [("Example Ltd, the helpdesk", false), ("Ops", true)]);
    assert_eq!(hex(&read[0].key), key(0));
    let small = "00".repeat(32);
    for wrong in [
        format!("issuer {}", key(0)),
        format!("issuer {}  ", key(0)),
        format!("issuer {}00 A", key(0)),
        format!("friend {} A", key(0)),
        format!("issuer {small} A"),
        "issuer".to_owned(),
        format!("issuer {0} A\nissuer {0} B", key(0)),
    ] {
        let error = anchors(&wrong).unwrap_err();
        assert_eq!(error.line, wrong.lines().count(), "{wrong}: {error}");
    }
}

#[test]
fn fields_are_a_word_and_bytes() {
    let read = fields("a 0102\n# no\nb ff\na 03\n").unwrap();
    assert_eq!(only(&read, "b"), Ok(Some([255])));
    assert_eq!(only::<4>(&read, "c"), Ok(None));
    assert!(only::<2>(&read, "b").is_err());
    assert!(only::<2>(&read, "a").is_err());
    let wrong = |line, why| Some(Wrong { line, why });
    assert_eq!(
        fields("a 1").err(),
        wrong(1, "the value is not hexadecimal")
    );
    assert_eq!(
        fields("a 01\nb").err(),
        wrong(2, "there is no word with a value")
    );
    assert_eq!(unhex("zz"), None);
    assert_eq!(unhex("0aF0"), Some(vec![10, 240]));
}
