//! The promise: a station that looks at faces all day needs no more memory in the evening than in the morning. Here it is
//! a small part of a day; `cargo xtask soak face` is a whole one. Alone in its program: memory is that of the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use tests::soak::{Watch, Work, find, resident};

#[test]
fn twenty_thousand_frames_of_faces_leave_the_memory_as_it_was() {
    let (mut memory, mut tell) = (resident, |_, _| ());
    let mut watch = Watch::new(4_000, &mut memory, &mut tell);
    let Work::Memory(run) = find("face").unwrap().work else { panic!("it watches the memory") };
    let seen = run(20_000, 1, &mut watch).unwrap();
    let memory = watch.end().unwrap();
    assert!(memory.holds(), "{memory}; {seen}");
}
