//! A station scores every preview frame of four fingers: after the first print of a size nothing may be allocated.

use allocation_counter::measure;
use domain::image::FingerImage;
use domain::units::Ppi;
use quality::finger::Assessor;

/// Bent ridges of some width with some noise.
fn print(side: u32, ppi: Ppi, ridge: u32, noise: u32) -> FingerImage {
    let grey = |x: u32, y: u32| {
        let (dx, dy) = (x.abs_diff(side / 2), y.abs_diff(side / 3));
        let radius = f64::from(dx * dx + 2 * dy * dy).sqrt() as u32;
        let rough = (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)) >> 7;
        let base = if (radius + rough % 3) % 9 < ridge { 60 } else { 220 };
        (base + rough % (noise + 1)).min(255) as u8
    };
    let pixels = (0..side).flat_map(|y| (0..side).map(move |x| grey(x, y))).collect();
    FingerImage::new(side, side, ppi, 8, pixels).expect("as many pixels as its sides say")
}

#[test]
fn prints_of_one_size_cost_no_memory_after_the_first() {
    // As it is, enlarged, made smaller.
    for ppi in [500u32, 450, 508] {
        let ppi = Ppi::try_from(ppi).expect("a resolution");
        let mut assessor = Assessor::new();
        assessor.assess(&print(300, ppi, 4, 20));
        for (ridge, noise) in [(4, 20), (2, 90), (6, 10), (4, 255), (9, 0), (0, 0)] {
            let print = print(300, ppi, ridge, noise);
            let mut values = 0;
            let used = measure(|| values = assessor.assess(&print).measures().count());
            assert_eq!(used.count_total, 0, "{ppi:?}, ridges of {ridge} with noise of {noise}: {used:?}");
            assert!(values >= 5, "{values}");
        }
    }
}

#[test]
fn the_counter_counts() {
    let print = print(64, Ppi::FIVE_HUNDRED, 4, 20);
    assert!(measure(|| _ = Assessor::new().assess(&print).measures().count()).count_total > 0);
}
