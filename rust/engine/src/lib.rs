//! smstrack's engine: what became of each text, kept durably, as exact contact sets.
//!
//! A pure library. It has never heard of Python, of sockets, or of the wall clock: the caller
//! says what time it is, and only `log/disk.rs` touches files.
//!
//! Modules in the order an event flows: bytes, event, who and which, log, state, questions.
#![forbid(unsafe_code)]

pub mod apply;
pub mod backup;
pub mod batch;
pub mod bind;
pub mod check;
pub mod classifier;
pub mod codec;
pub mod consent;
pub mod contacts;
pub mod context;
pub mod decode;
pub mod engine;
pub mod error;
pub mod event;
pub mod facts;
pub mod group;
pub mod ids;
pub mod idset;
pub mod keys;
pub mod labels;
pub mod ledger;
pub mod limits;
pub mod log;
pub mod log_lines;
pub mod loose;
pub mod messages;
#[cfg(feature = "mutants")]
pub mod mutants;
#[cfg(not(feature = "mutants"))]
mod mutants;
mod named;
pub mod profiles;
mod provider;
pub mod query;
#[cfg(all(test, any(loom, shuttle)))]
mod races;
pub mod reading;
pub mod registry;
pub mod repair;
pub mod replies;
pub mod resolve;
pub mod scope;
pub mod seen;
pub mod sets;
pub mod settings;
pub mod snapshot;
mod spare;
pub mod state;
mod sync;
mod table;
pub mod trim;
pub mod verify;
