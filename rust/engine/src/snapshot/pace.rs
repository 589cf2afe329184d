//! Work that a load may hand to other threads while nothing else is done. Knows nothing of
//! snapshots. A system that gives no more threads costs time only.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

/// Whether a load may use more than its own thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nobody is served before it ends, as when a directory is opened.
    Alone,
    /// Others work meanwhile and keep their processors.
    Beside,
}

/// A piece of work that waits for nothing.
pub(super) type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does all the jobs, beside each other if there is more than one thread.
pub(super) fn all_of(pace: Pace, jobs: Vec<Job<'_>>) {
    let threads = match pace {
        Pace::Alone => jobs.len(),
        Pace::Beside => 1,
    };
    let left = Mutex::new(jobs);
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = || {
        while let Some(job) = next() {
            job();
        }
    };
    scope(|scope| {
        for _ in 1..threads {
            // Where no thread is to be had, the work below does it all.
            drop(Builder::new().spawn_scoped(scope, work));
        }
        work();
    });
}

/// Gives `take` what `make` makes of each item, in their order, until `take` fails; while it takes
/// one, others are made on another thread: `ahead` lie ready, and one more is under way.
///
/// # Errors
/// The first of `take`.
pub(super) fn each_ahead<I: Sync, T: Send, E>(
    ahead: usize,
    items: &[I],
    make: impl Fn(&I) -> T + Sync,
    mut take: impl FnMut(&I, T) -> Result<(), E>,
) -> Result<(), E> {
    scope(|scope| {
        let (sender, ready): (SyncSender<T>, Receiver<T>) = sync_channel(ahead);
        let make = &make;
        if ahead > 0 {
            drop(Builder::new().spawn_scoped(scope, move || {
                for item in items {
                    if sender.send(make(item)).is_err() {
                        return;
                    }
                }
            }));
        } else {
            drop(sender);
        }
        for item in items {
            // Nobody is sending: there was no thread, or none was wanted.
            take(item, ready.recv().unwrap_or_else(|_| make(item)))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_at_either_pace() {
        for pace in [Pace::Alone, Pace::Beside] {
            let mut done = [0; 5];
            let jobs = done.iter_mut().zip(1..).map(|(slot, value)| {
                let job: Job<'_> = Box::new(move || *slot += value);
                job
            });
            all_of(pace, jobs.collect());
            assert_eq!(done, [1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn items_come_in_their_order_until_one_fails() {
        let items: Vec<u32> = (0..100).collect();
        for ahead in [0, 1, 3] {
            let mut taken = Vec::new();
            let outcome = each_ahead(
                ahead,
                &items,
                |item| item * 2,
                |item, made| {
                    taken.push((*item, made));
                    if *item == 50 { Err("fifty") } else { Ok(()) }
                },
            );
            assert_eq!(outcome, Err("fifty"));
            let expected: Vec<_> = (0..=50).map(|item| (item, item * 2)).collect();
            assert_eq!(taken, expected);
        }
    }
}
