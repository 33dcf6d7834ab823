//! Where a data base is, as the configuration says it.

use super::DatabaseFault;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file of SQLite, or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// The file.
    Sqlite(PathBuf),
    /// The address, which may hold a password.
    Postgres(String),
}

impl Place {
    /// Reads `postgres://…`, `sqlite://FILE`, or the file alone. Files are relative to the folder.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, DatabaseFault> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(text.into())),
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(folder.join(file))),
            None if !text.is_empty() => Ok(Self::Sqlite(folder.join(text))),
            _ => Err(DatabaseFault::Place),
        }
    }

    /// The name of the type of byte strings: the only word that the two do not share.
    pub(super) fn bytes(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BLOB",
            Self::Postgres(_) => "BYTEA",
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}?mode=rwc", escaped(file)),
            Self::Postgres(url) => url.clone(),
        }
    }
}

/// Without the address, which may hold a password.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

/// A path as a part of an address: what has a meaning there is written as %XX.
fn escaped(file: &Path) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    file.as_os_str().as_bytes().iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => text.push(char::from(*byte)),
            // Writing to a string cannot fail.
            other => drop(write!(text, "%{other:02X}")),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_told_apart() {
        let sqlite = |file: &str| Some(Place::Sqlite(file.into()));
        let rows = [
            ("intake.sqlite", sqlite("/data/intake.sqlite")),
            ("sqlite://intake.sqlite", sqlite("/data/intake.sqlite")),
            ("sqlite:///var/intake.sqlite", sqlite("/var/intake.sqlite")),
            ("/var/intake.sqlite", sqlite("/var/intake.sqlite")),
            ("postgres://gatepost@db/intake", Some(Place::Postgres("postgres://gatepost@db/intake".into()))),
            ("postgresql://db/intake", Some(Place::Postgres("postgresql://db/intake".into()))),
            ("mysql://db/intake", None),
            ("postgres://", None),
            ("sqlite://", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Place::parse(text, Path::new("/data")).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let place = Place::parse("postgres://gatepost:s3cret@db/intake", Path::new("/")).unwrap();
        assert_eq!(format!("{place:?}"), "Postgres(..)");
        assert!(!DatabaseFault::Place.to_string().contains("s3cret"));
    }

    #[tokio::test]
    async fn a_file_may_have_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("50 % of=it?&#ж.sqlite");
        let place = Place::Sqlite(file.clone());
        super::super::Database::open(&place).await.unwrap().close().await;
        assert!(file.exists());
    }
}
