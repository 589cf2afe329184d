//! Memory of batches that were written, kept for the next ones: taking megabytes from the
//! system and giving them back, batch by batch, costs more than filling them. Knows nothing of
//! what was in it.

use std::sync::{Mutex, PoisonError};

use crate::batch::Batch;

/// Batches whose memory is kept: one is filled while another is written.
const BATCHES_COUNT_MAX: usize = 2;
/// A batch of unusual size does not hold its memory for ever.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Emptied batches and record buffers.
#[derive(Debug, Default)]
pub struct Spare {
    batches: Mutex<Vec<Batch>>,
    buffers: Mutex<Vec<Vec<u8>>>,
}

fn take<T>(kept: &Mutex<Vec<T>>) -> Option<T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn keep<T>(kept: &Mutex<Vec<T>>, item: T, bytes: usize) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if bytes <= BATCH_BYTES_MAX && kept.len() < BATCHES_COUNT_MAX {
        kept.push(item);
    }
}

impl Spare {
    /// A batch that was emptied, if one is there.
    pub fn batch(&self) -> Option<Batch> {
        take(&self.batches)
    }

    /// Empties a batch and keeps its memory.
    pub fn keep_batch(&self, mut batch: Batch) {
        batch.clear();
        let bytes = batch.held_bytes();
        keep(&self.batches, batch, bytes);
    }

    /// An empty buffer.
    pub fn buffer(&self) -> Vec<u8> {
        take(&self.buffers).unwrap_or_default()
    }

    /// Empties a buffer and keeps its memory.
    pub fn keep_buffer(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let bytes = buffer.capacity();
        keep(&self.buffers, buffer, bytes);
    }
}
