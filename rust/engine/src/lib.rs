//! smstrack's engine: what became of each text, kept durably, as exact contact sets.
//!
//! A pure library. It has never heard of Python, of sockets, or of the wall clock: the caller
//! says what time it is, and only `log/disk.rs` touches files.
//!
//! Modules in the order an event flows: bytes, event, who and which, log, state, questions.
#![forbid(unsafe_code)]

pub mod limits;
pub mod error;
pub mod event;
pub mod decode;
pub mod keys;
pub mod contacts;
pub mod messages;
pub mod loose;
pub mod registry;
pub mod batch;
pub mod resolve;
pub mod bind;
pub mod codec;
pub mod log;
pub mod group;
pub mod idset;
pub mod sets;
pub mod consent;
pub mod state;
pub mod apply;
pub mod query;
pub mod snapshot;
pub mod engine;
pub mod check;
