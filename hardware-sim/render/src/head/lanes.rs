//! Four rays at once. Plain arrays, which the compiler turns into vector instructions; every lane computes exactly
//! what a single number would.

use std::ops::{Add, Mul, Neg, Sub};

use super::vec::{V3, v};

/// Lanes of a packet.
pub(super) const LANES: usize = 4;

/// Four numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(16))]
pub(super) struct F4(pub [f32; LANES]);

impl F4 {
    #[inline(always)]
    pub fn all(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub fn map(self, f: impl Fn(f32) -> f32) -> Self {
        let a = self.0;
        Self([f(a[0]), f(a[1]), f(a[2]), f(a[3])])
    }

    #[inline(always)]
    pub fn zip(self, o: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let (a, b) = (self.0, o.0);
        Self([f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])])
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.map(f32::sqrt)
    }

    #[inline(always)]
    pub fn abs(self) -> Self {
        self.map(f32::abs)
    }

    // A comparison compiles to one instruction; the standard minimum's care for NaN would cost four.
    #[inline(always)]
    pub fn min(self, o: Self) -> Self {
        self.zip(o, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    pub fn max(self, o: Self) -> Self {
        self.zip(o, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    pub fn over(self, o: Self) -> Self {
        self.zip(o, |a, b| a / b)
    }

    /// The least of the four.
    #[inline(always)]
    pub fn least(self) -> f32 {
        let a = self.0;
        a[0].min(a[1]).min(a[2].min(a[3]))
    }

    /// The greatest of the four.
    #[inline(always)]
    pub fn most(self) -> f32 {
        let a = self.0;
        a[0].max(a[1]).max(a[2].max(a[3]))
    }
}

impl Add for F4 {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        self.zip(o, |a, b| a + b)
    }
}

impl Add<f32> for F4 {
    type Output = Self;
    #[inline(always)]
    fn add(self, k: f32) -> Self {
        self.map(|a| a + k)
    }
}

impl Sub for F4 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self.zip(o, |a, b| a - b)
    }
}

impl Sub<f32> for F4 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, k: f32) -> Self {
        self.map(|a| a - k)
    }
}

impl Mul for F4 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.zip(o, |a, b| a * b)
    }
}

impl Mul<f32> for F4 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, k: f32) -> Self {
        self.map(|a| a * k)
    }
}

impl Neg for F4 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

/// Four points or directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct V4 {
    pub x: F4,
    pub y: F4,
    pub z: F4,
}

impl V4 {
    #[inline(always)]
    pub fn all(p: V3) -> Self {
        Self { x: F4::all(p.x), y: F4::all(p.y), z: F4::all(p.z) }
    }

    pub fn of(p: [V3; LANES]) -> Self {
        Self { x: F4(p.map(|p| p.x)), y: F4(p.map(|p| p.y)), z: F4(p.map(|p| p.z)) }
    }

    pub fn lane(&self, i: usize) -> V3 {
        v(self.x.0[i], self.y.0[i], self.z.0[i])
    }

    #[inline(always)]
    pub fn dot(self, o: Self) -> F4 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    #[inline(always)]
    pub fn length(self) -> F4 {
        self.dot(self).sqrt()
    }

    #[inline(always)]
    pub fn times(self, k: V3) -> Self {
        Self { x: self.x * k.x, y: self.y * k.y, z: self.z * k.z }
    }

    #[inline(always)]
    pub fn scaled(self, k: F4) -> Self {
        Self { x: self.x * k, y: self.y * k, z: self.z * k }
    }

    /// The mirror image in the plane between left and right, folded onto the positive side.
    #[inline(always)]
    pub fn folded(self) -> Self {
        Self { x: self.x.abs(), ..self }
    }
}

impl Add for V4 {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self { x: self.x + o.x, y: self.y + o.y, z: self.z + o.z }
    }
}

impl Add<V3> for V4 {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: V3) -> Self {
        Self { x: self.x + o.x, y: self.y + o.y, z: self.z + o.z }
    }
}

impl Sub<V3> for V4 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: V3) -> Self {
        Self { x: self.x - o.x, y: self.y - o.y, z: self.z - o.z }
    }
}
