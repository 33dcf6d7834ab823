//! Admitting a station whose certificate was made elsewhere, by an operator's own authority.

use crate::clock::Clock;
use crate::commands::{CommandFault, config_of, io_fault, station_id};
use crate::database::{Database, Made, Shown};
use crate::receipts::Receipts;
use domain::case::StationId;
use link::{Facts, Provisioned, Time, believes, chain_from_pem};
use std::fs;
use std::path::Path;
use store::{VerifyKey, replace_private};

/// Takes a station in: its signing key is registered, its certificate is on record (so that it can be revoked), and what the
/// station needs is written to a file that `gatepost certificate take` reads there. Nothing in that file is secret. The next
/// certificate of the station is admitted in the same way.
///
/// # Errors
/// A certificate that a connection with this intake would be refused with, or of another station; a key that is none.
pub async fn admit(
    data: &Path,
    station: &str,
    (key, certificate): (&Path, &Path),
    out: &Path,
    clock: &Clock,
) -> Result<VerifyKey, CommandFault> {
    let (station, signing_key) = (station_id(station)?, VerifyKey::load(key)?);
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| io_fault("read", path, error));
    let (pem, ca) = (read(certificate)?, read(&data.join("tls/ca.pem"))?);
    let unfit = |why: String| CommandFault::Certificate(certificate.into(), why);
    let facts = checked(&pem, &ca, &station, clock).map_err(unfit)?;
    let config = config_of(data)?;
    let given = Provisioned {
        station: station.0.to_string(),
        certificate: pem,
        ca,
        authority: read(&data.join("authority.pub"))?,
        receipts: Receipts::load(&data.join(&config.receipt_key))?.key.public().to_pem(),
        earlier_receipts: Vec::new(),
    };
    let database = Database::open(&config.place(data)?).await?;
    let now_ms = clock();
    database.register(&station.0, &signing_key, now_ms).await?;
    // The certificate is what is shown for itself: one that was revoked before is not taken in again.
    let shown = Shown::Certificate(&facts.fingerprint);
    let made = Made { station: &station.0, fingerprint: &facts.fingerprint, not_after_ms: facts.not_after_ms, shown };
    let on_record = database.certificate_made(&made, now_ms).await?;
    database.close().await;
    if !on_record {
        return Err(unfit("it was revoked; make a new one".into()));
    }
    let text = serde_json::to_vec_pretty(&given).map_err(|error| io_fault("write", out, error.into()))?;
    replace_private(out, &text)?;
    Ok(signing_key)
}

/// What a certificate says, if connections with it are let in and it is this station's.
fn checked(pem: &str, ca: &str, station: &StationId, clock: &Clock) -> Result<Facts, String> {
    let chain = chain_from_pem(pem).ok_or("it has no certificates in PEM")?;
    let facts = chain.first().and_then(|leaf| Facts::read(leaf)).ok_or("it is no certificate")?;
    if facts.station.as_ref() != Some(station) {
        return Err(format!(
            "it does not name station {station}, and nothing besides, as {}",
            link::station_uri(station)
        ));
    }
    if VerifyKey::from_der(&facts.key).is_none() {
        return Err("its key is no P-256 key".into());
    }
    let authority = chain_from_pem(ca).ok_or("tls/ca.pem has no certificates in PEM")?;
    believes(&authority, &chain, &Time(clock.clone())).map_err(|fault| {
        format!("connections with it are refused ({fault}): tls/ca.pem has to be the authority that made it, and what stands between has to follow it in this file")
    })?;
    Ok(facts)
}
