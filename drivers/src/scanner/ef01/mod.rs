//! Serial fingerprint sensors of the 0xEF01 family: ZFM-20, R30x, R50x and their like.

pub mod command;
pub mod packet;
