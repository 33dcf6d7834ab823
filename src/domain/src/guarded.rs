//! Values that must not get out by accident: biometric data and personal data.
//!
//! Neither wrapper has `Display`, `Serialize` or `Deref`; `Debug` tells the size only; the contents are wiped on
//! drop. Reading is [`Biometric::expose`] or [`Personal::expose`]: one word to search for in a review.

use alloc::{string::String, vec::Vec};
use core::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What has a size that may be told.
pub trait ByteLen {
    /// Bytes held.
    fn byte_len(&self) -> usize;
}

impl ByteLen for Vec<u8> {
    fn byte_len(&self) -> usize {
        self.len()
    }
}

impl ByteLen for String {
    fn byte_len(&self) -> usize {
        self.len()
    }
}

macro_rules! guarded {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name<T: Zeroize + ByteLen>(T);

        impl<T: Zeroize + ByteLen> $name<T> {
            /// Puts a value under guard.
            pub fn new(value: T) -> Self {
                Self(value)
            }

            /// The value itself. Whoever calls this answers for where it goes.
            pub fn expose(&self) -> &T {
                &self.0
            }

            /// The value, to be changed in place.
            pub fn expose_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }

        impl<T: Zeroize + ByteLen> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.byte_len())
            }
        }

        impl<T: Zeroize + ByteLen> Drop for $name<T> {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl<T: Zeroize + ByteLen> ZeroizeOnDrop for $name<T> {}
    };
}

guarded! {
    /// Biometric data: pixels of a face or a fingerprint, in any encoding.
    Biometric
}

guarded! {
    /// Personal data: a name, a document number, lines of an MRZ.
    Personal
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn debug_tells_the_size_only() {
        assert_eq!(format!("{:?}", Biometric::new(vec![7u8; 17])), "Biometric(17 bytes)");
        assert_eq!(format!("{:?}", Personal::new(String::from("ERIKSSON"))), "Personal(8 bytes)");
    }
}
