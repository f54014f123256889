//! A known device that waits to be called, again and again.

use std::time::Duration;

use alongside_client::{ConnectError, device::Device, sharer::Start};
use alongside_state_machine::device::Retry;
use alongside_wire::ErrorCode;

use super::{Book, Exit, Failure, Over, Sharer, args, receipts};

/// What comes after a wait.
enum Next {
    Again,
    /// Something failed, and is tried again after a pause.
    Pause,
    Stop(Exit),
}

impl Sharer {
    /// Waits until the person does not want to any more.
    pub(super) async fn wait_for_calls(
        &mut self,
        args: &args::Sharer,
        device: &Device,
    ) -> Result<Exit, Failure> {
        let mut retry = Retry::default();
        let mut written = None;
        loop {
            if let Some(path) = &args.receipts {
                // One in which nothing was written goes, and its name is free again.
                self.book = None;
                let path = receipts::next(path);
                self.book = Some(Book::create(&path)?);
                if written.replace(path.clone()) != Some(path) {
                    self.warn_of_receipts(args);
                }
            }
            let over = self.session(args, Start::Device(device.clone())).await;
            if self.talk.met {
                retry.secured();
            }
            let next = match over {
                Ok(over) => self.next(&over),
                Err(failure) if failure.is::<ConnectError>() => {
                    self.terminal.line(&failure.to_string());
                    Next::Pause
                }
                Err(failure) => return Err(failure),
            };
            match next {
                Next::Again => {}
                //= spec/17-known-devices.md#exchange [DEVICE-15] d9e269d2
                Next::Pause => {
                    if self.pause(retry.failed()).await {
                        return Ok(Exit::Done);
                    }
                }
                Next::Stop(exit) => return Ok(exit),
            }
        }
    }

    fn next(&mut self, over: &Over) -> Next {
        let Over::Ended(ended) = over else {
            return Next::Stop(Exit::Failed);
        };
        let met = self.talk.met;
        match ended.code {
            // Before anybody called, the person means the waiting; after that, the session.
            ErrorCode::Done if !met || self.stopped => Next::Stop(Exit::Done),
            ErrorCode::Replaced => {
                self.terminal
                    .line("Another program waits as this device now; one of the two must go.");
                Next::Stop(Exit::Refused)
            }
            ErrorCode::NotFound if !met => {
                self.terminal.line(
                    "The relay does not know this device, or knows it with another token; ask \
                     whoever enrolled it.",
                );
                Next::Stop(Exit::Refused)
            }
            ErrorCode::Idle => Next::Again,
            _ if met => Next::Again,
            _ => Next::Pause,
        }
    }

    /// Pauses; whether the person wants no more.
    async fn pause(&mut self, ms: u64) -> bool {
        let seconds = ms.div_ceil(1_000);
        self.terminal
            .status(&format!("waiting again in {seconds} s; q or end stops"));
        let over = tokio::time::sleep(Duration::from_millis(ms));
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return false,
                () = self.stop.next() => return true,
                word = self.typed.next(), if self.reading => match word.as_deref() {
                    Some("end" | "q") => return true,
                    Some(_) => {}
                    None => self.reading = false,
                },
            }
        }
    }
}
