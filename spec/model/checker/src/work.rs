//! Work that is spread over the processors.

use std::{sync::Mutex, thread};

/// Does each job, the first ones first; a job that panics is left out.
pub fn spread<J: Send, R: Send>(jobs: Vec<J>, work: impl Fn(&J) -> R + Sync) -> Vec<(J, R)> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let queue = &Mutex::new(jobs.into_iter());
    let work = &work;
    // The evaluator keeps what it knows in its thread.
    thread::scope(|scope| {
        let begin = || {
            scope.spawn(move || {
                let mut done = Vec::new();
                while let Some(job) = { queue.lock().map_or(None, |mut jobs| jobs.next()) } {
                    let result = work(&job);
                    done.push((job, result));
                }
                done
            })
        };
        let workers: Vec<_> = (0..threads).map(|_| begin()).collect();
        let done = workers.into_iter().map(|worker| worker.join());
        done.flat_map(Result::unwrap_or_default).collect()
    })
}
