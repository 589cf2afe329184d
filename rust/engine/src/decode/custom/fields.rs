//! Paths of fields -> slots, and the tables of names that lead there.
//!
//! A path names a field of the row: `status`, `data.payload.id`, `errors[0].code`. Dots lead
//! into JSON objects; in queries and forms they are part of the name. Where rows are elements of
//! an array, a slash in front means the top of the body, and `.` the element itself.

use crate::decode::slots::Slot;
use crate::decode::table::{Key, first, key, object, rows};

/// Slots that fields are put into, in the order in which they are named.
static SLOTS: [Slot; 22] = [
    Slot::Id,
    Slot::Status,
    Slot::To,
    Slot::From,
    Slot::Code,
    Slot::Time,
    Slot::Text,
    Slot::Parts,
    Slot::Ref,
    Slot::Event,
    Slot::StatusAlt,
    Slot::IdAlt,
    Slot::Sender,
    Slot::CodeAlt,
    Slot::TimeAlt,
    Slot::TextAlt,
    Slot::PartsAlt,
    Slot::Consent,
    Slot::ReplySign,
    Slot::ReceiptSign,
    Slot::PartType,
    Slot::PartText,
];

/// Fields that a profile names.
#[derive(Debug, Default)]
pub(super) struct Fields {
    paths: Vec<String>,
    /// Path of the array of rows, if there is one; empty for the body itself.
    pub rows: Option<String>,
}

impl Fields {
    /// The slot of a field.
    ///
    /// # Errors
    /// What is wrong with the path, or that there are too many.
    pub fn slot(&mut self, path: &str) -> Result<Slot, String> {
        let place = match self.paths.iter().position(|known| known == path) {
            Some(place) => place,
            None => {
                check(path, self.rows.is_some())?;
                self.paths.push(path.to_owned());
                self.paths.len() - 1
            }
        };
        SLOTS.get(place).copied().ok_or_else(|| {
            format!(
                "this is one field too many; a profile names at most {}.",
                SLOTS.len()
            )
        })
    }

    fn slots(&self) -> impl Iterator<Item = (&str, Slot)> {
        self.paths.iter().map(String::as_str).zip(SLOTS)
    }

    /// The table of queries and forms.
    pub fn flat(&self) -> &'static Key {
        let keys: Vec<Key> = self
            .slots()
            .map(|(path, slot)| key(kept(path.trim_start_matches('/')), slot))
            .collect();
        leak(object("", Slot::None, leak_all(keys)))
    }

    /// The table of JSON bodies.
    pub fn tree(&self) -> &'static Key {
        let mut top = Node::default();
        let row = match &self.rows {
            Some(path) => {
                let row = segments(path);
                top.change(&row, &|node| node.is_row = true);
                row
            }
            None => Vec::new(),
        };
        for (path, slot) in self.slots() {
            let mut whole: Vec<(&str, bool)> = match path.strip_prefix('/') {
                Some(_) => Vec::new(),
                None => row.clone(),
            };
            if path != "." {
                whole.extend(segments(path.trim_start_matches('/')));
            }
            top.change(&whole, &|node| node.slot = Some(slot));
        }
        leak(top.key())
    }
}

/// # Errors
/// What is wrong with a path.
fn check(path: &str, has_rows: bool) -> Result<(), String> {
    if path == "." && has_rows {
        return Ok(());
    }
    let inner = match path.strip_prefix('/') {
        Some(_) if !has_rows => {
            return Err(format!(
                "\"{path}\" begins with a slash, which means the top of the body beside `rows`; \
                 there is no `rows` here."
            ));
        }
        Some(inner) => inner,
        None => path,
    };
    let is_sound = |name: &str| {
        let name = name.strip_suffix("[0]").unwrap_or(name);
        !name.is_empty() && name.len() <= 64 && !name.contains(['[', ']']) && name.is_ascii()
    };
    // Forms have names with brackets; such a name has no dots.
    let is_plain = !inner.contains('.') && !inner.is_empty() && inner.len() <= 64;
    if is_plain || inner.split('.').all(is_sound) {
        return Ok(());
    }
    Err(format!(
        "\"{path}\" is no field; expected a name, or names with dots between them, each 1 to 64 \
         bytes of ASCII, as in \"errors[0].code\"."
    ))
}

/// Names of a path, and whether each is an array of which the first element counts.
fn segments(path: &str) -> Vec<(&str, bool)> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .map(|name| match name.strip_suffix("[0]") {
            Some(name) => (name, true),
            None => (name, false),
        })
        .collect()
}

#[derive(Debug, Default)]
struct Node {
    name: String,
    slot: Option<Slot>,
    is_first: bool,
    is_row: bool,
    inner: Vec<Node>,
}

impl Node {
    /// Changes the node at the end of a path, which is made if it is not there.
    fn change(&mut self, path: &[(&str, bool)], change: &dyn Fn(&mut Self)) {
        let Some(((name, is_first), rest)) = path.split_first() else {
            return change(self);
        };
        if !self.inner.iter().any(|node| node.name == *name) {
            self.inner.push(Self {
                name: (*name).to_owned(),
                ..Self::default()
            });
        }
        for node in self.inner.iter_mut().filter(|node| node.name == *name) {
            node.is_first |= is_first;
            node.change(rest, change);
        }
    }

    fn key(self) -> Key {
        let inner = leak_all(self.inner.into_iter().map(Self::key).collect());
        let (name, slot) = (kept(&self.name), self.slot.unwrap_or(Slot::None));
        match (self.is_row, self.is_first) {
            (true, _) => rows(name, slot, inner),
            (_, true) => first(name, slot, inner),
            _ => object(name, slot, inner),
        }
    }
}

fn kept(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn leak(key: Key) -> &'static Key {
    Box::leak(Box::new(key))
}

fn leak_all(keys: Vec<Key>) -> &'static [Key] {
    Vec::leak(keys)
}
