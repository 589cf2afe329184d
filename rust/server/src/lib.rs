//! The ingest door of smstrack: sockets, HTTP/1.1 framing, routing, back-pressure.
//!
//! [`Door`] owns a poller for all its sockets and does everything in turns of bounded length;
//! it has no threads and no loop of its own. A request is answered 2xx only after the commit
//! that holds its events.
//!
//! Modules in the order of a request: socket, framing, route, batch, answer.
//!
//! ```
//! use smstrack_server::{Door, Keeper, Options};
//!
//! /// One step of a caller's loop; it waits for the door's descriptor in between.
//! fn step<K: Keeper>(door: &mut Door<K>, wall_ms: i64) -> Option<u64> {
//!     let mut turn = door.pump(wall_ms);
//!     while turn.replies_waiting > 0 {
//!         let labels: Vec<u16> = door.reply_texts().map(|_text| 0).collect();
//!         turn = door.finish(&labels, wall_ms).expect("one word for each reply");
//!     }
//!     turn.next_timer_ms
//! }
//! ```
#![forbid(unsafe_code)]

mod answer;
mod body;
mod clock;
mod conn;
mod door;
mod gate;
mod guard;
mod head;
mod keeper;
pub mod limits;
mod options;
mod outbox;
mod overdue;
mod reason;
mod request;
mod route;
mod slots;
mod stats;
mod timers;
mod wait;
mod work;

pub use door::{Door, Turn};
pub use guard::{Guard, Source};
pub use keeper::{Gather, Keeper};
pub use options::{NAMES as OPTION_NAMES, Options};
pub use reason::Reason;
pub use route::{Names, PROVIDERS, Whose, named, names_in, source_name};
pub use stats::Stats;
