//! The promise: whoever can open many connections and says nothing on them keeps nobody else from the intake. The crowd
//! comes from addresses of its own on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::serving::{Keys, Serving};
use reqwest::StatusCode;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};

/// A connection from another address of loopback.
async fn connect(from: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::from(from), 0).into())?;
    socket.connect(to).await
}

/// Whether the other side has closed it at once. One that is open stays silent, and is not waited for.
async fn is_refused(connection: &TcpStream) -> bool {
    let ready = connection.readable();
    let closed = async {
        ready.await.unwrap();
        let mut byte = [0];
        !matches!(connection.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    closed.await
}

/// More than the listener of applicants has places for: silent from the first byte, in the middle of a head, and in the
/// middle of a body.
#[tokio::test]
async fn a_silent_crowd_keeps_no_applicant_out() {
    let serving = Serving::start().await;
    let (keys, (code, authority)) = (Keys::new(), serving.invite("S1").await);
    let to = serving.at.provisioning.unwrap();
    let mut crowd = Vec::new();
    for address in 1..=20 {
        for _ in 0..4 {
            crowd.push(connect([127, 0, 1, address], to).await.unwrap());
        }
    }
    let config = Arc::new(link::first_contact(authority, serving.time()).unwrap());
    let heads = ["POST /v1/pro", "POST /v1/provision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600\r\n\r\nhalf"];
    let mut speaking = Vec::new();
    for (n, said) in (0..24_u8).zip(heads.into_iter().cycle()) {
        let stream = connect([127, 0, 2, n + 1], to).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), stream);
        let opened = tokio::task::spawn_blocking(move || {
            stream.write_all(said.as_bytes()).unwrap();
            stream.flush().unwrap();
            stream
        });
        speaking.push(opened.await.unwrap());
    }
    let answer = serving.apply("S1", &keys, &code, authority).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    // They are silent still, and those who came last are still there.
    let last = speaking.last_mut().unwrap();
    last.sock.set_nonblocking(true).unwrap();
    let waits = last.read(&mut [0]).unwrap_err();
    assert_eq!(waits.kind(), std::io::ErrorKind::WouldBlock);
    drop(crowd);
}

/// One address has its share of places, and no more.
#[tokio::test]
async fn one_address_takes_its_share_and_leaves_the_rest() {
    let serving = Serving::start_with(|config| format!("connections_per_address = 20\n{config}")).await;
    let to = serving.at.stations;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(connect([127, 0, 1, 1], to).await.unwrap());
    }
    assert!(is_refused(&connect([127, 0, 1, 1], to).await.unwrap()).await);
    let keys = Keys::new();
    let certificate = serving.certificate("S1", &keys);
    let client = serving.client(keys.identity(&certificate));
    assert_eq!(client.get(serving.url("/health")).send().await.unwrap().status(), StatusCode::OK);

    let applicants = serving.at.provisioning.unwrap();
    for _ in 0..8 {
        crowd.push(connect([127, 0, 1, 1], applicants).await.unwrap());
    }
    assert!(is_refused(&connect([127, 0, 1, 1], applicants).await.unwrap()).await);
}
