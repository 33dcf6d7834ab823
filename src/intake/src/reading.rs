//! The commands that read what is kept: the list, and single bodies with the authority's key.

use crate::commands::{CommandFault, database_of, io_fault};
use crate::database::{Database, Listed};
use domain::case::RecordId;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use store::format::{Envelope, decode_body, digest};
use store::{AuthoritySecret, peek_header, verify_header};

/// Records in one page of the list.
const PAGE: i64 = 1000;

/// Where `open` finds the envelope.
pub enum Which<'a> {
    /// In a file.
    Envelope(&'a Path),
    /// In the data base, by the digest of the envelope.
    Digest(&'a str),
    /// In the data base, by the record's name.
    Record(&'a str),
}

/// Opens a body with the authority's private key and writes it as JSON and images, readable by the owner alone.
/// Returns the files and whether the station's signature was checked (it cannot be when the station is unknown here).
pub async fn open(data: &Path, which: Which<'_>, out: &Path) -> Result<(Vec<PathBuf>, bool), CommandFault> {
    let database = Database::open(&database_of(data)?).await?;
    let bytes = match which {
        Which::Envelope(file) => fs::read(file).map_err(|error| io_fault("read", file, error))?,
        Which::Record(name) => {
            let missing = || CommandFault::NoRecord(name.into());
            let record = RecordId::parse(name).ok_or_else(missing)?;
            let mut held = database.held(&record.to_string()).await?;
            match (held.pop(), held.len()) {
                (Some(one), 0) => one.envelope,
                (Some(_), others) => return Err(CommandFault::SeveralCopies(others + 1)),
                (None, _) => return Err(missing()),
            }
        }
        Which::Digest(digest) => {
            let held = database.held_as(&digest.to_ascii_lowercase()).await?;
            held.ok_or_else(|| CommandFault::NoRecord(digest.into()))?.envelope
        }
    };
    let envelope = Envelope::decode(&bytes)?;
    let claimed = peek_header(envelope.cose)?;
    let key = database.key(&claimed.station.0, &claimed.signed_by).await?.map(|known| known.key);
    database.close().await;
    let header = key.as_ref().map(|key| verify_header(key, envelope.cose)).transpose()?.unwrap_or(claimed);
    if header.body_digest != digest(envelope.body) {
        return Err(CommandFault::BodyDigest);
    }
    let secret = AuthoritySecret::load(&data.join("authority.key"))?;
    let plain = store::open(&secret, &header, envelope.body)?;
    let body = decode_body(&plain)?;
    let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(out);
    folder.map_err(|error| io_fault("create", out, error))?;
    let mut json = body.to_json().to_string();
    json.push('\n');
    let mut files = vec![write_private(&out.join("record.json"), json.as_bytes())?];
    for image in body.images() {
        files.push(write_private(&out.join(&image.file), image.bytes)?);
    }
    Ok((files, key.is_some()))
}

/// Writes one line for each record, as JSON or for people; at the end those that are kept beside their station's chain,
/// with a mark.
pub async fn list(data: &Path, json: bool, out: &mut impl Write) -> Result<(), CommandFault> {
    let database = Database::open(&database_of(data)?).await?;
    let (mut after, mut beside) = (Default::default(), false);
    loop {
        let page =
            if beside { database.list_beside(&after, PAGE).await? } else { database.list_after(&after, PAGE).await? };
        match page.last() {
            Some(last) => after = last.place(),
            None if beside => break,
            None => (after, beside) = (Default::default(), true),
        }
        page.iter().try_for_each(|listed| write_line(listed, json, out))?;
    }
    database.close().await;
    Ok(())
}

fn write_line(listed: &Listed, json: bool, out: &mut impl Write) -> Result<(), CommandFault> {
    let fault = |error| CommandFault::Io { what: "write the list".into(), error };
    let line = match json {
        true => serde_json::to_string(listed).map_err(|error| fault(error.into()))?,
        false => listed.to_string(),
    };
    writeln!(out, "{line}").map_err(fault)
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<PathBuf, CommandFault> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| io_fault("write", path, error))?;
    Ok(path.into())
}
