//! Connections by token. A token holds the slot's generation, so that a report about a closed
//! connection never reaches the one that took its place. Knows nothing of what a slot holds.

const INDEX_BITS: u32 = 32;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
/// Keeps every token below `usize::MAX`, which is the listener's.
const GENERATION_MASK: usize = (1 << 30) - 1;

#[derive(Debug)]
struct Slot<T> {
    generation: usize,
    value: Option<T>,
}

/// A table with stable tokens.
#[derive(Debug)]
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

impl<T> Slots<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Values held.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Puts in what `make` builds for its token; nothing is kept if it fails.
    pub fn insert<E>(&mut self, make: impl FnOnce(usize) -> Result<T, E>) -> Result<usize, E> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
            self.slots.len() - 1
        });
        let Some(slot) = self.slots.get_mut(index) else {
            unreachable!("free holds indexes")
        };
        let token = (slot.generation << INDEX_BITS) | index;
        match make(token) {
            Ok(value) => slot.value = Some(value),
            Err(error) => {
                self.free.push(index);
                return Err(error);
            }
        }
        Ok(token)
    }

    /// The value with this token, unless it is gone.
    pub fn get_mut(&mut self, token: usize) -> Option<&mut T> {
        let slot = self.slots.get_mut(token & INDEX_MASK)?;
        (slot.generation == token >> INDEX_BITS).then_some(slot.value.as_mut())?
    }

    /// Takes a value out; its token is dead from now on.
    pub fn remove(&mut self, token: usize) -> Option<T> {
        let index = token & INDEX_MASK;
        let slot = self.slots.get_mut(index)?;
        if slot.generation != token >> INDEX_BITS {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        self.free.push(index);
        Some(value)
    }

    /// Tokens of all values, in no order that means anything.
    pub fn tokens(&self) -> impl Iterator<Item = usize> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.value.is_some())
            .map(|(index, slot)| (slot.generation << INDEX_BITS) | index)
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn a_dead_token_does_not_reach_the_next_tenant() {
        let mut slots = Slots::new();
        let first = slots.insert(|_| Ok::<_, ()>('a')).unwrap();
        assert_eq!(slots.remove(first), Some('a'));
        let second = slots.insert(|_| Ok::<_, ()>('b')).unwrap();
        assert_ne!(first, second);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.get_mut(second), Some(&mut 'b'));
        assert_eq!(slots.tokens().collect::<Vec<_>>(), [second]);
        assert!(slots.insert(|_| Err::<char, _>(())).is_err());
        assert_eq!(slots.len(), 1);
    }
}
