//! The border.

