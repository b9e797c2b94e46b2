//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

use figment::error::Kind;

use super::layer::{Layer, place_of};

/// Why a configuration cannot be used. Each says where and what instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not TOML: {message}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what.
        message: String,
    },
    /// A key that does nothing.
    #[error("unknown key `{key}` in {place}: did you mean `{nearest}`?")]
    UnknownKey {
        /// The key, as written there.
        key: String,
        /// Where it stands.
        place: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// A value of the wrong kind.
    #[error("`{key}` in {place}: {message}")]
    Invalid {
        /// The key, as written there.
        key: String,
        /// Where it stands.
        place: String,
        /// What is wrong with the value.
        message: String,
    },
    /// A value outside its range.
    #[error("`{key}` in {place} is {value}: it must be {allowed}")]
    OutOfRange {
        /// The key, as written there.
        key: String,
        /// Where it stands.
        place: String,
        /// The value.
        value: String,
        /// The range.
        allowed: String,
    },
}

impl ConfigError {
    /// The stable reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "CONFIG_UNREADABLE",
            Self::Syntax { .. } => "CONFIG_SYNTAX",
            Self::UnknownKey { .. } => "CONFIG_KEY_UNKNOWN",
            Self::Invalid { .. } => "CONFIG_VALUE_INVALID",
            Self::OutOfRange { .. } => "CONFIG_VALUE_OUT_OF_RANGE",
        }
    }

    /// A value that makes no sense.
    pub(super) fn senseless(key: &str, message: String, layers: &[Layer]) -> Self {
        let (key, place) = place_of(key, layers);
        Self::Invalid { key, place, message }
    }

    /// A value that does not fit its key.
    pub(super) fn invalid(error: &figment::Error, layers: &[Layer]) -> Self {
        let (key, place) = place_of(&error.path.join("."), layers);
        let message = match &error.kind {
            Kind::UnknownVariant(found, known) => {
                format!("`{found}` is none of {}", known.join(", "))
            }
            Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
                format!("found {found}, expected {}", plain(expected))
            }
            other => other.to_string(),
        };
        Self::Invalid { key, place, message }
    }
}

/// What is expected, for people who do not write Rust.
fn plain(expected: &str) -> &str {
    match expected {
        "u32" | "u64" | "usize" => "a whole number",
        other => other,
    }
}
