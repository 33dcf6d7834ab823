//! Fields of smooth noise over an image.
