//! The locks through which threads hand each other work: the standard library's. Tests of the
//! hand-offs are built with `--cfg loom` or `--cfg shuttle`; these run every order of steps, or
//! many at random, and bring their own. Locks that are never held over another step, and
//! flags that only end work early, stay `std`.

#[cfg(all(test, loom))]
pub use loom::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic::AtomicBool};
#[cfg(all(test, shuttle, not(loom)))]
pub use shuttle::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic::AtomicBool};
#[cfg(not(all(test, any(loom, shuttle))))]
pub use std::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, atomic::AtomicBool};
