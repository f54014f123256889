//! From records of frame streams to frames that may be shown.

use alloc::vec::Vec;

use alongside_wire::{media::Frame, record::MediaHeader};

use super::{Channel, Event, HelperEndpoint};
use crate::{
    channel::media::{self, Dropped},
    endpoint::frames::Progress,
    error::Fault,
    mutant,
    session::By,
    time::Timestamp,
};

impl HelperEndpoint {
    pub(super) fn handle_media(
        &mut self,
        stream: u64,
        header: &MediaHeader,
        body: &mut [u8],
        now: Timestamp,
    ) {
        let (Channel::Standing(standing), Some(epoch)) =
            (&mut self.channel, self.machine.media_epoch())
        else {
            self.counters.early += 1;
            return;
        };
        if standing.media.epoch() != epoch {
            standing.media = media::Opener::new(epoch);
            self.assembly.clear();
        }
        let keys = &standing.handshake.channel.keys;
        let handled = match standing.media.open_in_place(keys, header, body) {
            Ok(plaintext) => self
                .machine
                .handle_media(header.epoch)
                .and_then(|()| self.assembly.add(stream, header, plaintext))
                .and_then(|progress| self.progress(header, progress, now)),
            Err(dropped) => {
                match dropped {
                    Dropped::Epoch => self.counters.other_epoch += 1,
                    Dropped::Window | Dropped::Replayed => self.counters.out_of_window += 1,
                    Dropped::Forged => self.counters.forged += 1,
                }
                if mutant::is("MEDIA-13/forged") {
                    let frame = Frame {
                        complete: true,
                        display: 0,
                        width: 8,
                        height: 8,
                        tiles: Vec::new(),
                    };
                    let id = header.frame;
                    self.events.push_back(Event::Frame { id, frame });
                }
                match mutant::is("MEDIA-7/blames") {
                    true => Err(Fault::RecordFailed),
                    false => Ok(()),
                }
            }
        };
        if let Err(fault) = handled {
            self.machine.fail(By::Peer, fault);
        }
        self.carry_out(now);
    }

    fn progress(
        &mut self,
        header: &MediaHeader,
        progress: Progress<'_>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let id = header.frame;
        let encoded = match progress {
            Progress::Partial => return Ok(()),
            Progress::Lost => {
                self.discard(now);
                return Ok(());
            }
            Progress::Whole(encoded) => encoded,
        };
        //= spec/06-media-input.md#frames [MEDIA-16] 939a2b46
        let frame = match Frame::read(&encoded) {
            Err(_) if mutant::is("MEDIA-16/lenient") => return Ok(()),
            read => read?,
        };
        //= spec/06-media-input.md#frames [MEDIA-14] 95470cc2
        //= spec/06-media-input.md#frames [MEDIA-15] 7bea0c5f
        let fits = match self.last_frame {
            Some(last) if frame.complete => id > last || mutant::is("MEDIA-15/back"),
            Some(last) => self.whole && Some(id) == last.checked_add(1),
            None => frame.complete,
        };
        if !fits {
            self.discard(now);
            if frame.complete || !mutant::is("MEDIA-14/gap") {
                return Ok(());
            }
        }
        self.last_frame = Some(id);
        self.whole = true;
        if self
            .first_frame
            .is_none_or(|(_, epoch)| epoch != header.epoch)
        {
            self.first_frame = Some((id, header.epoch));
        }
        self.events.push_back(Event::Frame { id, frame });
        Ok(())
    }

    fn discard(&mut self, now: Timestamp) {
        self.counters.discarded_frames += 1;
        self.machine.refresh(now);
    }
}
