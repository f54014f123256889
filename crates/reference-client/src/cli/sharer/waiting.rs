//! A known device that waits to be called, again and again.

use std::time::Duration;

use alongside_client::{
    ConnectError, Ended,
    device::{Device, Next},
    sharer::Start,
};
use alongside_state_machine::device::Retry;
use alongside_wire::ErrorCode;

use super::{Book, Exit, Failure, Over, Sharer, args, receipts};

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
                Ok(Over::Ended(ended)) => {
                    let next = Next::after(&ended, self.talk.met);
                    if next == Next::Stop || self.stopped {
                        return Ok(self.stops(&ended));
                    }
                    next
                }
                Ok(Over::Spent | Over::Stuck) => return Ok(Exit::Failed),
                Err(failure) if failure.is::<ConnectError>() => {
                    self.terminal.line(&failure.to_string());
                    Next::Pause
                }
                Err(failure) => return Err(failure),
            };
            //= spec/17-known-devices.md#exchange [DEVICE-15] d9e269d2
            if next == Next::Pause && self.pause(retry.failed()).await {
                return Ok(Exit::Done);
            }
        }
    }

    /// Why it waits no more.
    fn stops(&mut self, ended: &Ended) -> Exit {
        let why = match ended.code {
            ErrorCode::Replaced => {
                "Another program waits as this device now; one of the two must go."
            }
            ErrorCode::NotFound => {
                "The relay does not know this device, or knows it with another token; ask whoever \
                 enrolled it."
            }
            _ => return Exit::Done,
        };
        self.terminal.line(why);
        Exit::Refused
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
