//! What a serving intake does besides: it erases what is due, and shows administrators how it is doing.

use crate::accept::Service;
use crate::admin;
use crate::commands::CommandFault;
use crate::listener::{Door, serve_on};
use crate::retention::{Retention, retain};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often it looks for what is due.
const RETAIN: Duration = Duration::from_secs(3600);

/// Connections of administrators at once.
const CONNECTIONS: usize = 64;

/// The same from one address: a browser opens six.
const CONNECTIONS_OF_ONE: usize = 16;

/// Longest time for the head of an administrator's request.
const HEADER: Duration = Duration::from_secs(10);

/// Starts what was asked for. It ends with the process: nothing of it needs an end in order.
pub(crate) async fn start(
    admin_listen: Option<SocketAddr>,
    retention: Option<Retention>,
    service: &Arc<Service>,
    end: watch::Receiver<bool>,
) -> Result<(), CommandFault> {
    if let Some(address) = admin_listen {
        let fault = |error| CommandFault::Io { what: format!("listen on {address}"), error };
        let listener = TcpListener::bind(address).await.map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        if address.ip().is_loopback() {
            tracing::info!("administrators find the stations at http://{address}/stations");
        } else {
            tracing::warn!(%address, "whoever reaches this address sees the list of stations, without encryption");
        }
        let router = admin::router(Arc::clone(service));
        let door =
            Door { tls: None, most: CONNECTIONS, most_of_one: CONNECTIONS_OF_ONE, header: HEADER, keep_alive: true };
        tokio::spawn(serve_on(listener, door, router, (service.metrics.clone(), end)));
    }
    if let Some(retention) = retention {
        tokio::spawn(keep_retaining(Arc::clone(service), retention));
    }
    Ok(())
}

/// Erases what is due, now and every hour.
async fn keep_retaining(service: Arc<Service>, retention: Retention) {
    let mut hours = tokio::time::interval(RETAIN);
    loop {
        hours.tick().await;
        if let Err(fault) = retain(&service.database, &service.receipts.now().key, &retention, (service.clock)()).await
        {
            tracing::error!(%fault, "bodies that are due could not be erased; it is tried again in an hour");
        }
    }
}
