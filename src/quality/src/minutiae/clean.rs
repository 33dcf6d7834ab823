//! Takes away what is no minutia: marks of the print's border, of scars, pores, dirt and broken ridges.

use super::Kind;
use super::bits::Bits;
use super::field::{BLOCK, Field};
use super::find::{Candidate, branches, walk};
use std::ops::{Range, RangeInclusive};

/// Length under which a spur, a bridge or an island is a fault of the skeleton, in pixels: less than a ridge period.
const SHORT: usize = 9;

/// Length under which both branches of a fork have to go on.
const BRANCH: usize = 7;

/// Gap over which two ends that face each other belong to one broken ridge, in pixels.
const GAP: i32 = 13;

/// Cosine of the angle that such ends may be off, 30 degrees.
const FACING: f32 = 0.866;

/// Pixels before an end, or around a fork, that have to lie inside the print.
const MARGIN: f32 = 14.0;

/// Distance in pixels within which minutiae crowd, and how many others make a crowd.
const CROWD: i32 = 12;
const CROWDED: usize = 4;

/// Marks false candidates as such.
pub(super) fn clean(ridges: &Bits, field: &Field, found: &mut [Candidate]) {
    for candidate in found.iter_mut() {
        candidate.kept = candidate.kept && is_inside(field, candidate) && !is_stub(ridges, candidate);
    }
    drop_joined(ridges, found);
    drop_facing(found);
    drop_crowds(found);
}

/// Far enough from where the print ends, in every direction for a fork, ahead for an end.
fn is_inside(field: &Field, candidate: &Candidate) -> bool {
    let (x, y) = (candidate.x as f32, candidate.y as f32);
    let ahead = |along: f32, aside: f32| {
        let (dx, dy) = candidate.towards;
        (x - along * dx - aside * dy, y - along * dy + aside * dx)
    };
    let probes = [ahead(MARGIN, 0.0), ahead(-MARGIN, 0.0), ahead(0.0, MARGIN), ahead(0.0, -MARGIN)];
    field.is_deep(x, y, 2) && probes.into_iter().all(|(x, y)| field.is_deep(x, y, 1))
}

/// An end whose ridge stops soon, or a fork with a branch that does.
fn is_stub(ridges: &Bits, candidate: &Candidate) -> bool {
    let (begun, count) = branches(ridges, candidate.x, candidate.y);
    let least = if candidate.kind == Kind::Ending { SHORT } else { BRANCH };
    begun[..count].iter().any(|first| {
        let end = walk(ridges, (candidate.x, candidate.y), *first, least);
        end.stopped && end.steps < least
    })
}

/// Two forks that a short bridge joins.
fn drop_joined(ridges: &Bits, found: &mut [Candidate]) {
    for one in 0..found.len() {
        if found[one].kind != Kind::Bifurcation {
            continue;
        }
        let at = (found[one].x, found[one].y);
        let (begun, count) = branches(ridges, at.0, at.1);
        for first in &begun[..count] {
            let end = walk(ridges, at, *first, SHORT);
            let meets = |other: &Candidate| (other.x - end.x).abs() <= 2 && (other.y - end.y).abs() <= 2;
            let met = rows(found, end.y - 2..=end.y + 2).find(|other| *other != one && meets(&found[*other]));
            if let Some(other) = met.filter(|_| end.stopped) {
                (found[one].kept, found[other].kept) = (false, false);
            }
        }
    }
}

/// Two ends that face each other over a gap.
fn drop_facing(found: &mut [Candidate]) {
    for one in 0..found.len() {
        for other in one + 1..found.len() {
            let (a, b) = (found[one], found[other]);
            if b.y - a.y > GAP {
                break;
            }
            let apart = a.distance2(&b);
            if a.kind != Kind::Ending || b.kind != Kind::Ending || apart > GAP * GAP {
                continue;
            }
            let length = (apart as f32).sqrt().max(1.0);
            let line = ((b.x - a.x) as f32 / length, (b.y - a.y) as f32 / length);
            let along = |way: (f32, f32)| way.0 * line.0 + way.1 * line.1;
            // Each ridge runs away from the other end.
            if along(a.towards) < -FACING && along(b.towards) > FACING {
                (found[one].kept, found[other].kept) = (false, false);
            }
        }
    }
}

/// Many minutiae in one place are dirt, a scar or a smudge.
fn drop_crowds(found: &mut [Candidate]) {
    debug_assert!(CROWD as usize >= BLOCK);
    for one in 0..found.len() {
        let at = found[one];
        let around = &found[rows(found, at.y - CROWD..=at.y + CROWD)];
        let near = around.iter().filter(|other| at.distance2(other) <= CROWD * CROWD).count();
        found[one].kept &= near <= CROWDED;
    }
}

/// The places of the candidates in these rows of the picture: they were found row by row. In noise there are thousands.
fn rows(found: &[Candidate], rows: RangeInclusive<i32>) -> Range<usize> {
    let first = found.partition_point(|candidate| candidate.y < *rows.start());
    first..found.partition_point(|candidate| candidate.y <= *rows.end())
}
