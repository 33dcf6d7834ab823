//! Writes what the fuzzers begin with into the folders of a corpus: `cargo run -p fuzz-targets --example seeds fuzz/corpus`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "fuzz/corpus".into()));
    for (number, (target, bytes)) in fuzz_targets::seeds().into_iter().enumerate() {
        let place = folder.join(target);
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join(format!("seed-{number:02}")), bytes)?;
    }
    Ok(())
}
