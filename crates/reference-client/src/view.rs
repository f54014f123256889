//! Showing frames: a thread that decodes them, and views that it shows them in.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{
        Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
    },
    thread,
    time::{Duration, Instant},
};

use alongside_wire::{input::InputEvent, media::Frame};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

use crate::{
    canvas::{Canvas, CanvasError},
    marks::Mark,
    window::{Window, WindowEvent},
};

/// Something that shows a canvas.
pub trait View: Send {
    /// Shows the canvas after frame `id` was drawn on it.
    ///
    /// # Errors
    /// What is wrong, for the person. The session goes on.
    fn show(&mut self, id: u32, canvas: &Canvas) -> Result<(), String>;

    /// Whether the person may draw on what is shown. When they may not any more, what they drew is
    /// gone.
    ///
    /// # Errors
    /// As [`View::show`].
    fn allow_drawing(&mut self, _allowed: bool) -> Result<(), String> {
        Ok(())
    }

    /// How well it goes, in a few words.
    ///
    /// # Errors
    /// As [`View::show`].
    fn say(&mut self, _quality: &str) -> Result<(), String> {
        Ok(())
    }

    /// What the person did in it since the last call. Does not wait.
    fn poll(&mut self) -> Vec<WindowEvent> {
        Vec::new()
    }

    /// How long it may wait to be polled, or told something, while no frame comes.
    fn patience(&self) -> Duration {
        POLL
    }
}

impl View for Window {
    fn show(&mut self, _id: u32, canvas: &Canvas) -> Result<(), String> {
        Self::show(self, canvas).map_err(|error| error.to_string())
    }

    fn allow_drawing(&mut self, allowed: bool) -> Result<(), String> {
        Self::allow_drawing(self, allowed).map_err(|error| error.to_string())
    }

    fn say(&mut self, quality: &str) -> Result<(), String> {
        let title = format!("Alongside | {quality}");
        self.set_title(&title).map_err(|error| error.to_string())
    }

    fn poll(&mut self) -> Vec<WindowEvent> {
        Self::poll(self)
    }
}

/// Writes the canvas into a folder as `frame-000042.png`, at most five times a second; the last one
/// always, when this is dropped at the latest.
pub struct Folder {
    folder: PathBuf,
    saved: Option<Instant>,
    /// What came too soon after the last one and is still to be written.
    pending: Option<(u32, Canvas)>,
}

/// The least time between two files.
const SAVE_INTERVAL: Duration = Duration::from_millis(200);

impl Folder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.into(),
            saved: None,
            pending: None,
        })
    }

    fn save(&mut self, id: u32, canvas: &Canvas) -> Result<(), String> {
        self.saved = Some(Instant::now());
        let path = self.folder.join(format!("frame-{id:06}.png"));
        // Under another name first, so that nobody reads half a file.
        let part = self.folder.join("frame.part");
        canvas
            .save_png(&part)
            .and_then(|()| std::fs::rename(&part, &path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    fn rested(&self) -> bool {
        self.saved
            .is_none_or(|saved| saved.elapsed() >= SAVE_INTERVAL)
    }
}

impl View for Folder {
    fn show(&mut self, id: u32, canvas: &Canvas) -> Result<(), String> {
        if self.rested() {
            self.pending = None;
            self.save(id, canvas)
        } else {
            self.pending = Some((id, canvas.clone()));
            Ok(())
        }
    }

    fn poll(&mut self) -> Vec<WindowEvent> {
        if self.rested()
            && let Some((id, canvas)) = self.pending.take()
        {
            // A full disk was reported by `show`; the session goes on.
            let _ = self.save(id, &canvas);
        }
        Vec::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some((id, canvas)) = self.pending.take() {
            // A full disk was reported by `show`.
            let _ = self.save(id, &canvas);
        }
    }
}

/// What the thread tells the session's loop.
pub(crate) enum Seen {
    /// A frame is on the screen.
    Shown(u32),
    /// A frame could not be drawn, so the next must be complete.
    Damaged(String),
    /// The person did something in the window.
    Input(InputEvent),
    /// The person drew something in the window.
    Mark(Mark),
    /// The person closed the window.
    Closed,
    /// A view has trouble.
    Trouble(String),
}

/// Frames that wait to be decoded. With more the helper is too slow, and asks for a complete one.
const QUEUE: usize = 4;
/// How often views are polled.
const POLL: Duration = Duration::from_millis(10);

/// How long views may take to show the last frames, and to be closed.
const LINGER: Duration = Duration::from_secs(1);

/// What views are told beside frames.
pub(crate) enum Word {
    /// The person may draw, or not any more.
    Drawing(bool),
    /// How well it goes.
    Quality(String),
}

/// Hands frames and words to the thread.
pub(crate) struct Viewer {
    frames: SyncSender<(u32, Frame)>,
    words: Sender<Word>,
    closed: oneshot::Receiver<()>,
}

impl Viewer {
    pub(crate) fn start(views: Vec<Box<dyn View>>, seen: UnboundedSender<Seen>) -> Self {
        let (sender, frames) = sync_channel(QUEUE);
        let (words, told) = channel();
        let (done, closed) = oneshot::channel();
        thread::spawn(move || {
            show_frames(views, &frames, &told, &seen);
            // It fails if nobody waits for that.
            let _ = done.send(());
        });
        Self {
            frames: sender,
            words,
            closed,
        }
    }

    /// Tells all views something.
    pub(crate) fn tell(&self, word: Word) {
        // It fails when the thread has ended, and nothing is shown any more.
        let _ = self.words.send(word);
    }

    /// Whether the frame was taken; if not, the next must be complete.
    pub(crate) fn offer(&self, id: u32, frame: Frame) -> bool {
        match self.frames.try_send((id, frame)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits until what was handed over is shown and the views are closed, for a second at most.
    pub(crate) async fn close(self) {
        drop(self.frames);
        let _ = tokio::time::timeout(LINGER, self.closed).await;
    }
}

fn show_frames(
    mut views: Vec<Box<dyn View>>,
    frames: &Receiver<(u32, Frame)>,
    words: &Receiver<Word>,
    seen: &UnboundedSender<Seen>,
) {
    let mut canvas = Canvas::new();
    let patience = views.iter().map(|view| view.patience()).min();
    let patience = patience.unwrap_or(POLL);
    loop {
        let told = match frames.recv_timeout(patience) {
            Ok((id, frame)) => show(&mut views, &mut canvas, id, &frame, seen),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let heard = words
            .try_iter()
            .try_for_each(|word| tell(&mut views, &word, seen));
        let polled = views
            .iter_mut()
            .flat_map(|view| view.poll())
            .try_for_each(|event| {
                seen.send(match event {
                    WindowEvent::Input(input) => Seen::Input(input),
                    WindowEvent::Mark(mark) => Seen::Mark(mark),
                    WindowEvent::Closed => Seen::Closed,
                })
            });
        if told.and(heard).and(polled).is_err() {
            return;
        }
    }
}

fn tell(views: &mut [Box<dyn View>], word: &Word, seen: &UnboundedSender<Seen>) -> Sent {
    for view in views {
        let told = match word {
            Word::Drawing(allowed) => view.allow_drawing(*allowed),
            Word::Quality(quality) => view.say(quality),
        };
        if let Err(why) = told {
            seen.send(Seen::Trouble(why))?;
        }
    }
    Ok(())
}

type Sent = Result<(), tokio::sync::mpsc::error::SendError<Seen>>;

fn show(
    views: &mut [Box<dyn View>],
    canvas: &mut Canvas,
    id: u32,
    frame: &Frame,
    seen: &UnboundedSender<Seen>,
) -> Sent {
    //= spec/06-media-input.md#frames [MEDIA-17] c3886c70
    match canvas.apply(frame) {
        Ok(()) => {
            for view in views {
                if let Err(why) = view.show(id, canvas) {
                    seen.send(Seen::Trouble(why))?;
                }
            }
            seen.send(Seen::Shown(id))
        }
        Err(CanvasError::NeedsComplete) => seen.send(Seen::Damaged(String::new())),
        Err(error) => seen.send(Seen::Damaged(error.to_string())),
    }
}
