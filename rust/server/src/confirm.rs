//! Subscriptions that ask to be confirmed, on their way from a request to whoever fetches. Knows
//! addresses; fetches nothing.

use std::mem;

use crate::door::Door;
use crate::keeper::Keeper;

impl<K: Keeper> Door<K> {
    /// Where subscriptions to the topics of `Options::confirm_topics` are confirmed that were
    /// asked for since the last call: addresses of SNS, each to be fetched once.
    pub fn take_confirmations(&mut self) -> Vec<String> {
        mem::take(&mut self.work.confirmations)
    }
}
