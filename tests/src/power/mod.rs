//! A file system that loses power: what programs see is kept apart from what a power cut leaves.
//!
//! It holds programs to what POSIX promises and no more: bytes last after fsync or fdatasync of their file, names after
//! fsync of their folder, a rename is whole or has not happened. Of everything else any part may last, whatever the order.

mod ext4;
mod files;
mod fuse;

pub use ext4::{DISK, Ext4, ext4_missing, new_disk};
pub use files::{SECTOR, Tree};
pub use fuse::{Mounted, PowerFs, missing};
