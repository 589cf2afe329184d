//! What the rules said of replies, on its way from the caller to the batch that waits.

use smstrack_engine::engine::Judged;
use smstrack_engine::error::InputError;

use super::Door;
use crate::keeper::Keeper;

impl<K: Keeper> Door<K> {
    /// What the rules said of the waiting replies beside their labels; before [`Self::finish`].
    ///
    /// # Errors
    /// When there is not one for each reply; nothing was changed.
    pub fn set_judged(&mut self, judged: Vec<Judged>) -> Result<(), InputError> {
        self.work.set_judged(judged)
    }
}
