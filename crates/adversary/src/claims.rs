//! Cards, statements and receipts that are changed, made up, or shown elsewhere: what is believed was made so, by
//! somebody who is trusted, for here and now.

use std::collections::BTreeSet;

use alongside_state_machine::{
    books::{Sessions, Shelf},
    device::Retry,
    identity::{
        device::{self, Device, OwnDevice, Why},
        issue::{self, Request},
        own::OwnCard,
        picture, text,
        trust::{self, Anchor},
    },
    receipt::{
        self,
        attribution::{self, Attribution},
        verify,
    },
    relay::{
        ConnId,
        account::{Role, Standing},
    },
};
use alongside_wire::{
    Decision, DeviceStatus, Direction, Profile, Scopes,
    card::{Card, Signable as _, Signed, Statement},
    journal::Features,
    limits::timers::DEVICE_RETRY_MOST,
    receipt::{FILE_START, Receipt, append_card, append_receipt},
};

use crate::{
    cast::{self, BEGIN, DAY},
    records::tamper,
    source::Source,
    words,
};

const HANDSHAKES: [[u8; 32]; 2] = [[1; 32], [2; 32]];
const DIRECTIONS: [Direction; 2] = [Direction::ToHelper, Direction::ToSharer];
/// Seconds by which two clocks never differ: more than a card is believed before and after its time.
const FAR: u64 = DAY;

/// Looks for something that is believed and was not made so.
///
/// # Panics
/// If there is something.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    match source.below(8) {
        0 | 1 => of_a_card(&mut source),
        2 | 3 => of_a_device(&mut source),
        4 => issued(&mut source),
        5 => receipts(&mut source),
        6 => files(&mut source),
        _ => books(&mut source),
    }
}

/// A time, around that of the cards or any other.
fn time(source: &mut Source<'_>) -> u64 {
    match source.below(4) {
        0 => source.number(),
        1 => BEGIN.saturating_add(source.number()),
        _ => BEGIN + source.below(3 * DAY as usize) as u64 - DAY,
    }
}

fn anchors(source: &mut Source<'_>) -> Vec<Anchor> {
    match source.below(3) {
        0 => Vec::new(),
        which => vec![cast::anchor(which == 1)],
    }
}

/// A card, as it might be.
fn any_card(source: &mut Source<'_>) -> Card {
    let mut card = match source.bool() {
        true => cast::brief(0),
        false => cast::card(0),
    };
    for _ in 0..source.below(3) {
        match source.below(10) {
            0 => card.version = source.byte(),
            1 => card.profile = source.pick(Profile::ALL).to_wire(),
            2 => card.issuer = cast::key(0x70).public(),
            3 => card.first_name = source.text(),
            4 => card.last_name = source.text(),
            5 => (card.title, card.organisation) = (source.text(), source.text()),
            6 => card.card_key = [source.byte(); 32],
            7 => card.receipt_key = vec![[source.byte(); 32]; source.below(3)],
            8 => (card.not_before, card.expires) = (time(source), time(source)),
            _ => {
                if let Ok(any) = source.value() {
                    card = any;
                }
            }
        }
    }
    card
}

/// Somebody shows a card with a proof.
fn of_a_card(source: &mut Source<'_>) {
    let card = any_card(source);
    let by = match source.one_in(6) {
        true => cast::key(0x70),
        false => cast::issuer(),
    };
    let made = cast::signed(&card, &by);
    let (direction, handshake) = (*source.pick(&DIRECTIONS), *source.pick(&HANDSHAKES));
    let own = OwnCard::new(&made, cast::card_key(0));
    let sound = card.check().is_ok() && by.public() == card.issuer;
    assert_eq!(
        own.is_ok(),
        sound && card.card_key == cast::card_key(0).public()
    );
    let own = match own {
        Ok(own) => own,
        Err(why) => return drop(why.to_string()),
    };
    assert_eq!(own.card(), &card);
    let proof = own.prove(direction, &handshake);

    let (mut came, mut shown) = (made.clone(), proof.to_vec());
    tamper(&mut came, source);
    tamper(&mut shown, source);
    let here = (*source.pick(&DIRECTIONS), *source.pick(&HANDSHAKES));
    let read = trust::authenticate(&came, &shown, here.0, &here.1);
    let as_it_was = came == made && shown == proof && here == (direction, handshake);
    match read {
        Ok(Some(read)) => {
            assert!(as_it_was, "a card that was not shown so");
            believed(read, &card, source);
        }
        Ok(None) => assert!(came.is_empty(), "a card is none"),
        Err(fault) => {
            words::blamed(&fault);
            let receipt = card
                .receipt_key
                .iter()
                .all(|key| alongside_state_machine::identity::keys::check(key).is_ok());
            assert!(!as_it_was || !receipt, "{fault}, and nobody did anything");
        }
    }
}

/// What a card is worth to somebody.
fn believed(read: Card, card: &Card, source: &mut Source<'_>) {
    assert_eq!(&read, card, "another card");
    let name = card.name();
    assert!(name.starts_with(&card.first_name) && name.ends_with(&card.last_name));
    words::listed(card.ceiling);
    let (anchors, unix) = (anchors(source), source.bool().then(|| time(source)));
    let who = trust::judge(Some(read), &anchors, unix);
    let known = anchors.iter().any(|anchor| anchor.key == card.issuer);
    let Some(unix) = unix.filter(|_| known) else {
        assert!(!who.is_vouched_for(), "by nobody");
        return;
    };
    let is = (card.not_before..=card.expires).contains(&unix);
    let was =
        (card.not_before.saturating_sub(FAR)..=card.expires.saturating_add(FAR)).contains(&unix);
    assert!(
        who.is_vouched_for() || !is,
        "a card is not believed in its time"
    );
    assert!(
        !who.is_vouched_for() || was,
        "a card is believed out of its time"
    );
}

/// What is said of a device is told, whatever it is.
fn devices_are_told() {
    let [handshake, _] = HANDSHAKES;
    let unix = Some(BEGIN + 1);
    for status in DeviceStatus::ALL {
        let own = cast::own_device(*status).expect("a device");
        let (said, proof) = (own.bytes(), own.prove(&handshake));
        let judged = device::judge(said, &proof, &handshake, &[cast::anchor(false)], unix);
        let judged = judged.expect("a statement as any");
        match &judged {
            Device::Said { status: told, .. } => assert_eq!(told, status),
            Device::Unknown(why) => assert_eq!(*why, Why::IssuerCannotTell),
        }
        words::told(&judged);
    }
    let none = device::judge(&[], &[], &handshake, &[], unix).expect("no statement");
    words::told(&none);
}

/// A sharer shows a statement about its device.
fn of_a_device(source: &mut Source<'_>) {
    let mut said = cast::statement(*source.pick(DeviceStatus::ALL));
    match source.below(8) {
        0 => said.issuer = cast::key(0x70).public(),
        1 => said.device_key = [source.byte(); 32],
        2 => (said.issued, said.expires) = (time(source), time(source)),
        3 => said.status = source.byte(),
        4 => {
            if let Ok(any) = source.value::<Statement>() {
                said = any;
            }
        }
        _ => {}
    }
    let made = match source.bool() {
        true => issue::state(said.clone(), &cast::issuer()).unwrap_or_default(),
        false => Signed::join(&said, &cast::issuer().sign(&said.message())),
    };
    let own = match OwnDevice::new(&made, cast::device_key()) {
        Ok(own) => own,
        Err(why) => return drop(why.to_string()),
    };
    let handshake = *source.pick(&HANDSHAKES);
    let proof = own.prove(&handshake);
    let (mut came, mut shown) = (own.bytes().to_vec(), proof.to_vec());
    tamper(&mut came, source);
    tamper(&mut shown, source);
    let here = *source.pick(&HANDSHAKES);
    let (anchors, unix) = (anchors(source), source.bool().then(|| time(source)));
    let judged = device::judge(&came, &shown, &here, &anchors, unix);
    let as_it_was = came == made && shown == proof && here == handshake;
    let device = match judged {
        Ok(device) => device,
        Err(fault) => {
            words::blamed(&fault);
            assert!(!as_it_was, "{fault}, and nobody did anything");
            return;
        }
    };
    drop(device.to_string());
    if let Device::Said { status, .. } = device {
        assert!(as_it_was, "a statement that was not shown so");
        assert_eq!(
            (Some(status), device.is_in_order()),
            (
                DeviceStatus::from_wire(said.status),
                status == DeviceStatus::Compliant
            )
        );
        assert!(!anchors.is_empty(), "by nobody");
        let unix = unix.expect("somebody knows the time");
        assert!(
            unix.saturating_add(FAR) >= said.issued && unix <= said.expires.saturating_add(FAR)
        );
    } else {
        assert!(as_it_was || came.is_empty(), "{device}");
        let none = device == Device::Unknown(Why::NoStatement);
        assert_eq!(none, came.is_empty());
    }
}

/// An issuer signs for whoever shows to have the keys, and what they cannot be is on no card.
fn issued(source: &mut Source<'_>) {
    assert_eq!(format!("{:?}", cast::issuer()), "SecretKey(..)", "a key");
    let challenge = [source.byte(); 32];
    let receipt = cast::receipt_key();
    let mut request = Request::new(
        &cast::card_key(0),
        source.bool().then_some(&receipt),
        &challenge,
    );
    let made = request.clone();
    match source.below(6) {
        0 => tamper(&mut request.proof, source),
        1 => request.card_key = [source.byte(); 32],
        2 => request.receipt_key = vec![[source.byte(); 32]],
        _ => {}
    }
    let asked = match source.one_in(6) {
        true => [!challenge[0]; 32],
        false => challenge,
    };
    let card = any_card(source);
    let issued = issue::issue(card.clone(), &request, &asked, &cast::issuer());
    match issued {
        Ok(bytes) => {
            assert!(
                request == made && asked == challenge,
                "a card for somebody else's keys"
            );
            let own = OwnCard::new(&bytes, cast::card_key(0)).expect("a card as any");
            assert_eq!(own.card().first_name, card.first_name);
            let file = source.bytes(40).to_vec();
            let named = own
                .card()
                .picture
                .first()
                .is_some_and(|info| picture::is_named(info, &file));
            let pictured = own.with_picture(file);
            assert_eq!(pictured.is_ok(), named);
            pictured.map_or_else(|why| words::told(&why), drop);
        }
        Err(why) => drop(why.to_string()),
    }
}

/// A file of receipts in which some are missing, changed, moved or of somebody else.
fn receipts(source: &mut Source<'_>) {
    let which = source.byte();
    let named = which & 1 == 1;
    let card = match which >> 5 {
        7 => cast::signed(&cast::card(1), &cast::key(0x70)),
        6 => cast::signed(&cast::brief(1), &cast::issuer()),
        _ => cast::signed(&cast::card(1), &cast::issuer()),
    };
    let sharer_card = match named {
        true => alongside_state_machine::identity::own::hash(&card),
        false => [0; 32],
    };
    let mut said = Vec::new();
    for sequence in 1..=1 + source.below(8) as u32 {
        let decision = *source.pick(Decision::ALL);
        let (code, request, grant) = (
            source.number() as u16,
            source.number() as u32,
            source.number() as u32,
        );
        let scoped = matches!(
            decision,
            Decision::ConsentAllowed | Decision::ControlGranted | Decision::ControlDenied
        );
        let statement = alongside_wire::receipt::Statement {
            decision,
            code,
            request,
            grant,
            scopes: if scoped {
                Scopes::CONSENT
            } else {
                Scopes::NONE
            },
            duration_ms: source.number() as u32,
            time: time(source),
            sequence,
            transcript: HANDSHAKES[usize::from(source.one_in(10))],
            sharer_card,
            helper_card: [0; 32],
            key: cast::receipt_key().public(),
        };
        said.push(receipt::sign(&cast::receipt_key(), fitting(statement)));
    }
    let signed: BTreeSet<_> = said.iter().map(Receipt::to_bytes).collect();
    for _ in 0..source.below(3) {
        let (one, other) = (source.below(said.len()), source.below(said.len()));
        match source.below(4) {
            0 => said.swap(one, other),
            1 => drop(said.remove(one)),
            2 => said.push(said[one].clone()),
            _ => said[one].statement.grant ^= 1,
        }
        if said.is_empty() {
            break;
        }
    }
    let mut file = FILE_START.to_vec();
    said.iter()
        .for_each(|receipt| append_receipt(receipt, &mut file));
    if source.bool() {
        append_card(&card, &mut file);
    }
    tamper(&mut file, source);
    let Ok(report) = verify::verify(&file) else {
        return;
    };
    for (_, finding) in &report.findings {
        drop((finding.to_string(), finding.clause()));
    }
    if report.findings.is_empty() {
        let all = report.receipts.iter().map(Receipt::to_bytes);
        assert!(
            all.clone().all(|receipt| signed.contains(&receipt)),
            "a receipt that nobody signed"
        );
        let numbers: Vec<_> = report
            .receipts
            .iter()
            .map(|receipt| receipt.statement.sequence)
            .collect();
        assert_eq!(
            numbers,
            (1..=numbers.len() as u32).collect::<Vec<_>>(),
            "some are missing"
        );
    }
    let anchors = anchors(source);
    match attribution::attribute(&report, &anchors) {
        Attribution::To { card, issuer } => {
            assert!(
                named && !report.is_wrong() && !anchors.is_empty(),
                "whose are they?"
            );
            assert_eq!((*card, &issuer[..]), (cast::card(1), "Engines"));
        }
        Attribution::IntegrityOnly(why) => drop(why.to_string()),
    }
    let names = attribution::helper(&report, &anchors);
    assert!(
        names.is_none() || !report.findings.is_empty(),
        "no helper had a card"
    );
}

/// The same decision, with the fields that it has.
fn fitting(said: alongside_wire::receipt::Statement) -> alongside_wire::receipt::Statement {
    use alongside_wire::ErrorCode;
    let (request, grant, timed) = (
        said.request.max(1),
        said.grant.max(1),
        said.duration_ms % 900_000 + 1,
    );
    let (code, request, grant, duration_ms) = match said.decision {
        Decision::ConsentAllowed => (0, 0, 0, 0),
        Decision::ConsentDeclined => (ErrorCode::Declined.to_wire(), 0, 0, 0),
        Decision::ControlGranted => (0, said.request, grant, timed),
        Decision::ControlDenied => (ErrorCode::Denied.to_wire(), request, 0, 0),
        Decision::ControlEnded => (said.code.max(1), 0, grant, 0),
        Decision::SessionEnded => (said.code.max(1), 0, 0, 0),
        Decision::ControlRenewed => (0, 0, grant, timed),
    };
    alongside_wire::receipt::Statement {
        code,
        request,
        grant,
        duration_ms,
        ..said
    }
}

/// Files of keys and anchors, words of policies, and pictures, of any bytes.
fn files(source: &mut Source<'_>) {
    let bytes = source.rest();
    if bytes.is_empty() {
        devices_are_told();
    }
    if let Some(head) = picture::head(bytes) {
        assert!((1..=1_024).contains(&head.width) && (1..=1_024).contains(&head.height));
    }
    let digits = text::hex(bytes);
    assert_eq!(text::unhex(&digits).as_deref(), Some(bytes));
    let Ok(file) = str::from_utf8(bytes) else {
        return;
    };
    if let Some(read) = text::unhex(file) {
        assert_eq!(text::hex(&read), file.to_ascii_lowercase());
    }
    for word in file.split_whitespace() {
        let role = Role::from_name(word);
        assert!(role.is_none_or(|role| role.name() == word), "another role");
        let standing = Standing::from_name(word);
        let same = standing.is_none_or(|standing| standing.name() == word);
        assert!(same, "another standing");
    }
    match text::fields(file) {
        Ok(fields) => {
            for wanted in ["issuer", "secret", "card"] {
                match text::only::<4>(&fields, wanted) {
                    Ok(found) => {
                        let mut all = fields.iter().filter(|(name, _)| *name == wanted);
                        let only = all.next().map(|(_, bytes)| &bytes[..]);
                        assert_eq!(found.as_ref().map(|found| &found[..]), only);
                        assert!(all.next().is_none(), "one of two");
                    }
                    Err(wrong) => words::told(&wrong),
                }
            }
        }
        Err(wrong) => drop(wrong.to_string()),
    }
    match text::anchors(file) {
        Ok(anchors) => {
            let word = |anchor: &Anchor| match anchor.runs_relay {
                true => "relay-operator",
                false => "issuer",
            };
            let line = |anchor: &Anchor| {
                let key = text::hex(&anchor.key);
                format!("{} {key} {}\n", word(anchor), anchor.name)
            };
            let again: String = anchors.iter().map(line).collect();
            assert_eq!(text::anchors(&again), Ok(anchors), "other anchors");
        }
        Err(wrong) => drop(wrong.to_string()),
    }
}

/// What a relay writes down of sessions, and when its files go; how long a device waits before it tries again.
fn books(source: &mut Source<'_>) {
    let (mut retry, mut pause) = (Retry::default(), 0);
    for _ in 0..source.below(20) {
        let longer = retry.failed();
        assert!(longer >= pause && longer <= DEVICE_RETRY_MOST, "{longer}");
        pause = longer;
    }
    retry.secured();
    assert_eq!(retry, Retry::default());

    let shelf = match source.bool() {
        true => Shelf::JOURNAL,
        false => Shelf::reports(86_400_000 * (1 + source.number() % 90)),
    };
    let now = source.number();
    let name = shelf.file(now);
    let start = shelf.start(&name).expect("a name of its own");
    assert!(start <= now, "written before its span");
    assert!(shelf.is_due(start, shelf.due(start)) || shelf.due(start) == u64::MAX);
    assert_eq!(shelf.start(&source.text()), None);

    let mut sessions = Sessions::default();
    let mut in_one: BTreeSet<ConnId> = BTreeSet::new();
    let (mut latest, mut count) = (0, 0);
    while !source.is_empty() {
        let end = ConnId(source.below(10) as u64);
        let now = source.number();
        match source.below(6) {
            0 | 1 => {
                let other = ConnId(source.below(10) as u64);
                if end != other && !in_one.contains(&end) && !in_one.contains(&other) {
                    sessions.began(end, other, now);
                    in_one.extend([end, other]);
                    count += 1;
                }
            }
            2 => {
                let back = ConnId(6 + source.below(4) as u64);
                if !in_one.contains(&back) {
                    sessions.came_back(end, back);
                    if in_one.remove(&end) {
                        in_one.insert(back);
                    }
                }
            }
            3 => sessions.used(end, *source.pick(&[Features::RECONNECT, Features::FRAMES])),
            4 => sessions.streamed(end),
            _ => {
                let record = sessions.ended(end, source.number() as u16, now);
                assert_eq!(
                    record.is_some(),
                    in_one.contains(&end),
                    "a record of each session"
                );
                if let Some(record) = record {
                    assert!(record.end >= record.start && record.number <= count);
                    latest += 1;
                    // Whoever else was in it is in none.
                    in_one.retain(|one| sessions.clone().ended(*one, 0, now).is_some());
                }
            }
        }
        assert_eq!(sessions.under_way() as u64, count - latest);
    }
}
