//! The places that people name: a path, `file://…`, `s3://…`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use florin_persistence::RealDisk;
use florin_persistence::backup::{DirPlace, Place};
use rusty_s3::{Bucket, Credentials, UrlStyle};
use url::Url;

use super::patience::{LEFT_ALONE, Patience};
use super::s3::S3Place;

/// What was named is no place for backups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no place for backups: {what}")]
pub(crate) struct InvalidUrl {
    given: String,
    what: String,
}

impl InvalidUrl {
    /// The stable reason.
    pub const REASON: &str = "BACKUP_URL_INVALID";

    fn new(given: &str, what: impl Into<String>) -> Self {
        Self { given: given.to_owned(), what: what.into() }
    }
}

/// The place that is named. Nothing is looked at yet. What an S3 URL does not say comes from the usual `AWS_…` variables
/// of the environment, and so do the credentials.
pub(crate) fn open(given: &str) -> Result<Arc<dyn Place>, InvalidUrl> {
    let environment =
        |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    if given.starts_with("s3://") {
        let (bucket, prefix) = bucket(given, &environment)?;
        let credentials = Credentials::from_env().ok_or_else(|| {
            InvalidUrl::new(given, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
        })?;
        return Ok(Arc::new(S3Place::new(bucket, credentials, prefix)));
    }
    Ok(Arc::new(DirPlace::new(RealDisk, folder(given)?)))
}

/// As [`open`], of an archive: what is in it is nowhere else. A folder is never made, see [`DirPlace::existing`].
pub(crate) fn open_archive(given: &str) -> Result<Arc<dyn Place>, InvalidUrl> {
    let place = if given.starts_with("s3://") {
        open(given)?
    } else {
        Arc::new(DirPlace::existing(RealDisk, folder(given)?))
    };
    Ok(Arc::new(Patience::new(place, LEFT_ALONE)))
}

/// Whether something can be archived there, as far as that can be told before: a folder has to be there.
pub(crate) fn check_archive(given: &str) -> Result<(), InvalidUrl> {
    open_archive(given)?;
    if given.starts_with("s3://") || folder(given)?.is_dir() {
        return Ok(());
    }
    Err(InvalidUrl::new(
        given,
        "the folder does not exist: create it once, on the volume that is meant",
    ))
}

/// Bucket and prefix of `s3://bucket/prefix?endpoint=…&region=…&style=…`.
fn bucket(
    given: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(Bucket, String), InvalidUrl> {
    let invalid = |what: String| InvalidUrl::new(given, what);
    let url = Url::parse(given).map_err(|error| invalid(error.to_string()))?;
    let name = url.host_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid("it names no bucket".to_owned()))?.to_owned();
    let (mut endpoint, mut region, mut style) = (None, None, None);
    for (key, value) in url.query_pairs() {
        let place = match &*key {
            "endpoint" => &mut endpoint,
            "region" => &mut region,
            "style" => &mut style,
            _ => return Err(invalid(format!("{key:?} is neither endpoint, region nor style"))),
        };
        *place = Some(value.into_owned());
    }
    let either = |names: [&str; 2]| names.into_iter().find_map(environment);
    let region = region
        .or_else(|| either(["AWS_REGION", "AWS_DEFAULT_REGION"]))
        .unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = endpoint.or_else(|| either(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
    // Names with a dot do not fit the certificates of Amazon, and own servers seldom have a name for each bucket.
    let is_path = match style.as_deref() {
        Some("path") => true,
        Some("host") => false,
        Some(_) => return Err(invalid("style is path or host".to_owned())),
        None => endpoint.is_some() || name.contains('.'),
    };
    let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let endpoint = Url::parse(&endpoint).map_err(|e| invalid(format!("its endpoint: {e}")))?;
    let style = if is_path { UrlStyle::Path } else { UrlStyle::VirtualHost };
    let bucket = Bucket::new(endpoint, style, name, region)
        .map_err(|error| invalid(format!("its endpoint: {error}")))?;
    let prefix = url.path().trim_matches('/');
    if prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.contains('%') {
        return Err(invalid("its prefix has parts that a URL cannot say".to_owned()));
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok((bucket, prefix))
}

/// The folder of a path or `file://` URL.
fn folder(given: &str) -> Result<PathBuf, InvalidUrl> {
    let invalid = |what: &str| InvalidUrl::new(given, what);
    if given.is_empty() {
        return Err(invalid("it is empty"));
    }
    let Some((scheme, rest)) = given.split_once("://") else {
        return Ok(given.into());
    };
    match scheme {
        "file" if !Path::new(rest).is_absolute() => {
            Err(invalid("a file URL has a path from the root, as in file:///srv/backups"))
        }
        "file" if rest.contains(['%', '?', '#']) => {
            Err(invalid("write the path without file:// where it has such characters"))
        }
        "file" => Ok(rest.into()),
        _ => Err(invalid("expected a path, file:///path or s3://bucket/prefix")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets() {
        let environment = |name: &str| match name {
            "AWS_REGION" => Some("eu-central-1".to_owned()),
            _ => None,
        };
        for (given, expected) in [
            ("s3://b", Some(("https://b.s3.eu-central-1.amazonaws.com/", "eu-central-1", ""))),
            (
                "s3://b/x/y/",
                Some(("https://b.s3.eu-central-1.amazonaws.com/", "eu-central-1", "x/y/")),
            ),
            (
                "s3://b.c/x",
                Some(("https://s3.eu-central-1.amazonaws.com/b.c/", "eu-central-1", "x/")),
            ),
            ("s3://b?region=r", Some(("https://b.s3.r.amazonaws.com/", "r", ""))),
            (
                "s3://b/x?endpoint=http://127.0.0.1:9000&region=r",
                Some(("http://127.0.0.1:9000/b/", "r", "x/")),
            ),
            (
                "s3://b?endpoint=http://s3.local&style=host",
                Some(("http://b.s3.local/", "eu-central-1", "")),
            ),
            ("s3://", None),
            ("s3://b?endpoint=nowhere", None),
            ("s3://b?endpoint=ftp://x", None),
            ("s3://b?style=other", None),
            ("s3://b?key=secret", None),
            ("s3://b/a%20b", None),
        ] {
            let read = bucket(given, &environment).ok();
            let read = read.as_ref().map(|(bucket, prefix)| {
                (bucket.base_url().as_str(), bucket.region(), prefix.as_str())
            });
            assert_eq!(read, expected, "{given:?}");
        }
    }

    #[test]
    fn folders() {
        for (given, expected) in [
            ("backups", Some("backups")),
            ("/srv/backups", Some("/srv/backups")),
            ("file:///srv/backups", Some("/srv/backups")),
            ("./a?b", Some("./a?b")),
            ("file://srv/backups", None),
            ("file:///srv/a%20b", None),
            ("ftp://host/x", None),
            ("", None),
        ] {
            assert_eq!(folder(given).ok(), expected.map(PathBuf::from), "{given:?}");
        }
    }
}
