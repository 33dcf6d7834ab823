//! A camera on loopback that serves one script for each connection.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What the camera does with a request for its stream.
#[derive(Clone, Debug)]
pub enum Play {
    /// This many pictures, then the connection is closed.
    Close(u32),
    /// This many pictures, then nothing, with the connection open.
    Stall(u32),
    /// These bytes as parts of the stream, over and over, until the driver goes away.
    Parts(Vec<u8>),
    /// Pictures in chunks (RFC 9112), until the driver goes away.
    Chunked,
    /// These bytes and no HTTP.
    Raw(Vec<u8>),
    /// These pictures as parts at a sensor's pace, the last two then in turn until the driver goes away.
    Reel(Vec<Vec<u8>>),
    /// Another status.
    Status(u16),
}

/// A running camera. Dropping it unplugs it.
pub struct CameraServer {
    pub port: u16,
    streams: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl CameraServer {
    /// A camera that plays these scripts, one for each stream.
    pub fn start(scripts: Vec<Play>) -> Self {
        let listener = TcpListener::bind(("localhost", 0)).unwrap();
        Self::serve(listener, scripts)
    }

    /// The same on a port that is free again.
    pub fn start_at(port: u16, scripts: Vec<Play>) -> Self {
        Self::serve(TcpListener::bind(("localhost", port)).unwrap(), scripts)
    }

    /// How often the stream was opened.
    pub fn streams(&self) -> u32 {
        self.streams.load(Ordering::SeqCst)
    }

    /// The stream's address.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/stream", self.port)
    }

    fn serve(listener: TcpListener, scripts: Vec<Play>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (stop, streams) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let scripts = Arc::new(Mutex::new(VecDeque::from(scripts)));
        let thread = {
            let (stop, streams) = (stop.clone(), streams.clone());
            std::thread::spawn(move || {
                let mut clients = Vec::new();
                for client in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (stop, streams, scripts) = (stop.clone(), streams.clone(), scripts.clone());
                    clients.push(std::thread::spawn(move || attend(client.unwrap(), &stop, &streams, &scripts)));
                }
                for client in clients {
                    client.join().unwrap();
                }
            })
        };
        Self { port, streams, stop, thread: Some(thread) }
    }
}

impl Drop for CameraServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the flag.
        let _ = TcpStream::connect(("localhost", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A picture of 16 x 8 pixels.
pub fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut bytes)
        .encode(&[90; 16 * 8 * 3], 16, 8, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// A part of the stream with its length.
pub fn part(content: &[u8]) -> Vec<u8> {
    let head = format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", content.len());
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn attend(mut client: TcpStream, stop: &AtomicBool, streams: &AtomicU32, scripts: &Mutex<VecDeque<Play>>) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let told = "X-Device-Id: SIMULATED CAMERA 1\r\nX-Frame-Size: 16x8\r\nX-Frame-Rate: 20\r\n";
    if request.starts_with(b"HEAD ") {
        let _ = client.write_all(format!("HTTP/1.1 200 OK\r\n{told}\r\n").as_bytes());
        return;
    }
    if !request.starts_with(b"GET ") {
        return;
    }
    streams.fetch_add(1, Ordering::SeqCst);
    let play = scripts.lock().unwrap().pop_front().expect("a script for each stream");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n{told}");
    // A driver that goes away in the middle is what several tests want.
    let _ = match play {
        Play::Close(count) => stream(&mut client, &head, &part(&picture()), count, stop),
        Play::Stall(count) => stream(&mut client, &head, &part(&picture()), count, stop)
            // Until the driver gives up and closes.
            .and_then(|()| client.read(&mut byte).map(drop)),
        Play::Parts(parts) => stream(&mut client, &head, &parts, u32::MAX, stop),
        Play::Chunked => {
            let part = part(&picture());
            let chunk = [format!("{:X}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
            stream(&mut client, &format!("{head}Transfer-Encoding: chunked\r\n"), &chunk, u32::MAX, stop)
        }
        Play::Raw(bytes) => client.write_all(&bytes),
        Play::Reel(pictures) => reel(&mut client, &head, &pictures, stop),
        Play::Status(status) => client.write_all(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes()),
    };
}

fn stream(client: &mut TcpStream, head: &str, part: &[u8], count: u32, stop: &AtomicBool) -> std::io::Result<()> {
    client.write_all(format!("{head}\r\n").as_bytes())?;
    for _ in 0..count {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        client.write_all(part)?;
        // The camera's own pace.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}

/// Slow enough for a driver that looks at each picture on a loaded machine.
fn reel(client: &mut TcpStream, head: &str, pictures: &[Vec<u8>], stop: &AtomicBool) -> std::io::Result<()> {
    client.write_all(format!("{head}\r\n").as_bytes())?;
    let last = pictures.len().saturating_sub(2);
    for picture in pictures.iter().chain(pictures[last..].iter().cycle()) {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        client.write_all(&part(picture))?;
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(())
}
