//! The ingest door.
#![forbid(unsafe_code)]
