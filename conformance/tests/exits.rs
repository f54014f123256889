//! What the suite ends with, and what it leaves, in each situation.

mod support;

use std::{fs, path::Path, process::Command};

use support::{beside, liar, report, run, suite, verdicts};
use tempfile::TempDir;

const CASE: &str = "sharer/consent/scopes";

/// What the suite says and what is heard, once in the case.
const LOSES_JOIN: &str = "'\"op\":\"join\"' '\"op\":\"lost\"'";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// Tests the reference by one case of a sharer.
fn reference(out: &Path, more: &[&str]) -> support::Said {
    let arguments = ["test", "reference", "--run", CASE, "--out", name(out)];
    run(&[&arguments[..], more].concat())
}

/// Cases, failures, errors and skipped, as a program that is not ours finds them in a file of the right form.
fn junit(out: &Path) -> String {
    let script = beside("junit.py");
    let path = out.join("junit.xml");
    let found = Command::new("python3").arg(script).arg(path).output();
    let found = found.expect("python3");
    let why = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{why}");
    String::from_utf8_lossy(&found.stdout).trim().to_owned()
}

/// A part of the reference behind a script of this folder.
fn behind(script: &str, part: &str) -> String {
    let (script, arguments) = script.split_once(' ').expect("arguments");
    format!(
        "python3 {} {arguments} '{}' reference {part}",
        beside(script).display(),
        env!("CARGO_BIN_EXE_alongside-conformance")
    )
}

/// A verdict, and what it means for who runs the suite.
struct Situation {
    verdict: &'static str,
    /// What is tested, and how that is started.
    test: [&'static str; 2],
    program: String,
    case: &'static str,
    more: &'static [&'static str],
    code: i32,
    junit: &'static str,
}

#[test]
fn each_verdict_ends_as_the_guide_says() {
    let counts = folder();
    let second = counts.path().join("count");
    let later = format!("falsifier.py --from {} 2 {LOSES_JOIN}", name(&second));
    let client = ["client", "--driver"];
    let situations = [
        Situation {
            verdict: "UNSUPPORTED",
            test: client,
            program: behind("lacking.py chat", "driver"),
            case: "client/chat/written",
            more: &["--role", "sharer"],
            code: 2,
            junit: "1 0 0 1",
        },
        Situation {
            verdict: "UNTESTABLE",
            test: client,
            program: behind("lacking.py reconnect", "driver"),
            case: "client/again/back",
            more: &["--role", "sharer"],
            code: 1,
            junit: "1 0 1 0",
        },
        Situation {
            verdict: "TIMEOUT",
            test: client,
            program: liar("does-nothing"),
            case: CASE,
            more: &["--timeout-scale", "0.1"],
            code: 1,
            junit: "1 1 0 0",
        },
        Situation {
            verdict: "CRASH",
            test: client,
            program: liar("breaks-down"),
            case: CASE,
            more: &[],
            code: 1,
            junit: "1 0 1 0",
        },
        Situation {
            verdict: "BLOCKED",
            test: client,
            program: liar("crash"),
            case: CASE,
            more: &[],
            code: 1,
            // The setup, which is why, is one as well.
            junit: "2 0 2 0",
        },
        Situation {
            verdict: "FLAKY",
            test: client,
            program: behind(&later, "driver"),
            case: CASE,
            more: &["--repeat", "2"],
            code: 1,
            junit: "1 1 0 0",
        },
        Situation {
            verdict: "HARNESS_ERROR",
            test: ["relay", "--relay-cmd"],
            // The relay of the reference says itself where it listens.
            program: format!(
                "env PLACE={{listen}} {}",
                behind("unwritable.py {setup}", "relay {setup}")
            ),
            case: "relay/connection/waiting/its-device-is-registered-no-more",
            more: &[],
            code: 3,
            junit: "1 0 1 0",
        },
    ];
    for one in situations {
        let out = folder();
        let [test, option] = one.test;
        let common = ["--run", one.case, "--out", name(out.path())];
        let arguments = [&["test", test, option, &one.program], &common[..], one.more];
        let said = run(&arguments.concat());
        let verdict = one.verdict;
        assert_eq!(said.code, one.code, "{verdict}: {}", said.text);
        let found = verdicts(out.path());
        let is_there = found
            .iter()
            .any(|line| line.starts_with(one.case) && line.ends_with(&format!(" {verdict}")));
        assert!(is_there, "{verdict}: {found:?}: {}", said.text);
        assert_eq!(junit(out.path()), one.junit, "{verdict}");
    }
}

/// What is not supported is no failure beside something that passes.
#[test]
fn zero_if_what_is_left_out_may_be() {
    let out = folder();
    let driver = behind("lacking.py chat", "driver");
    let arguments = ["test", "client", "--driver", &driver, "--role", "sharer"];
    let cases = ["--run", CASE, "--run", "client/chat/written"];
    let said = run(&[&arguments[..], &cases, &["--out", name(out.path())]].concat());
    assert_eq!(said.code, 0, "{}", said.text);
    assert_eq!(junit(out.path()), "2 0 0 1");
}

/// The next seed is taken each time, the first after the last, until the driver does not know how to join any more.
#[test]
fn it_repeats_until_something_fails() {
    let (out, counts) = (folder(), folder());
    let counted = counts.path().join("count");
    let third = format!("falsifier.py --from {} 3 {LOSES_JOIN}", name(&counted));
    let driver = behind(&third, "driver");
    let last = u64::MAX.to_string();
    let arguments = ["test", "client", "--driver", &driver, "--seed", &last];
    let case = ["--run", CASE, "--repeat-until-failure"];
    let said = run(&[&arguments[..], &case, &["--out", name(out.path())]].concat());
    assert_eq!(said.code, 1, "{}", said.text);
    assert_eq!(report(out.path())["outcomes"][0]["verdict"], "FAIL");
    assert_eq!(report(out.path())["outcomes"][0]["seed"], 1);
}

/// What is drawn follows from the seed, and how many drivers are started from the jobs.
#[test]
fn seeds_and_jobs_are_followed() {
    let counts = folder();
    let drivers = |jobs: &str, seed: &str| {
        let (out, captures) = (folder(), folder());
        let counted = counts.path().join(format!("{jobs}-{seed}"));
        let hello = "\"op\":\"hello\"";
        let counting = format!(
            "falsifier.py --from {} 1 '{hello}' '{hello}'",
            name(&counted)
        );
        let driver = behind(&counting, "driver");
        let arguments = ["test", "client", "--driver", &driver, "--role", "sharer"];
        let cases = ["--run", "sharer/consent/", "--jobs", jobs, "--seed", seed];
        let kept = [
            "--captures",
            name(captures.path()),
            "--out",
            name(out.path()),
        ];
        let said = run(&[&arguments[..], &cases, &kept].concat());
        assert_eq!(said.code, 0, "{}", said.text);
        let capture = captures.path().join("sharer-consent-scopes@sharer.json");
        let capture = fs::read_to_string(capture).expect("a capture");
        let code = capture.split("driver: join ").nth(1).expect("a join");
        let code = code.split('}').next().unwrap_or_default().to_owned();
        let started = fs::metadata(counted).expect("a count").len();
        (started, code)
    };
    let (alone, code) = drivers("1", "7");
    // One before all cases, and one for all of them.
    assert_eq!(alone, 2);
    let (many, same) = drivers("3", "7");
    assert!((3..=4).contains(&many), "{many} drivers");
    assert_eq!(same, code);
    assert_ne!(drivers("1", "8").1, code);
}

#[test]
fn zero_if_all_is_as_it_must_be() {
    let out = folder();
    let said = reference(out.path(), &["--repeat", "2"]);
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(
        said.text.trim_end().ends_with("report.html"),
        "{}",
        said.text
    );
    assert!(said.text.contains("\nCONSENT "), "{}", said.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer PASS")]);
    assert_eq!(junit(out.path()), "1 0 0 0");
    let lines = fs::read_to_string(out.path().join("results.jsonl")).expect("results");
    assert_eq!(lines.lines().count(), 2);
    assert!(!out.path().join("bundles").exists());
}

#[test]
fn one_if_something_is_not() {
    let out = folder();
    let driver = liar("has-nothing");
    let arguments = [
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(out.path()),
    ];
    let said = run(&arguments);
    assert_eq!(said.code, 1, "{}", said.text);
    assert_eq!(junit(out.path()), "1 1 0 0");
}

#[test]
fn an_expectation_counts_as_long_as_it_is_true() {
    let (out, files) = (folder(), folder());
    let file = files.path().join("known.toml");
    let driver = liar("has-nothing");
    let arguments = [
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(out.path()),
    ];
    let written = run(&[&arguments[..], &["--write-expectations", name(&file)]].concat());
    assert_eq!(written.code, 1, "{}", written.text);
    let expected = run(&[&arguments[..], &["--expect", name(&file)]].concat());
    assert_eq!(expected.code, 0, "{}", expected.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer XFAIL")]);
    assert_eq!(junit(out.path()), "1 0 0 1");
    // What somebody said of it stays, in a file that is written with another one.
    let text = fs::read_to_string(&file).expect("a file");
    let own = text
        .replace("not looked into yet", "it has nothing")
        .replace("issue = \"\"", "issue = \"#12\"");
    assert_eq!(own.matches("it has nothing").count(), 1, "{own}");
    fs::write(&file, &own).expect("a file");
    let both = ["--expect", name(&file), "--write-expectations", name(&file)];
    let again = run(&[&arguments[..], &both].concat());
    assert_eq!(again.code, 0, "{}", again.text);
    assert_eq!(fs::read_to_string(&file).expect("a file"), own);
    // It fails in another way than was expected.
    let other = files.path().join("other.toml");
    fs::write(&other, text.replace("\"FAIL\"", "\"TIMEOUT\"")).expect("a file");
    let unmatched = run(&[&arguments[..], &["--expect", name(&other)]].concat());
    assert_eq!(unmatched.code, 1, "{}", unmatched.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer FAIL")]);
    let why = report(out.path())["stale"][0]["why"].to_string();
    let begins = why.starts_with("\"no TIMEOUT that matches came of it, but FAIL: ");
    assert!(begins, "{why}");
    assert_eq!(junit(out.path()), "2 2 0 0");
    // The reference passes, which nobody expects.
    let passes = reference(out.path(), &["--expect", name(&file)]);
    assert_eq!(passes.code, 1, "{}", passes.text);
    assert_eq!(verdicts(out.path()), [format!("{CASE}@sharer XPASS")]);
    assert_eq!(junit(out.path()), "1 1 0 0");
    // Nothing fails, and the file is out of date.
    for (stale, why) in [
        ("case = \"no/such\"", "there is no such case"),
        (
            "case = \"sharer/consent/given\"\nexpires = 2020-01-01",
            "it has expired on 2020-01-01: take it out, or give it a later day",
        ),
    ] {
        let text = format!("[[expect]]\n{stale}\nverdict = \"FAIL\"\nreason = \"known\"\n");
        fs::write(&file, text).expect("a file");
        let said = reference(out.path(), &["--expect", name(&file)]);
        assert_eq!(said.code, 1, "{}", said.text);
        assert!(said.text.contains(why), "{}", said.text);
        assert_eq!(report(out.path())["stale"][0]["why"], why);
        assert_eq!(junit(out.path()), "2 1 0 0");
    }
}

/// Nothing is known of what does not start, whatever is expected of it.
#[test]
fn what_does_not_start_is_never_conformant() {
    let (out, files) = (folder(), folder());
    let driver = liar("crash");
    let arguments = ["test", "client", "--driver", &driver, "--run", CASE];
    let test = |option: &str, file: &Path| {
        let more = ["--out", name(out.path()), option, name(file)];
        run(&[&arguments[..], &more].concat())
    };
    let file = files.path().join("known.toml");
    let written = test("--write-expectations", &file);
    assert_eq!(written.code, 1, "{}", written.text);
    let text = fs::read_to_string(&file).expect("a file");
    assert!(!text.contains("[[expect]]"), "{text}");
    let expected = test("--expect", &file);
    assert_eq!(expected.code, 1, "{}", expected.text);
    // Nor if somebody writes it by hand.
    let entry = |case: &str, verdict: &str| {
        format!("[[expect]]\ncase = \"{case}\"\nverdict = \"{verdict}\"\nreason = \"known\"\n")
    };
    let text = [entry("setup", "CRASH"), entry(CASE, "BLOCKED")].concat();
    fs::write(&file, text).expect("a file");
    let by_hand = test("--expect", &file);
    assert_eq!(by_hand.code, 2, "{}", by_hand.text);
    assert!(by_hand.text.contains("no case was run"), "{}", by_hand.text);
    let wanted = ["setup", CASE].map(|case| format!("{case}@sharer XFAIL"));
    let mut found = verdicts(out.path());
    found.sort_by_key(|line| !line.starts_with("setup"));
    assert_eq!(found, wanted);
}

/// Before any case, and not after the last: where does it go?
#[test]
fn two_if_what_comes_of_it_cannot_be_written() {
    let place = folder();
    let out = place.path().join("out");
    let file = place.path().join("file");
    fs::write(&file, "mine").expect("a file");
    let (inside, here) = (file.join("folder"), place.path());
    for (option, path) in [
        ("--captures", &*inside),
        ("--write-expectations", here),
        ("--write-expectations", &inside),
    ] {
        let said = reference(&out, &[option, name(path)]);
        assert_eq!(said.code, 2, "{option}: {}", said.text);
        let named = format!("{option} {}: ", name(path));
        assert!(said.text.contains(&named), "{option}: {}", said.text);
    }
    assert!(!out.join("results.jsonl").exists());
}

/// The folder of a report may be one that somebody has other things in.
#[test]
fn two_if_what_is_there_is_not_of_a_run() {
    let out = folder();
    let own = out.path().join("bundles/app.js");
    fs::create_dir(out.path().join("bundles")).expect("a folder");
    fs::write(&own, "mine").expect("a file");
    let said = reference(out.path(), &[]);
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.text.contains(": bundles in it"), "{}", said.text);
    assert_eq!(fs::read_to_string(&own).expect("it is there"), "mine");
}

#[test]
fn vectors_that_are_none_are_told_in_words() {
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/code.json");
    let sound = fs::read_to_string(sound).expect("vectors");
    let folder = folder();
    let check = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = serde_json::from_str(&sound).expect("JSON");
        change(&mut file);
        let text = file.to_string();
        fs::write(folder.path().join("code.json"), text).expect("a file");
        run(&["vectors", name(folder.path())])
    };
    assert_eq!(check(&|_| {}).code, 0);
    let newer = check(&|file| file["format"] = 2.into());
    assert_eq!(newer.code, 2, "{}", newer.text);
    assert!(newer.text.contains("it is of form 2"), "{}", newer.text);
    let strange = check(&|file| file["vectors"][0]["input"] = 3.into());
    assert_eq!(strange.code, 1, "{}", strange.text);
    assert!(!strange.text.contains("panicked"), "{}", strange.text);
}

#[test]
fn two_if_the_command_is_wrong_or_nothing_was_run() {
    let out = folder();
    let certificate = "5d".repeat(32);
    let broken = out.path().join("broken.toml");
    fs::write(&broken, "[[expect]]\ncase = 3").expect("a file");
    let (nothing, absent) = (liar("has-nothing"), ["--driver", "no-such-program-here"]);
    for arguments in [
        &["test", "reference", "--run", "no/such/case"][..],
        &["test", "reference", "--no-such-option"],
        &["test", "reference", "--set", "0.9"],
        &["test", "relay"],
        &[&["test", "client"][..], &absent].concat(),
        &["test", "client", "--driver", "python3 'open"],
        &["test", "client", "--driver", &nothing, "--role", "helper"],
        &[
            "test",
            "reference",
            "--run",
            CASE,
            "--expect",
            name(&broken),
        ],
        &["diff", "no-such-file", "no-such-file"],
        &["replay", "no-such-folder"],
        &["decode", name(&broken)],
        &["report", "no-such-folder"],
        &["list", "--req", "NONE-1"],
        &["list", "--run", CASE, "--run", "no/such/case"],
        &["list", "--skip", "no/such/case"],
        &["test", "reference", "--level", "OUGHT"],
        &["test", "reference", "--jobs", "0"],
        &["test", "reference", "--timeout-scale", "0"],
        &["test", "reference", "--run", CASE, "--out", name(&broken)],
        &[
            "test",
            "relay",
            "--relay-url",
            "localhost",
            "--certificate",
            &certificate,
        ],
        &[
            "test",
            "relay",
            "--relay-url",
            "127.0.0.1:9",
            "--certificate",
            "5d",
        ],
        &[
            "test",
            "relay",
            "--relay-cmd",
            "true",
            "--certificate",
            &certificate,
        ],
        &["vectors", "no-such-folder"],
        &[],
    ] {
        let output = suite(arguments)
            .current_dir(out.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(!said.is_empty(), "{arguments:?}");
    }
}

#[test]
fn three_if_the_suite_breaks_down() {
    let out = folder();
    assert_eq!(reference(out.path(), &[]).code, 0);
    let taken = out.path().join("report.html");
    fs::remove_file(&taken).expect("a report");
    fs::create_dir(&taken).expect("a folder in the place of a file");
    let said = reference(out.path(), &[]);
    assert_eq!(said.code, 3, "{}", said.text);
    assert!(said.text.contains(name(out.path())), "{}", said.text);
}

#[test]
fn what_got_worse_is_one() {
    let (good, bad) = (folder(), folder());
    reference(good.path(), &[]);
    let driver = liar("has-nothing");
    run(&[
        "test",
        "client",
        "--timeout-scale",
        "2",
        "--driver",
        &driver,
        "--run",
        CASE,
        "--out",
        name(bad.path()),
    ]);
    // A folder is as good as its report.json.
    let worse = run(&["diff", name(good.path()), name(bad.path())]);
    let [good, bad] = [good.path(), bad.path()].map(|path| path.join("report.json"));
    assert_eq!(worse.code, 1, "{}", worse.text);
    assert!(worse.text.contains("PASS -> FAIL"), "{}", worse.text);
    assert_eq!(run(&["diff", name(&bad), name(&good)]).code, 0);
    assert_eq!(run(&["diff", name(&good), name(&good)]).text, "");
}

#[test]
fn the_doctor_finds_the_reference_fit() {
    let driver = format!(
        "'{}' reference driver",
        env!("CARGO_BIN_EXE_alongside-conformance")
    );
    let said = run(&["doctor", "--driver", &driver]);
    assert_eq!(said.code, 0, "{}", said.text);
}
