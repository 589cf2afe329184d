//! Group commit's hand-off: many callers bring jobs, one of them at a time runs all that wait.
//!
//! Whoever finds no leader leads: takes every waiting job, runs them as one group, and hands
//! the results out. So one sync serves all who came while the last one was under way, with no
//! thread of its own. Knows nothing of what a job is.

use std::collections::HashMap;
use std::sync::PoisonError;

use crate::mutants::{Mutant, is};
use crate::sync::{Condvar, Mutex};

#[derive(Debug)]
struct Queue<J, R> {
    waiting: Vec<(u64, J)>,
    done: HashMap<u64, R>,
    next: u64,
    has_leader: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Group<J, R> {
    queue: Mutex<Queue<J, R>>,
    wake: Condvar,
}

impl<J, R> Default for Group<J, R> {
    fn default() -> Self {
        let queue = Queue {
            waiting: Vec::new(),
            done: HashMap::new(),
            next: 0,
            has_leader: false,
        };
        Self {
            queue: Mutex::new(queue),
            wake: Condvar::new(),
        }
    }
}

impl<J, R> Group<J, R> {
    /// Brings a job and waits for its result. `run` gets the group's jobs in order of arrival
    /// and returns as many results, in the same order; it must not panic.
    pub fn submit(&self, job: J, run: impl Fn(Vec<J>) -> Vec<R>) -> R {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push((ticket, job));
        loop {
            if let Some(result) = queue.done.remove(&ticket) {
                return result;
            }
            if queue.has_leader {
                queue = self
                    .wake
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.has_leader = true;
            let (tickets, jobs): (Vec<_>, Vec<_>) = queue.waiting.drain(..).unzip();
            drop(queue);
            let results = run(jobs);
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.done.extend(tickets.into_iter().zip(results));
            queue.has_leader = false;
            if is(Mutant::LostNotify) {
                self.wake.notify_one();
            } else {
                self.wake.notify_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn everybody_gets_their_own_result_and_groups_form() {
        let group = Arc::new(Group::<usize, usize>::default());
        let runs = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let (group, runs) = (Arc::clone(&group), Arc::clone(&runs));
                std::thread::spawn(move || {
                    for turn in 0..500 {
                        let job = thread * 1_000 + turn;
                        let result = group.submit(job, |jobs| {
                            runs.fetch_add(1, Ordering::Relaxed);
                            jobs.into_iter().map(|job| job * 2).collect()
                        });
                        assert_eq!(result, job * 2);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(runs.load(Ordering::Relaxed) <= 4_000);
        assert!(group.queue.lock().unwrap().done.is_empty());
    }
}
