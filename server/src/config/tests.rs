use std::fs;
use std::path::Path;

use figment::providers::Format;

use super::*;

/// Loads a configuration from the text of a file, if there is one, and variables.
fn load(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("florin.toml");
    if let Some(text) = file {
        fs::write(&path, text).expect("written");
    }
    let flags = Flags { config: file.map(|_| path), ..Flags::default() };
    Config::load(flags, variables.iter().map(|&(name, value)| (name.into(), value.into())))
}

#[test]
fn without_settings_it_is_the_default() {
    assert_eq!(load(None, &[]).expect("loads"), Config::default());
    assert_eq!(load(Some(""), &[]).expect("loads"), Config::default());
}

#[test]
fn the_defaults_are_in_range() {
    range::check(&Config::default(), &[]).expect("in range");
}

#[test]
fn what_stands_where() {
    // File, variable, and how a setting differs from its default then.
    type Case = (&'static str, &'static [(&'static str, &'static str)], fn(&mut Config));
    let cases: [Case; 26] = [
        ("data = 'ledger'", &[], |c| c.data = "ledger".into()),
        ("listen = '[::1]:80'", &[], |c| c.listen = "[::1]:80".parse().expect("an address")),
        ("edge_threads = 2", &[], |c| c.edge_threads = 2),
        ("[journal]\nsegment_bytes = 65536", &[], |c| c.journal.segment_bytes = 65_536),
        ("journal.segment_bytes = 65536", &[], |c| c.journal.segment_bytes = 65_536),
        ("[limits]\nmessage_bytes = 1024", &[], |c| c.limits.message_bytes = 1_024),
        ("[feed]\nsubscribers = 5", &[], |c| c.feed.subscribers = 5),
        ("", &[("FLORIN_FEED__STALL_SECONDS", "1")], |c| c.feed.stall_seconds = 1),
        ("[log]\nlevel = 'off'\nformat = 'json'", &[], |c| {
            c.log = Log { level: LogLevel::Off, format: LogFormat::Json };
        }),
        ("[journal]", &[], |_| ()),
        ("[metrics]\nlisten = '127.0.0.1:7412'", &[], |c| {
            c.metrics.listen.0 = "127.0.0.1:7412".parse().ok();
        }),
        ("", &[("FLORIN_METRICS__LISTEN", "[::1]:0")], |c| {
            c.metrics.listen.0 = "[::1]:0".parse().ok();
        }),
        ("[metrics]\nlisten = '[::1]:1'", &[("FLORIN_METRICS__LISTEN", "")], |_| ()),
        ("[telemetry]\nsample_ratio = 1", &[], |c| c.telemetry.sample_ratio = Ratio(1.0)),
        ("", &[("FLORIN_TELEMETRY__SAMPLE_RATIO", "0.25")], |c| {
            c.telemetry.sample_ratio = Ratio(0.25);
        }),
        ("telemetry.service_name = 'a'", &[], |c| c.telemetry.service_name = "a".into()),
        ("", &[("FLORIN_TELEMETRY__OTLP_ENDPOINT", "http://[::1]:4317")], |c| {
            c.telemetry.otlp_endpoint = "http://[::1]:4317".into();
        }),
        ("", &[("FLORIN_DATA", "7")], |c| c.data = "7".into()),
        ("", &[("FLORIN_LISTEN", "127.0.0.1:0")], |c| c.listen.set_port(0)),
        ("", &[("FLORIN_EDGE_THREADS", "3")], |c| c.edge_threads = 3),
        ("", &[("FLORIN_LIMITS__BATCH_MEMBERS", "5")], |c| c.limits.batch_members = 5),
        ("", &[("FLORIN_LOG__LEVEL", "warn")], |c| c.log.level = LogLevel::Warn),
        ("", &[("OTHER_DATA", "7"), ("FLORIN", "7")], |_| ()),
        ("", &[("FLORIN_CONFIG", "x"), ("FLORIN_SERVER", "y")], |_| ()),
        (
            "",
            &[
                ("FLORIN_SERVICE_HOST", "10.0.0.1"),
                ("FLORIN_SERVICE_PORT_GRPC", "7411"),
                ("FLORIN_PORT", "tcp://10.0.0.1:7411"),
                ("FLORIN_PORT_7411_TCP_ADDR", "10.0.0.1"),
            ],
            |_| (),
        ),
        ("edge_threads = 2", &[("FLORIN_EDGE_THREADS", "3")], |c| c.edge_threads = 3),
    ];
    for (file, variables, differ) in cases {
        let mut expected = Config::default();
        differ(&mut expected);
        let loaded = load(Some(file), variables).expect("loads");
        assert_eq!(loaded, expected, "{file:?} {variables:?}");
    }
}

#[test]
fn levels_are_written_as_they_are_read() {
    use LogLevel::{Debug, Error, Info, Off, Trace, Warn};
    for level in [Off, Error, Warn, Info, Debug, Trace] {
        let text = format!("[log]\nlevel = '{}'", level.as_str());
        assert_eq!(load(Some(&text), &[]).expect("loads").log.level, level);
    }
}

#[test]
fn the_command_line_wins() {
    let flags = Flags {
        data: Some("flag".into()),
        listen: Some("127.0.0.1:1".parse().expect("an address")),
        config: None,
    };
    let variables = [("FLORIN_DATA", "variable"), ("FLORIN_LISTEN", "127.0.0.1:2")];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let config = Config::load(flags, variables).expect("loads");
    assert_eq!((config.data.as_path(), config.listen.port()), (Path::new("flag"), 1));
}

/// Each case: file, variables, and the message with the file's path as FILE.
type Refused = (&'static str, &'static [(&'static str, &'static str)], &'static str);

fn assert_refused(reason: &str, cases: &[Refused]) {
    for (file, variables, message) in cases {
        let error = load(Some(file), variables).expect_err(file);
        assert_eq!(error.reason(), reason, "{file:?} {variables:?}: {error}");
        assert_eq!(without_directory(&error.to_string()), *message);
    }
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    assert_refused(
        "CONFIG_KEY_UNKNOWN",
        &[
            (
                "[journal]\nsegmnt_bytes = 65536",
                &[],
                "unknown key `journal.segmnt_bytes` in FILE: did you mean `journal.segment_bytes`?",
            ),
            (
                "segment_bytes = 65536",
                &[],
                "unknown key `segment_bytes` in FILE: did you mean `journal.segment_bytes`?",
            ),
            ("[limit]", &[], "unknown key `limit` in FILE: did you mean `limits`?"),
            ("[data]\npath = 'x'", &[], "unknown key `data.path` in FILE: did you mean `data`?"),
            (
                "",
                &[("FLORIN_DATE", "x")],
                "unknown key `FLORIN_DATE` in the environment: did you mean `FLORIN_DATA`?",
            ),
            (
                "",
                &[("FLORIN_JOURNAL_SEGMENT_BYTES", "65536")],
                "unknown key `FLORIN_JOURNAL_SEGMENT_BYTES` in the environment: did you mean \
                 `FLORIN_JOURNAL__SEGMENT_BYTES`?",
            ),
        ],
    );
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    assert_refused(
        "CONFIG_VALUE_INVALID",
        &[
            (
                "edge_threads = 'many'",
                &[],
                "`edge_threads` in FILE: found string \"many\", expected a whole number",
            ),
            (
                "edge_threads = -1",
                &[],
                "`edge_threads` in FILE: found signed int `-1`, expected a whole number",
            ),
            (
                "edge_threads = 1.5",
                &[("FLORIN_EDGE_THREADS", "1.5")],
                "`FLORIN_EDGE_THREADS` in the environment: found float `1.5`, expected a whole \
                 number",
            ),
            (
                "",
                &[("FLORIN_LISTEN", "7411")],
                "`FLORIN_LISTEN` in the environment: invalid socket address syntax",
            ),
            ("[log]\nformat = 'xml'", &[], "`log.format` in FILE: `xml` is none of text, json"),
            (
                "[metrics]\nlisten = 'localhost'",
                &[],
                "`metrics.listen` in FILE: invalid socket address syntax, and not empty for none",
            ),
            (
                "[telemetry]\notlp_endpoint = '127.0.0.1:4317'",
                &[],
                "`telemetry.otlp_endpoint` in FILE: expected http://HOST:PORT, or nothing",
            ),
            (
                "[telemetry]\notlp_endpoint = 'https://collector:4317'",
                &[],
                "`telemetry.otlp_endpoint` in FILE: expected http://HOST:PORT, or nothing: traces are sent \
                 without encryption, so send them to a collector on this machine",
            ),
            (
                "",
                &[("FLORIN_TELEMETRY__OTLP_ENDPOINT", "http://user:hush@collector:4317")],
                "`FLORIN_TELEMETRY__OTLP_ENDPOINT` in the environment: expected http://HOST:PORT, or \
                 nothing: credentials do not belong here; OTEL_EXPORTER_OTLP_HEADERS takes them",
            ),
        ],
    );
}

#[test]
fn values_outside_their_range_are_refused() {
    assert_refused(
        "CONFIG_VALUE_OUT_OF_RANGE",
        &[
            ("edge_threads = 257", &[], "`edge_threads` in FILE is 257: it must be 0 to 256"),
            (
                "[journal]\nsegment_bytes = 61440",
                &[],
                "`journal.segment_bytes` in FILE is 61440: it must be 65536 to 1099511627776 and a \
                 multiple of 4096",
            ),
            (
                "[journal]\nsegment_bytes = 65537",
                &[],
                "`journal.segment_bytes` in FILE is 65537: it must be 65536 to 1099511627776 and a \
                 multiple of 4096",
            ),
            (
                "[limits]\nmessage_bytes = 5",
                &[("FLORIN_LIMITS__MESSAGE_BYTES", "67108865")],
                "`FLORIN_LIMITS__MESSAGE_BYTES` in the environment is 67108865: it must be 1024 to \
                 67108864",
            ),
            (
                "[limits]\nbatch_members = 8191",
                &[],
                "`limits.batch_members` in FILE is 8191: it must be 1 to 8190",
            ),
            (
                "[limits]\nin_flight_requests = 0",
                &[],
                "`limits.in_flight_requests` in FILE is 0: it must be 1 to 1048576",
            ),
            (
                "[limits]\nconcurrent_streams = 0",
                &[],
                "`limits.concurrent_streams` in FILE is 0: it must be 1 to 1048576",
            ),
            (
                "[telemetry]\nsample_ratio = 1.01",
                &[],
                "`telemetry.sample_ratio` in FILE is 1.01: it must be 0 to 1",
            ),
            (
                "[telemetry]\nsample_ratio = nan",
                &[],
                "`telemetry.sample_ratio` in FILE is NaN: it must be 0 to 1",
            ),
            (
                "[feed]\nsubscribers = 0",
                &[],
                "`feed.subscribers` in FILE is 0: it must be 1 to 65536",
            ),
            (
                "[feed]\nstall_seconds = 3601",
                &[],
                "`feed.stall_seconds` in FILE is 3601: it must be 1 to 3600",
            ),
            (
                "[limits]\nin_flight_bytes = 4194303",
                &[],
                "`limits.in_flight_bytes` in FILE is 4194303: it must be at least \
                 limits.message_bytes, 4194304, or the largest message is never admitted",
            ),
        ],
    );
}

#[test]
fn a_file_that_cannot_be_used() {
    let error = load(Some("data = "), &[]).expect_err("no TOML");
    assert_eq!(error.reason(), "CONFIG_SYNTAX");
    assert!(error.to_string().contains("line 1"), "{error}");

    let flags = Flags { config: Some("/nowhere/florin.toml".into()), ..Flags::default() };
    let error = Config::load(flags, []).expect_err("not there");
    assert_eq!(error.reason(), "CONFIG_UNREADABLE");
    assert!(error.to_string().contains("/nowhere/florin.toml"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff]);
    let error = Config::load(Flags::default(), [("FLORIN_DATA".into(), value)]);
    assert_eq!(error.expect_err("refused").reason(), "CONFIG_VALUE_INVALID");
}

/// In `deploy/florin.toml` settings stand behind a `#`, prose behind a `#` and a space.
#[test]
fn the_file_that_we_ship_shows_every_key_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/florin.toml");
    let shipped = fs::read_to_string(path).expect("deploy/florin.toml");
    assert_eq!(load(Some(&shipped), &[]).expect("loads as it is"), Config::default());

    let settings: Vec<&str> = shipped
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| line.strip_prefix('#').unwrap_or(line))
        .collect();
    let settings: figment::value::Dict =
        figment::providers::Toml::from_str(&settings.join("\n")).expect("TOML");
    let shown = Figment::from(Serialized::defaults(settings));
    let config: Config = shown.extract().expect("a whole configuration");
    assert_eq!(config, Config::default());
    let ours = Figment::from(Serialized::defaults(Config::default()));
    assert_eq!(layer::keys_of(&shown).expect("keys"), layer::keys_of(&ours).expect("keys"));
}

fn without_directory(message: &str) -> String {
    let words = message.split(' ').map(|word| match word.split_once("florin.toml") {
        Some((_, rest)) => format!("FILE{rest}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
