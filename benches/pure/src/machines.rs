//! One event at each machine, and a frame from one end to the other.

use std::{hint::black_box, net::Ipv4Addr};

use alongside_harness::World;
use alongside_state_machine::{
    endpoint::{Transmit, helper},
    relay::{self, ConnId, Relay, RelayConfig, Source},
    time::Timestamp,
};
use alongside_wire::{
    framing::Deframer,
    limits,
    rendezvous::{CodeRequest, Deliver, Hello, Join, Message},
    session::{Chat, Heartbeat},
};

use crate::{
    Failure, Workload,
    codec::{FRAME, frame},
    turns,
};

/// Sessions of the relay while one of them has an event.
const SESSIONS: u64 = 10_000;

pub(crate) fn workloads() -> Vec<Workload> {
    vec![
        Workload::new("machine/helper/heartbeat", || {
            let world = viewing();
            let (mut helper, now) = (world.helper.machine().clone(), world.now);
            let heartbeat = Heartbeat {}.into();
            Ok(turns(move || {
                helper.handle_message(black_box(&heartbeat), now).ok()?;
                Some(helper.poll_output())
            }))
        }),
        Workload::new("machine/sharer/heartbeat", || {
            let world = viewing();
            let (mut sharer, now) = (world.sharer.machine().clone(), world.now);
            let heartbeat = Heartbeat {}.into();
            Ok(turns(move || {
                sharer.handle_message(black_box(&heartbeat), now).ok()?;
                Some(sharer.poll_output())
            }))
        }),
        Workload::new("machine/sharer/chat", || {
            let world = viewing();
            let (mut sharer, now) = (world.sharer.machine().clone(), world.now);
            let mut id = 0;
            Ok(turns(move || {
                id += 1;
                let text = "a line of chat".to_owned();
                sharer.handle_message(&Chat { id, text }.into(), now).ok()?;
                // It is acknowledged, and told.
                sharer.poll_output()?;
                sharer.poll_output()
            }))
        }),
        Workload::new("machine/relay-10k/peer-of", || {
            let (relay, _) = crowded()?;
            let mut session = 0;
            Ok(turns(move || {
                session = (session + 7_919) % SESSIONS;
                relay.peer_of(black_box(ConnId(2 * session)))
            }))
        }),
        Workload::new("machine/relay-10k/deliver-200", || {
            let (mut relay, now) = crowded()?;
            let deliver = framed(Deliver {
                envelope: vec![7; 200],
            });
            let mut session = 0;
            Ok(turns(move || {
                session = (session + 7_919) % SESSIONS;
                relay.handle_control(ConnId(2 * session), black_box(&deliver), now);
                relay.poll_transmit()
            }))
        }),
        Workload::new("endpoint/frame-20k", || {
            let (mut world, frame) = (viewing(), frame());
            Ok(turns(move || {
                world.sharer.send_frame(black_box(&frame)).ok()?;
                let Some(Transmit::Stream { id, bytes, .. }) = world.sharer.poll_transmit() else {
                    return None;
                };
                world.helper.handle_stream(id, &bytes, false, world.now);
                let event = world.helper.poll_event();
                event.filter(|event| matches!(event, helper::Event::Frame { .. }))
            }))
        })
        .of_bytes(FRAME),
    ]
}

/// A session in which frames may be sent, and both ends have nothing to say.
fn viewing() -> World {
    let mut world = World::new(1);
    world.viewing();
    world
}

fn framed(message: impl Into<Message>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.into().encode(&mut bytes);
    bytes
}

/// A relay with all these sessions; in each the helper has an even number, and the sharer the one
/// after it.
fn crowded() -> Result<(Relay, Timestamp), Failure> {
    let config = RelayConfig {
        connections: 2 * SESSIONS as usize,
        ..RelayConfig::default()
    };
    let mut relay = Relay::new(config, [7; 32]);
    let mut now = Timestamp::from_millis(0);
    for session in 0..SESSIONS {
        let [helper, sharer] = [ConnId(2 * session), ConnId(2 * session + 1)];
        for conn in [helper, sharer] {
            let host = u32::try_from(conn.0)?;
            let source = Source(Ipv4Addr::from_bits(0x0A00_0000 + host).into());
            relay.connected(conn, source, now)?;
            relay.handle_control(conn, &framed(Hello::default()), now);
        }
        relay.handle_control(helper, &framed(CodeRequest {}), now);
        let Some(Message::CodeIssued(issued)) = last_said(&mut relay) else {
            return Err("no code".into());
        };
        let join = Join {
            locator: issued.locator,
            link: false,
            offer: vec![7; 64],
        };
        relay.handle_control(sharer, &framed(join), now);
        // Joins are answered on a tick.
        now = relay.poll_timeout().ok_or("no tick")?.max(now);
        relay.handle_timeout(now);
        if relay.peer_of(helper) != Some(sharer) {
            return Err("no session".into());
        }
        last_said(&mut relay);
        while relay.poll_event().is_some() {}
    }
    Ok((relay, now))
}

/// The last thing that the relay says now.
fn last_said(relay: &mut Relay) -> Option<Message> {
    let mut last = None;
    while let Some(transmit) = relay.poll_transmit() {
        if let relay::Transmit::Control { bytes, .. } = transmit {
            let mut deframer = Deframer::new(limits::CONTROL_MESSAGE, "a benchmark");
            deframer.push(&bytes);
            last = Message::pull(&mut deframer).ok()?;
        }
    }
    last
}
