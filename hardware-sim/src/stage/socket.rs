//! The control socket: a unix socket that answers every line with a line.

use super::Stage;
use super::control::{self, ControlError, MAX_LINE};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Directors at the same time: a shift, a page, a test.
const MAX_DIRECTORS: usize = 16;

/// Takes the socket's name, which a simulator that was killed may have left behind.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let text = format!("another simulator answers at {}: stop it first", path.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

/// Serves directors until the task is dropped.
pub async fn serve(listener: UnixListener, stage: Arc<Stage>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MAX_DIRECTORS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        let (stream, _) = listener.accept().await?;
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            if let Err(error) = direct(stream, stage).await {
                tracing::debug!(%error, "a director went away");
            }
            drop(place);
        });
    }
}

/// One director: reads lines and answers them. A line without end closes the connection after its answer.
async fn direct(stream: UnixStream, stage: Arc<Stage>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(MAX_LINE as u64 + 2).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') && line.len() > MAX_LINE {
            let error = serde_json::json!({ "ok": false, "error": ControlError::LineTooLong.to_string() });
            return writer.write_all(format!("{error}\n").as_bytes()).await;
        }
        let stage = Arc::clone(&stage);
        // Orders draw pictures and wait for cables.
        let answer = tokio::task::spawn_blocking(move || control::answer(&stage, line.trim_ascii())).await;
        writer.write_all(format!("{}\n", answer.map_err(io::Error::other)?).as_bytes()).await?;
    }
}
