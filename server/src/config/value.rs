//! Values that are more than a number or a text.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An address, or none: empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionalAddress(pub Option<SocketAddr>);

impl Serialize for OptionalAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_str(""),
            Some(address) => serializer.collect_str(&address),
        }
    }
}

impl<'de> Deserialize<'de> for OptionalAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let expected =
            || de::Error::custom("invalid socket address syntax, and not empty for none");
        text.parse().map(|address| Self(Some(address))).map_err(|_| expected())
    }
}

/// A part of all, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(pub f64);

/// What is no number is outside of the range, and refused.
impl Eq for Ratio {}

/// Whether traces can be sent there. The text itself is not in the message: there may be a password in it, which is
/// one of the reasons to refuse it.
pub(super) fn check_endpoint(endpoint: &str) -> Result<(), String> {
    if endpoint.is_empty() {
        return Ok(());
    }
    let expected = "expected http://HOST:PORT, or nothing";
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return Err(expected.to_owned()) };
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    match (uri.scheme_str(), authority) {
        (Some("https"), _) => Err(format!(
            "{expected}: traces are sent without encryption, so send them to a collector on this machine"
        )),
        (_, authority) if authority.contains('@') => Err(format!(
            "{expected}: credentials do not belong here; OTEL_EXPORTER_OTLP_HEADERS takes them"
        )),
        (Some("http"), authority) if !authority.is_empty() => Ok(()),
        _ => Err(expected.to_owned()),
    }
}
