//! One end of a session: what it is told to do, and what it tells.

use std::time::Duration;

use alongside_client::{ConnectError, Ended};
use tokio::{
    sync::mpsc::{Receiver, Sender},
    task::JoinHandle,
};

use super::{Failure, PATIENCE};

pub(super) struct Person<C, E> {
    who: &'static str,
    commands: Sender<C>,
    told: Receiver<E>,
    /// All that was told, oldest first.
    pub(super) log: Vec<E>,
    session: JoinHandle<Result<Ended, ConnectError>>,
}

impl<C, E> Person<C, E> {
    pub(super) fn new(
        who: &'static str,
        commands: Sender<C>,
        told: Receiver<E>,
        session: JoinHandle<Result<Ended, ConnectError>>,
    ) -> Self {
        Self {
            who,
            commands,
            told,
            log: Vec::new(),
            session,
        }
    }

    pub(super) async fn order(&self, command: C) {
        // It fails when the session is over, which is told.
        let _ = self.commands.send(command).await;
    }

    /// Reads on until something was told; what `pick` makes of it.
    pub(super) async fn hear<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&E) -> Option<T>,
    ) -> Result<T, Failure> {
        let told = async {
            while let Some(event) = self.told.recv().await {
                let picked = pick(&event);
                self.log.push(event);
                if picked.is_some() {
                    return picked;
                }
            }
            None
        };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Some(heard)) => Ok(heard),
            Ok(None) => {
                let ended = self.leave().await?;
                Err(format!("the {} did not get {what}: {ended:?}", self.who).into())
            }
            Err(_) => Err(format!("the {} did not get {what} within 30 s", self.who).into()),
        }
    }

    /// What was told already and nobody waited for.
    pub(super) async fn catch_up(&mut self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        while let Ok(event) = self.told.try_recv() {
            self.log.push(event);
        }
    }

    /// Waits for the session to be over.
    pub(super) async fn leave(&mut self) -> Result<Ended, Failure> {
        let ended = tokio::time::timeout(PATIENCE, &mut self.session).await;
        let ended = ended.map_err(|_| format!("the {} did not end", self.who))??;
        self.catch_up().await;
        Ok(ended?)
    }
}
