//! Whose database a file is.

use std::path::Path;

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use url::Url;

use super::{MIGRATIONS, Outcome};

/// SQLite's `application_id` of the sandbox's databases: `FSsb`.
const APPLICATION_ID: i32 = 0x4653_7362;
/// Tables that every database of the sandbox has had, also before it had an id.
const OWN_TABLES: [&str; 3] = ["merchants", "api_keys", "deliveries"];

/// Refuses a file of another program before anything of it is changed.
///
/// # Errors
///
/// Kind `Configuration`.
pub(super) fn check_file(path: &Path) -> Outcome<()> {
    let Ok(mut url) = std::path::absolute(path).and_then(|path| {
        Url::from_file_path(path).map_err(|()| std::io::ErrorKind::InvalidFilename.into())
    }) else {
        return Ok(());
    };
    // Neither locks, nor journals, nor files beside it: it may be another program's.
    url.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    check(&Connection::open_with_flags(url.as_str(), flags)?)
}

/// Refuses a database of another program; one without tables is as good as new.
///
/// # Errors
///
/// Kind `Configuration`.
pub(super) fn check(db: &Connection) -> Outcome<()> {
    match look(db) {
        Ok(true) => Ok(()),
        Ok(false) => Err(foreign("the file is another program's database")),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("the file is not an SQLite database"))
        }
        Err(error) => Err(error.into()),
    }
}

fn look(db: &Connection) -> rusqlite::Result<bool> {
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != 0 {
        return Ok(id == APPLICATION_ID);
    }
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version: usize = db.pragma_query_value(None, "user_version", |row| {
        row.get::<_, i64>(0).map(|version| usize::try_from(version).unwrap_or(usize::MAX))
    })?;
    if count("SELECT count(*) FROM sqlite_schema")? == 0 {
        // One with a version counts migrations of its own.
        return Ok(version == 0);
    }
    let tables = OWN_TABLES.map(|name| format!("'{name}'")).join(", ");
    let own = count(&format!(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ({tables})"
    ))?;
    Ok((1..=MIGRATIONS.len()).contains(&version) && own == OWN_TABLES.len() as i64)
}

/// Marks a database as the sandbox's.
pub(super) fn mark(db: &Connection) -> rusqlite::Result<()> {
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        db.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

fn foreign(what: &str) -> super::Failure {
    let message = format!("{what}; name a file of the sandbox's own, or one that is not there yet");
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).into()
}
