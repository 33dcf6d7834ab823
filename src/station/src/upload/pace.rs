//! A body that is sent no faster than allowed.

use reqwest::Body;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::sleep;
use tokio_stream::StreamExt;

/// Parts of a second in which bytes are counted out.
const STEPS: u32 = 10;

/// The body of these bytes, at so many thousands of them a second.
pub fn paced(bytes: Vec<u8>, kilobytes_per_second: u32) -> Body {
    let (size, pause) = step(kilobytes_per_second);
    let chunks: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
    let stream = tokio_stream::iter(chunks).then(move |chunk| async move {
        // Before and not after: many small records must not add up to more.
        sleep(pause.mul_f64(chunk.len() as f64 / size as f64)).await;
        Ok::<_, Infallible>(chunk)
    });
    Body::wrap_stream(stream)
}

/// How long bytes take at the least.
pub fn time_for(bytes: usize, kilobytes_per_second: u32) -> Duration {
    Duration::from_secs_f64(bytes as f64 / (f64::from(kilobytes_per_second.max(1)) * 1000.0))
}

fn step(kilobytes_per_second: u32) -> (usize, Duration) {
    let size = kilobytes_per_second.max(1) as usize * 1000 / STEPS as usize;
    (size, Duration::from_secs(1) / STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    /// Time stands still but for the pauses, so what is measured is what was asked for.
    #[tokio::test(start_paused = true)]
    async fn a_body_takes_as_long_as_it_must() {
        for (bytes, kilobytes, expected_ms) in [(150_000, 100, 1500), (1000, 100, 10), (0, 100, 0), (64_000, 16, 4000)]
        {
            let began = Instant::now();
            let whole = collect(paced(vec![7; bytes], kilobytes)).await;
            assert_eq!(whole.len(), bytes);
            let took = began.elapsed().as_millis();
            assert!(took.abs_diff(expected_ms) <= 20, "{bytes} bytes at {kilobytes} kB/s took {took} ms");
            assert_eq!(time_for(bytes, kilobytes).as_millis(), expected_ms);
        }
    }

    async fn collect(body: Body) -> Vec<u8> {
        axum::body::to_bytes(axum::body::Body::new(body), usize::MAX).await.unwrap().to_vec()
    }
}
