//! A bucket of S3, or of what speaks like it, as a place for backups.
//!
//! An object appears there as a whole: a small one is one request, a large one is put together from its parts by the
//! last request. The server compares each part with its MD5, and what was sent as a whole is compared with its BLAKE3
//! hash before that last request is made.

use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use florin_persistence::backup::{Head, Objects, Place, PlaceError};
use md5::{Digest as _, Md5};
use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2};
use rusty_s3::{Bucket, Credentials, S3Action};
use ureq::Agent;
use ureq::http::{Request, Response, StatusCode};
use url::Url;

/// Objects are sent in parts of this size: 10,000 of them, which is what S3 takes, are 160 GiB.
const PART_BYTES: usize = 16 << 20;
/// How long a signature is good for: a clock may be off, and a part may be slow.
const SIGNED_FOR: Duration = Duration::from_secs(3_600);
/// Waits before a request is made again, which broke off or was answered with a fault of the server.
const WAITS: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5)];
/// Answers that are not content are this long at most.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
const CONNECT_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Backups in a bucket.
pub(super) struct S3Place {
    agent: Agent,
    bucket: Bucket,
    credentials: Credentials,
    /// Before every name; empty or ended by `/`.
    prefix: String,
}

type Answer = (Response<()>, Vec<u8>);

impl S3Place {
    pub fn new(bucket: Bucket, credentials: Credentials, prefix: String) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_recv_response(Some(ANSWER_MAX))
            .build()
            .new_agent();
        Self { agent, bucket, credentials, prefix }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Makes a request, and again if it broke off or the server could not do it. `body` only where there is one.
    fn send<'a>(
        &self,
        action: &impl S3Action<'a>,
        method: &'static str,
        headers: &[(&'static str, String)],
        body: Option<&[u8]>,
        answer_bytes_max: u64,
    ) -> Result<Answer, String> {
        let mut waits = WAITS.iter();
        loop {
            let url = action.sign(SIGNED_FOR);
            let made = self.send_once(&url, method, headers, body, answer_bytes_max);
            let is_passing = match &made {
                Ok((head, _)) => {
                    head.status().is_server_error()
                        || head.status() == StatusCode::TOO_MANY_REQUESTS
                }
                Err(_) => true,
            };
            match waits.next().filter(|_| is_passing) {
                Some(wait) => std::thread::sleep(*wait),
                None => return made,
            }
        }
    }

    fn send_once(
        &self,
        url: &Url,
        method: &'static str,
        headers: &[(&'static str, String)],
        body: Option<&[u8]>,
        answer_bytes_max: u64,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = match body {
            Some(body) => request.body(body).map(|request| self.agent.run(request)),
            None => request.body(()).map(|request| self.agent.run(request)),
        };
        // The URL is signed: it is not for other eyes, and an error need not name it.
        let answer =
            answer.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let (head, mut body) = answer.into_parts();
        let mut content = Vec::new();
        if method != "HEAD" {
            let read = body.as_reader().take(answer_bytes_max + 1).read_to_end(&mut content);
            read.map_err(|error| error.to_string())?;
            if content.len() as u64 > answer_bytes_max {
                return Err("the answer is too long".to_owned());
            }
        }
        Ok((Response::from_parts(head, ()), content))
    }

    fn put_whole(&self, name: &str, body: &[u8]) -> Result<(), PlaceError> {
        let key = self.key(name);
        let action = self.bucket.put_object(Some(&self.credentials), &key);
        let answer = self.send(&action, "PUT", &[md5(body)], Some(body), ANSWER_BYTES_MAX);
        expect(answer, "written", name).map(drop)
    }

    /// Puts an object together from parts; `first` is the first of them, `rest` gives the others.
    fn put_parts(
        &self,
        name: &str,
        first: Vec<u8>,
        rest: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), PlaceError>,
    ) -> Result<(), PlaceError> {
        let key = self.key(name);
        let credentials = Some(&self.credentials);
        let failed = |what: &dyn std::fmt::Display| PlaceError::failed("written", name, what);
        let action = self.bucket.create_multipart_upload(credentials, &key);
        let answer = self.send(&action, "POST", &[], Some(&[]), ANSWER_BYTES_MAX);
        let begun = text(expect(answer, "written", name)?.1, name)?;
        let begun = CreateMultipartUpload::parse_response(&begun).map_err(|e| failed(&e))?;
        let id = begun.upload_id();
        let sent = self.send_parts(name, &key, id, first, rest);
        if sent.is_err() {
            // Best effort: what was sent takes room until it is given up. The error is the one before.
            let action = self.bucket.abort_multipart_upload(credentials, &key, id);
            let _ = self.send(&action, "DELETE", &[], None, ANSWER_BYTES_MAX);
        }
        let etags = sent?;
        let etags = etags.iter().map(String::as_str);
        let action = self.bucket.complete_multipart_upload(credentials, &key, id, etags.clone());
        let body = self.bucket.complete_multipart_upload(credentials, &key, id, etags).body();
        let answer = self.send(&action, "POST", &[], Some(body.as_bytes()), ANSWER_BYTES_MAX);
        let content = match expect(answer, "written", name) {
            // The answer to an earlier attempt was lost, and the upload is over. Whether the object is there is
            // looked at next.
            Err(PlaceError::Missing { .. }) => return Ok(()),
            answer => answer?.1,
        };
        // The status was sent before the work was done: only the content says how it ended.
        let said = text(content, name)?;
        if said.contains("<Error>") {
            return Err(failed(&summary(said.as_bytes())));
        }
        Ok(())
    }

    fn send_parts(
        &self,
        name: &str,
        key: &str,
        id: &str,
        first: Vec<u8>,
        rest: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), PlaceError>,
    ) -> Result<Vec<String>, PlaceError> {
        let (mut part, mut etags) = (first, Vec::new());
        while !part.is_empty() {
            let number = u16::try_from(etags.len() + 1)
                .map_err(|_| PlaceError::failed("written", name, &"it has too many parts"))?;
            let action = self.bucket.upload_part(Some(&self.credentials), key, number, id);
            let answer = self.send(&action, "PUT", &[md5(&part)], Some(&part), ANSWER_BYTES_MAX);
            let (head, _) = expect(answer, "written", name)?;
            let etag = head.headers().get("etag").and_then(|etag| etag.to_str().ok());
            let etag = etag.ok_or_else(|| PlaceError::failed("written", name, &"no ETag came"))?;
            etags.push(etag.to_owned());
            rest(&mut part)?;
        }
        Ok(etags)
    }
}

impl Objects for S3Place {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        if buf.is_empty() {
            return Ok(());
        }
        let key = self.key(name);
        let action = self.bucket.get_object(Some(&self.credentials), &key);
        let len = buf.len() as u64;
        let range = ("range", format!("bytes={offset}-{}", offset + len - 1));
        let answer = self.send(&action, "GET", &[range], None, len.max(ANSWER_BYTES_MAX));
        if let Ok((head, _)) = &answer
            && head.status() == StatusCode::RANGE_NOT_SATISFIABLE
        {
            return Err(PlaceError::Missing { name: name.to_owned() });
        }
        let (head, content) = expect(answer, "read", name)?;
        if head.status() != StatusCode::PARTIAL_CONTENT {
            return Err(PlaceError::failed("read", name, &"the server knows no ranges"));
        }
        if content.len() != buf.len() {
            return Err(PlaceError::Missing { name: name.to_owned() });
        }
        buf.copy_from_slice(&content);
        Ok(())
    }
}

impl Place for S3Place {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &[u8; 32],
    ) -> Result<(), PlaceError> {
        let mut hasher = blake3::Hasher::new();
        let mut left = bytes;
        let mut next = |part: &mut Vec<u8>| -> Result<(), PlaceError> {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(PART_BYTES);
            part.resize(count, 0);
            content
                .read_exact(part)
                .map_err(|source| PlaceError::Source { name: name.to_owned(), source })?;
            hasher.update(part);
            left -= count as u64;
            // Behind the last part, before it is put together.
            if left == 0 && hasher.finalize().as_bytes() != blake3 {
                return Err(PlaceError::Mangled { name: name.to_owned() });
            }
            Ok(())
        };
        let mut first = Vec::new();
        next(&mut first)?;
        let sent = if first.len() as u64 == bytes {
            self.put_whole(name, &first)
        } else {
            self.put_parts(name, first, &mut next)
        };
        sent.map_err(|error| match error {
            // What is missing here is the bucket or the upload.
            PlaceError::Missing { .. } => PlaceError::failed("written", name, &"it was not found"),
            error => error,
        })?;
        match self.head(name)? {
            Some(head) if head.bytes == bytes => Ok(()),
            _ => Err(PlaceError::Mangled { name: name.to_owned() }),
        }
    }

    /// What is there is durable.
    fn settle(&self, _prefix: &str) -> Result<(), PlaceError> {
        Ok(())
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        let key = self.key(name);
        let action = self.bucket.head_object(Some(&self.credentials), &key);
        let answer = self.send(&action, "HEAD", &[], None, 0);
        let head = match expect(answer, "looked for", name) {
            Ok((head, _)) => head,
            Err(PlaceError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = head.headers().get("content-length").and_then(|text| text.to_str().ok());
        let bytes = length.and_then(|text| text.parse().ok());
        let bytes =
            bytes.ok_or_else(|| PlaceError::failed("looked for", name, &"no length came"))?;
        Ok(Some(Head { name: name.to_owned(), bytes }))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        let failed = |what: &dyn std::fmt::Display| PlaceError::failed("listed", prefix, what);
        let mut heads = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
            action.with_prefix(self.key(prefix));
            if let Some(token) = token {
                action.with_continuation_token(token);
            }
            let answer = self.send(&action, "GET", &[], None, ANSWER_BYTES_MAX);
            let page = text(expect(answer, "listed", prefix)?.1, prefix)?;
            let page = ListObjectsV2::parse_response(&page).map_err(|e| failed(&e))?;
            for object in page.contents {
                if let (Some(name), Some(bytes)) =
                    (object.key.strip_prefix(&self.prefix), object.size)
                {
                    heads.push(Head { name: name.to_owned(), bytes });
                }
            }
            match page.next_continuation_token {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        heads.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(heads)
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        let key = self.key(name);
        let action = self.bucket.delete_object(Some(&self.credentials), &key);
        let answer = self.send(&action, "DELETE", &[], None, ANSWER_BYTES_MAX);
        match expect(answer, "removed", name) {
            Ok(_) | Err(PlaceError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The header with which the server compares what arrived.
fn md5(body: &[u8]) -> (&'static str, String) {
    ("content-md5", STANDARD.encode(Md5::digest(body)))
}

/// An answer that says that it was done.
fn expect(
    answer: Result<Answer, String>,
    did: &'static str,
    name: &str,
) -> Result<Answer, PlaceError> {
    let (head, content) = answer.map_err(|what| PlaceError::failed(did, name, &what))?;
    match head.status() {
        status if status.is_success() => Ok((head, content)),
        StatusCode::NOT_FOUND if !summary(&content).contains("NoSuchBucket") => {
            Err(PlaceError::Missing { name: name.to_owned() })
        }
        status => {
            let what = format!("{status} {}", summary(&content));
            Err(PlaceError::failed(did, name, &what.trim_end()))
        }
    }
}

fn text(content: Vec<u8>, name: &str) -> Result<String, PlaceError> {
    String::from_utf8(content)
        .map_err(|_| PlaceError::failed("read", name, &"the answer is no text"))
}

/// Code and message of an error's XML, as far as they can be found.
fn summary(content: &[u8]) -> String {
    let said = String::from_utf8_lossy(content);
    let element = |tag: &str| {
        let (_, rest) = said.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let parts = [element("Code"), element("Message")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_says() {
        for (content, expected) in [
            (
                "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>",
                "NoSuchBucket: none",
            ),
            ("<Error><Code>SlowDown</Code></Error>", "SlowDown"),
            ("<html>", ""),
            ("<Code>half", ""),
            ("", ""),
        ] {
            assert_eq!(summary(content.as_bytes()), expected, "{content:?}");
        }
    }
}
