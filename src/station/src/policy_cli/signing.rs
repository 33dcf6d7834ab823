//! `gatepost policy keygen` and `gatepost policy sign`: the authority's part.

use super::{CliError, read_pack};
use crate::config::{sign, signature_file, verify};
use clap::Args;
use jiff::civil::Date;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use store::{FileKey, VerifyKey};

/// A new key pair.
#[derive(Args, Clone, Debug)]
pub struct KeygenArgs {
    /// File for the private key; the public one goes beside it, ending in .pub. Neither may exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// A signature.
#[derive(Args, Clone, Debug)]
pub struct SignArgs {
    /// The packs
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The authority's private key, readable by its owner alone
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// The day of the signature: 2026-11-22. Stations take no pack that was signed before the one they have
    #[arg(long, value_name = "DATE")]
    pub date: Date,
}

/// Makes a key pair.
pub(super) fn keygen(args: &KeygenArgs) -> Result<(), CliError> {
    let told = |error: store::KeyFault| CliError(error.to_string());
    let public = args.out.with_extension("pub");
    if public.exists() {
        return Err(CliError(format!("{} exists; name another file", public.display())));
    }
    let key = FileKey::create(&args.out).map_err(told)?;
    key.public().write(&public).map_err(told)?;
    println!("key {}: {} (keep it secret), {}", key.public().id(), args.out.display(), public.display());
    Ok(())
}

/// Signs packs that are sound. A pack with faults is signed by nobody.
pub(super) fn sign_pack(args: &SignArgs) -> Result<(), CliError> {
    for file in &args.files {
        let pack = read_pack(file)?;
        let text = read(file)?;
        let signed = sign(&text, args.date, &args.key).map_err(|error| CliError(error.to_string()))?;
        let written = toml::to_string(&signed).map_err(|error| CliError(error.to_string()))?;
        let to = signature_file(file);
        replace(&to, &written).map_err(|error| CliError(format!("{}: cannot be written: {error}", to.display())))?;
        println!("{}: {} signed {} by {}", to.display(), pack.label(), signed.signed, signed.key);
    }
    Ok(())
}

/// Who signed a pack, as `gatepost policy check` adds it to its line.
pub(super) fn signed_by(file: &Path, trust: &Path) -> Result<String, CliError> {
    let key = VerifyKey::load(trust).map_err(|error| CliError(error.to_string()))?;
    let beside = signature_file(file);
    let by = verify(&read(file)?, &read(&beside)?, &key);
    let by = by.map_err(|error| CliError(format!("{}: {error}", beside.display())))?;
    Ok(format!(", signed {} by {}", by.signed, by.key))
}

fn read(file: &Path) -> Result<String, CliError> {
    fs::read_to_string(file).map_err(|error| CliError(format!("{}: cannot be read: {error}", file.display())))
}

/// A station that looks at this moment sees the old file or the new one, and no half of either.
fn replace(to: &Path, text: &str) -> std::io::Result<()> {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_is_signed_checks_and_what_is_broken_is_not_signed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        keygen(&KeygenArgs { out: at("a.key") }).unwrap();
        assert!(keygen(&KeygenArgs { out: at("a.key") }).is_err(), "an existing key stays");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies/eu-ees.toml");
        fs::copy(shipped, at("p.toml")).unwrap();
        let args = SignArgs { files: vec![at("p.toml")], key: at("a.key"), date: date(2026, 11, 22) };
        sign_pack(&args).unwrap();
        assert!(signed_by(&at("p.toml"), &at("a.pub")).unwrap().contains("signed 2026-11-22 by "));
        let text = read(&at("p.toml")).unwrap().replace("in-force", "in-farce");
        fs::write(at("p.toml"), text).unwrap();
        assert!(sign_pack(&args).unwrap_err().to_string().contains("in-farce"));
        assert!(signed_by(&at("p.toml"), &at("a.pub")).is_err());
    }

    /// The packs that are shipped are signed by the demonstration's key. After a change of one:
    /// `chmod 600 config/policies/demonstration.key`, then
    /// `gatepost policy sign config/policies/*.toml --key config/policies/demonstration.key --date DATE`.
    #[test]
    fn the_shipped_packs_are_signed_by_the_demonstration() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
        for pack in ["eu-ees", "kz-entry", "ru-entry"] {
            signed_by(&folder.join(format!("{pack}.toml")), &folder.join("demonstration.pub")).unwrap();
        }
    }
}
