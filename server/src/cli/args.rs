//! Arguments that several commands share, and how they are read.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use florin_client::{AccountKey, Asset, Client, Error, Floor, KeyError, money};
use florin_engine::{AssetCode, iso_4217_scale};

use super::failure::Failure;
use super::time;

/// How long a server that cannot be reached is tried again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which server to ask, and how long to wait for it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    /// Address of the server
    #[arg(
        long,
        env = "FLORIN_SERVER",
        hide_env_values = true,
        default_value = "http://127.0.0.1:7411",
        value_name = "URL"
    )]
    server: String,

    /// Seconds to wait for an answer, retries included
    #[arg(
        long,
        default_value_t = 10,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    timeout: u64,
}

impl Connection {
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Connects. A server that was started a moment ago may not listen yet: it is tried for a while.
    pub async fn open(&self) -> Result<Client, Error> {
        let deadline = Duration::from_secs(self.timeout);
        let began = Instant::now();
        loop {
            let client = Client::builder(&self.server).deadline(deadline).connect().await;
            match client {
                Err(error)
                    if error.reason() == "UNREACHABLE"
                        && began.elapsed() < PATIENCE.min(deadline) =>
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                client => return client,
            }
        }
    }
}

/// What is attached to an account or a transfer.
#[derive(Debug, Args)]
pub(super) struct Metadata {
    /// Attach a key and its value; may be repeated
    #[arg(long = "metadata", value_name = "KEY=VALUE", value_parser = key_value)]
    pairs: Vec<(String, String)>,
}

impl Metadata {
    pub fn into_map(self) -> Result<BTreeMap<String, String>, Failure> {
        let mut map = BTreeMap::new();
        for (key, value) in self.pairs {
            if map.contains_key(&key) {
                return Err(Failure::usage(format!("--metadata {key} is given twice")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

fn key_value(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE"),
    }
}

/// A floor as written: its overdraft is decimal text until the asset is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FloorText {
    Zero,
    None,
    Overdraft(String),
}

impl FromStr for FloorText {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "zero" => Ok(Self::Zero),
            None if text == "none" => Ok(Self::None),
            Some(("overdraft", amount)) => Ok(Self::Overdraft(amount.to_owned())),
            _ => Err("expected zero, none or overdraft:AMOUNT, as in overdraft:100.00"),
        }
    }
}

impl FloorText {
    /// Only an overdraft is an amount; `asset` is asked for it, and otherwise not.
    pub async fn read(
        &self,
        asset: impl AsyncFnOnce() -> Result<Asset, Failure>,
    ) -> Result<Floor, Failure> {
        match self {
            Self::Zero => Ok(Floor::Zero),
            Self::None => Ok(Floor::None),
            Self::Overdraft(text) => Ok(Floor::Overdraft { minor: amount(text, &asset().await?)? }),
        }
    }
}

/// A ceiling as written: decimal text until the asset is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CeilingText {
    None,
    Limit(String),
}

impl FromStr for CeilingText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "none" { Self::None } else { Self::Limit(text.to_owned()) })
    }
}

impl CeilingText {
    /// Minor units, `None` where there is no limit; `asset` is asked for a limit, and otherwise not.
    pub async fn read(
        &self,
        asset: impl AsyncFnOnce() -> Result<Asset, Failure>,
    ) -> Result<Option<u128>, Failure> {
        match self {
            Self::None => Ok(None),
            Self::Limit(text) => amount_or_zero(text, &asset().await?).map(Some),
        }
    }
}

/// A time as written: so long from now, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Span(u64),
    At(u64),
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let span = time::span_ns(text).map(Self::Span);
        span.or_else(|| time::moment_ns(text).map(Self::At)).ok_or(
            "expected a span like 90s, 10m, 2h or 3d, or a moment like 2026-11-30T12:00:00Z or 2026-11-30",
        )
    }
}

impl When {
    /// Nanoseconds since 1970, where a span lies behind.
    pub fn ago_ns(self) -> u64 {
        match self {
            Self::Span(ns) => time::now_ns().saturating_sub(ns),
            Self::At(ns) => ns,
        }
    }

    /// Nanoseconds since 1970, where a span lies ahead.
    pub fn ahead_ns(self) -> u64 {
        match self {
            Self::Span(ns) => time::now_ns().saturating_add(ns),
            Self::At(ns) => ns,
        }
    }
}

/// What becomes of the rest when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AtDue {
    /// It is given back
    Release,
    /// It is captured
    Capture,
}

impl From<AtDue> for florin_client::AtDue {
    fn from(at_due: AtDue) -> Self {
        match at_due {
            AtDue::Release => Self::Release,
            AtDue::Capture => Self::Capture,
        }
    }
}

/// A date as written, `YYYY-MM-DD`, to decimal `YYYYMMDD`. Whether it is in the calendar is for the
/// server to say.
pub(super) fn date(text: &str) -> Result<u32, &'static str> {
    const EXPECTED: &str = "expected YYYY-MM-DD";
    let digits: String = text.split('-').collect();
    let dashes = text.match_indices('-').map(|(at, _)| at);
    let is_date =
        digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) && dashes.eq([4, 7]);
    match digits.parse() {
        // On the wire this means: no date.
        Ok(0) => Err("there is no day 0000-00-00"),
        Ok(date) if is_date => Ok(date),
        _ => Err(EXPECTED),
    }
}

/// An account as written.
pub(super) fn account(text: &str) -> Result<AccountKey, Failure> {
    text.parse().map_err(|error: KeyError| {
        Failure::refused(error.reason(), format!("{text:?} names no account: {error}"))
    })
}

/// A decimal amount of an asset.
pub(super) fn amount(text: &str, asset: &Asset) -> Result<u128, Failure> {
    asset.parse_minor(text).map_err(|error| no_amount(text, asset, error))
}

/// A decimal amount of an asset, where zero is one too.
fn amount_or_zero(text: &str, asset: &Asset) -> Result<u128, Failure> {
    let read = money::parse_minor_or_zero(text, asset.scale);
    read.map_err(|error| no_amount(text, asset, error))
}

fn no_amount(text: &str, asset: &Asset, error: money::AmountError) -> Failure {
    let message = match error {
        money::AmountError::TooPrecise { scale } => {
            format!("{text:?} has more decimals than {} has ({scale})", asset.code)
        }
        _ => format!("{text:?}: {error}"),
    };
    Failure::refused(error.reason(), message)
}

/// An asset by its code: of ISO 4217, or registered with the server.
pub(super) async fn asset(client: &Client, code: &str) -> Result<Asset, Failure> {
    if let Some(scale) = AssetCode::new(code).and_then(iso_4217_scale) {
        return Ok(Asset::new(code, scale.into()));
    }
    let registered = client.list_assets().await?;
    registered.into_iter().find(|asset| asset.code == code).ok_or_else(|| {
        let message = format!("{code:?} is neither in ISO 4217 nor registered");
        Failure::refused("ASSET_NOT_FOUND", message)
            .with_hint("register it with `florin asset create`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn floors() {
        let eur = async || Ok(Asset::new("EUR", 2));
        for (text, floor) in [
            ("zero", Ok(Floor::Zero)),
            ("none", Ok(Floor::None)),
            ("overdraft:100.00", Ok(Floor::Overdraft { minor: 10_000 })),
            ("overdraft:100.005", Err("AMOUNT_TOO_PRECISE")),
            ("overdraft:-1", Err("AMOUNT_NEGATIVE")),
            ("overdraft:0", Err("AMOUNT_ZERO")),
            ("overdraft:", Err("AMOUNT_INVALID")),
            ("overdraft", Err("USAGE")),
            ("Zero", Err("USAGE")),
            ("100", Err("USAGE")),
            ("", Err("USAGE")),
        ] {
            let read = match text.parse::<FloorText>() {
                Ok(floor) => floor.read(eur).await.map_err(|failure| failure.reason),
                Err(_) => Err("USAGE".to_owned()),
            };
            assert_eq!(read, floor.map_err(str::to_owned), "{text:?}");
        }
    }

    #[tokio::test]
    async fn ceilings() {
        let eur = async || Ok(Asset::new("EUR", 2));
        for (text, limit) in [
            ("none", Ok(None)),
            ("0", Ok(Some(0))),
            ("100.00", Ok(Some(10_000))),
            ("100.005", Err("AMOUNT_TOO_PRECISE")),
            ("-1", Err("AMOUNT_NEGATIVE")),
            ("", Err("AMOUNT_INVALID")),
            ("None", Err("AMOUNT_INVALID")),
        ] {
            let Ok(ceiling) = text.parse::<CeilingText>();
            let read = ceiling.read(eur).await.map_err(|failure| failure.reason);
            assert_eq!(read, limit.map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn times() {
        const S: u64 = 1_000_000_000;
        for (text, when) in [
            ("10m", Some(When::Span(600 * S))),
            ("1970-01-02", Some(When::At(86_400 * S))),
            ("1970-01-01T00:00:01Z", Some(When::At(S))),
            ("soon", None),
            ("10", None),
        ] {
            assert_eq!(text.parse::<When>().ok(), when, "{text:?}");
        }
        let now = time::now_ns();
        assert!(When::Span(S).ahead_ns() >= now + S);
        assert_eq!(When::At(7).ahead_ns(), 7);
    }

    #[test]
    fn dates() {
        for (text, expected) in [
            ("2026-11-22", Some(20_261_122)),
            ("1900-01-01", Some(19_000_101)),
            ("2026-02-30", Some(20_260_230)),
            ("0000-00-00", None),
            ("20261122", None),
            ("2026-1-22", None),
            ("26-11-2022", None),
            ("2026-11-22-", None),
            ("2026-11-2x", None),
            ("２026-11-2", None),
            ("", None),
        ] {
            assert_eq!(date(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn metadata() {
        for (text, pair) in [
            ("k=v", Some(("k", "v"))),
            ("k=", Some(("k", ""))),
            ("k=a=b", Some(("k", "a=b"))),
            ("=v", None),
            ("k", None),
            ("", None),
        ] {
            let read = key_value(text).ok();
            let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(read, pair, "{text:?}");
        }
        let twice = vec![("k".to_owned(), "1".to_owned()), ("k".to_owned(), "2".to_owned())];
        let refused = Metadata { pairs: twice }.into_map().expect_err("refused");
        assert_eq!(refused.reason, "USAGE");
    }
}
