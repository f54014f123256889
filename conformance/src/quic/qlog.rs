//! What QUIC did at the suite's own end, as qlog: packets sent, received and lost, and what was measured.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use quinn::{QlogConfig, QlogStream};

/// Bytes after which nothing more of a log is kept: so many come only of floods.
const MOST: usize = 4_194_304;

/// The log of one end of the suite's, while it is written and after.
#[derive(Clone, Debug, Default)]
pub struct Qlog(Arc<Mutex<Vec<u8>>>);

impl Qlog {
    /// What has been written: a sequence of JSON texts, as RFC 7464 has them.
    pub fn text(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Where QUIC writes it.
    pub(super) fn stream(&self) -> Option<QlogStream> {
        let mut config = QlogConfig::default();
        config.writer(Box::new(self.clone()));
        config.title(Some("the suite".to_owned()));
        config.into_stream()
    }
}

impl Write for Qlog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if text.len() < MOST {
            text.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
