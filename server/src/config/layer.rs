//! One source of settings, and the keys in it.

use std::ffi::OsString;
use std::path::PathBuf;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::ConfigError;

const PREFIX: &str = "FLORIN_";
/// Between the levels of a key in the environment: `FLORIN_JOURNAL__SEGMENT_BYTES`.
const LEVEL: &str = "__";
/// Variables that are no settings but arguments of the command line.
const NO_SETTINGS: [&str; 3] = ["CONFIG", "SERVER", "BIN"];

/// Settings from one source.
#[derive(Debug)]
pub(super) struct Layer {
    origin: Origin,
    values: Dict,
}

#[derive(Debug)]
enum Origin {
    File(PathBuf),
    Environment,
}

impl Layer {
    pub fn read_file(path: PathBuf) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        match Toml::from_str(&text) {
            Ok(values) => Ok(Self { origin: Origin::File(path), values }),
            Err(error) => {
                let message = error.to_string().trim_end().to_owned();
                Err(ConfigError::Syntax { path, message })
            }
        }
    }

    pub fn environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut values = Dict::new();
        for (variable, value) in variables {
            let Some(name) = variable.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            if NO_SETTINGS.contains(&name) || is_service_link(name) {
                continue;
            }
            let key = name.to_ascii_lowercase().replace(LEVEL, ".");
            let Some(text) = value.to_str() else {
                return Err(ConfigError::Invalid {
                    key: Origin::Environment.spell(&key),
                    place: Origin::Environment.place(),
                    message: "the value is not UTF-8".to_owned(),
                });
            };
            insert(&mut values, &key, text);
        }
        Ok(Self { origin: Origin::Environment, values })
    }

    /// Refuses the first key that is not among the known ones.
    pub fn refuse_unknown_keys(&self, known: &[String]) -> Result<(), ConfigError> {
        let is_known = |key: &String| {
            let is_section = key.ends_with('.');
            known.iter().any(|known| known == key || is_section && known.starts_with(key))
        };
        let Some(key) = keys(&self.values).into_iter().find(|key| !is_known(key)) else {
            return Ok(());
        };
        let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(known, &key);
        let sections = known.iter().filter_map(|known| Some(&known[..=known.find('.')?]));
        let nearest = known
            .iter()
            .map(String::as_str)
            .chain(sections)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .unwrap_or_default();
        let spell = |key: &str| self.origin.spell(key.trim_end_matches('.'));
        Err(ConfigError::UnknownKey {
            key: spell(&key),
            place: self.origin.place(),
            nearest: spell(nearest),
        })
    }
}

impl Origin {
    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Environment => "the environment".to_owned(),
        }
    }

    /// A key as it is written there.
    fn spell(&self, key: &str) -> String {
        match self {
            Self::File(_) => key.to_owned(),
            Self::Environment => {
                format!("{PREFIX}{}", key.replace('.', LEVEL).to_ascii_uppercase())
            }
        }
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.place())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Where a key was last set, and how it is written there.
pub(super) fn place_of(key: &str, layers: &[Layer]) -> (String, String) {
    let sets = |layer: &&Layer| Value::from(layer.values.clone()).find(key).is_some();
    match layers.iter().rev().find(sets) {
        Some(layer) => (layer.origin.spell(key), layer.origin.place()),
        None => (key.to_owned(), "the defaults".to_owned()),
    }
}

/// Every key that has a default, which is every key there is.
pub(super) fn keys_of(figment: &Figment) -> Result<Vec<String>, ConfigError> {
    let values: Dict = figment.extract().map_err(|error| ConfigError::invalid(&error, &[]))?;
    Ok(keys(&values))
}

/// The keys of all values, with dots between the levels; of an empty section its own, with a dot
/// behind it.
fn keys(values: &Dict) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in values {
        match value {
            Value::Dict(_, section) if section.is_empty() => found.push(format!("{key}.")),
            Value::Dict(_, section) => {
                let inner = keys(section);
                found.extend(inner.into_iter().map(|inner| format!("{key}.{inner}")));
            }
            _ => found.push(key.clone()),
        }
    }
    found
}

fn insert(values: &mut Dict, key: &str, text: &str) {
    match key.split_once('.') {
        None => {
            values.insert(key.to_owned(), Value::from(text));
        }
        Some((section, rest)) => {
            let entry = values.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
            if !matches!(entry, Value::Dict(..)) {
                *entry = Dict::new().into();
            }
            if let Value::Dict(_, section) = entry {
                insert(section, rest, text);
            }
        }
    }
}

/// Kubernetes describes every service to every container in variables; for a service named `florin`
/// they begin like ours: `FLORIN_SERVICE_HOST`, `FLORIN_PORT_7411_TCP_ADDR`.
fn is_service_link(name: &str) -> bool {
    let name = format!("_{name}");
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}
