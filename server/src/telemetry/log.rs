//! The log: standard error, in lines for people or for machines, and nothing in it that is secret.
//!
//! The level counts for Florin's own code. Of libraries only warnings are logged, whatever the level: below that they
//! have a line for every frame of every connection, and what stands in it is not in our hands.

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Config, LogFormat, LogLevel};

/// What our crates' names begin with.
const OURS: &str = "florin";
/// Words in the name of a setting whose value is nobody's business.
const SECRET: [&str; 6] = ["secret", "token", "password", "credential", "private", "key"];
/// What stands in the place of such a value.
const HIDDEN: &str = "(hidden)";

/// Begins to log as configured. Once in a process.
pub fn to_stderr(config: &Config) {
    let level = match config.log.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OURS, level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log.format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

/// The configuration that counts, as one line of JSON, without secrets.
pub fn effective(config: &Config) -> String {
    // Made of numbers and texts: it can always be written.
    let mut value = serde_json::to_value(config).unwrap_or_default();
    hide_secrets(&mut value);
    value.to_string()
}

fn hide_secrets(value: &mut Value) {
    let Value::Object(settings) = value else { return };
    for (key, value) in settings {
        match value {
            Value::Object(_) => hide_secrets(value),
            Value::String(text) if text.is_empty() => {}
            value if SECRET.iter().any(|word| key.contains(word)) => *value = HIDDEN.into(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_defaults_hide_nothing() {
        let shown: Value = serde_json::from_str(&effective(&Config::default())).expect("JSON");
        assert_eq!(shown, serde_json::to_value(Config::default()).expect("JSON"));
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let mut settings = json!({
            "data": "florin-data",
            "token": "t",
            "tls": { "private_pem": "p", "certificate": "c", "keys": ["k"], "password": "" },
        });
        hide_secrets(&mut settings);
        let expected = json!({
            "data": "florin-data",
            "token": "(hidden)",
            "tls": {
                "private_pem": "(hidden)", "certificate": "c", "keys": "(hidden)", "password": "",
            },
        });
        assert_eq!(settings, expected);
    }
}
