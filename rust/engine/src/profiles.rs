//! Provider profiles that were loaded from files: which there are, by name. Reading one is
//! `decode/custom`; where files come from is the caller's business.
//!
//! A profile stays in memory for the life of the process, so that decoding can walk its tables
//! as it walks those of built-in providers; the same text is kept once however often it is
//! loaded.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::decode::custom::{Custom, read};
use crate::error::InputError;
use crate::event::Provider;
use crate::limits::PROFILES_LOADED_MAX;

/// Profiles that go together, each under its name and its aliases.
#[derive(Clone, Debug, Default)]
pub struct Profiles(Vec<&'static Custom>);

/// Every text that was loaded in this process, and what became of it.
static LOADED: Mutex<Vec<(String, &'static Custom)>> = Mutex::new(Vec::new());

impl Profiles {
    /// No profile.
    pub const NONE: Self = Self(Vec::new());

    /// Reads files, given as name and text; all of them or none.
    ///
    /// `reserved` are names that a profile cannot have: those of the built-in providers.
    ///
    /// # Errors
    /// `ProfileInvalid` names the file, the line and the key.
    pub fn load(files: &[(String, String)], reserved: &[&str]) -> Result<Self, InputError> {
        let mut all: Vec<read::Draft> = Vec::with_capacity(files.len());
        for (file, text) in files {
            let draft = read::read(file, text)?;
            let mut names = std::iter::once(&draft.name).chain(&draft.aliases);
            let reason = names.find_map(|name| {
                if Provider::from_name(name).is_some() || reserved.contains(&name.as_str()) {
                    return Some(format!(
                        "\"{name}\" is a built-in provider; use another name."
                    ));
                }
                let mut taken = files.iter().zip(&all);
                let ((other, _), _) = taken.find(|(_, other)| other.is_named(name))?;
                Some(format!(
                    "\"{name}\" is a name of the profile in {other} as well."
                ))
            });
            if let Some(reason) = reason {
                return Err(draft.name_error(file, text, &reason));
            }
            all.push(draft);
        }
        let kept = files.iter().zip(all);
        let kept = kept.map(|((_, text), draft)| keep(text, draft));
        kept.collect::<Result<_, _>>().map(Self)
    }

    /// The profile with this name or alias.
    pub fn find(&self, name: &str) -> Option<&'static Custom> {
        self.0
            .iter()
            .copied()
            .find(|profile| profile.is_named(name))
    }

    /// All of them, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &'static Custom> {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each as JSON; see `facts::describe`.
    pub fn describe(&self) -> Vec<Value> {
        self.iter().map(Custom::describe).collect()
    }
}

/// The newest profile of this name in the process, whoever loaded it.
pub fn loaded(name: &str) -> Option<&'static Custom> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut newest = loaded.iter().rev().map(|(_, profile)| *profile);
    newest.find(|profile| profile.is_named(name))
}

/// A built-in provider, or a profile that is loaded and its name.
pub(crate) fn provider_named(name: &str) -> Option<(Provider, Option<&'static str>)> {
    match Provider::from_name(name) {
        Some(Provider::Profile) => None,
        Some(provider) => Some((provider, None)),
        None => {
            let profile = loaded(name)?;
            Some((Provider::Profile, Some(profile.name())))
        }
    }
}

fn keep(text: &str, draft: read::Draft) -> Result<&'static Custom, InputError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = loaded.iter().find(|(known, _)| known == text) {
        return Ok(known);
    }
    if loaded.len() >= PROFILES_LOADED_MAX {
        return Err(InputError::TooMany {
            what: "different profiles",
            unit: "process",
            count: PROFILES_LOADED_MAX,
        });
    }
    let profile: &'static Custom = Box::leak(Box::new(draft.finish()));
    loaded.push((text.to_owned(), profile));
    Ok(profile)
}
