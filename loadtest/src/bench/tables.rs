//! The bench report for people.

use std::fmt::Write;

use crate::bench::report::{BenchReport, Feed, Level, Throughput};
use crate::figures::Spread;
use crate::table::{rate, render as columns, row, thousands};

/// What single payments are to reach where they travel together, a second.
const AIM_STREAM: f64 = 600_000.0;
const AIM_COALESCED_64: f64 = 50_000.0;
const AIM_COALESCED_1024: f64 = 300_000.0;

/// All tables.
pub fn render(report: &BenchReport) -> String {
    let mut text = String::new();
    let machine = &report.unary.conditions.machine;
    let setup = &report.unary.conditions.setup;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} cores of {}, Linux {}, {} GiB, {}, {} build; client on the same machine: {}\n\
         {} accounts, {}, {} connection(s), {} runs of {} s: medians, in brackets the spread\n",
        machine.cores,
        machine.cpu,
        machine.kernel,
        machine.memory_gib,
        machine.file_system,
        machine.build,
        if machine.client_beside_server { "yes" } else { "unknown" },
        thousands(setup.accounts),
        setup.workload,
        setup.connections,
        setup.repetitions,
        setup.seconds,
    );
    text.push_str("Durable transfers\n");
    text.push_str(&columns(&[
        row([&"", &"transfers/s", &"", &"p50 ms", &"p99 ms", &"server us", &"a sync", &""]),
        throughput("8,190 a message", &report.bulk, None),
        throughput("8,190 holds, then captures", &report.hold_capture, None),
        throughput("100 a call", &report.batch100, None),
        throughput("1 a message, on streams", &report.stream.throughput, Some(AIM_STREAM)),
        row([
            &"echo, 8,190 a message",
            &rate(report.echo.bulk_transfers_per_s),
            &spread(report.echo.bulk_spread.get("bulk_transfers_per_s")),
        ]),
        row([
            &"echo, on streams",
            &rate(report.echo.stream_transfers_per_s),
            &spread(report.echo.stream_spread.get("stream_transfers_per_s")),
        ]),
    ]));
    text.push_str("\nOne payment a call\n");
    text.push_str(&columns(&[
        row([
            &"in flight",
            &"calls/s",
            &"",
            &"p50 us",
            &"p99 us",
            &"p99.9 us",
            &"server us",
            &"a sync",
            &"",
        ]),
        level("1", &report.unary.c1, None),
        level("64", &report.unary.c64, None),
        level("256", &report.unary.c256, None),
        level("1, echo", &report.echo.levels.c1, None),
        level("64, echo", &report.echo.levels.c64, None),
        level("256, echo", &report.echo.levels.c256, None),
        level("64, by the Rust client", &report.coalesced.c64, Some(AIM_COALESCED_64)),
        level("1,024, by the Rust client", &report.coalesced.c1024, Some(AIM_COALESCED_1024)),
        level("8,000, by the Rust client", &report.coalesced.c8000, None),
        row([
            &format!("open loop, {}/s", thousands(report.open.rate)),
            &rate(report.open.rps),
            &"",
            &report.open.p50_us,
            &report.open.p99_us,
            &report.open.p999_us,
            &optional(report.open.server_cpu_us),
            &optional(report.open.transfers_per_sync),
        ]),
    ]));
    let _ = writeln!(
        text,
        "  64 in flight reach {:.1} % of the echo, bulk {:.1} %, streams {:.1} %",
        report.unary_vs_echo_c64 * 100.0,
        report.bulk_vs_echo * 100.0,
        report.stream_vs_echo * 100.0
    );
    text.push_str(&feed(&report.feed));
    text.push_str(&disk_and_memory(report));
    let verified = &report.verified;
    let _ = writeln!(
        text,
        "\nVerified: {} acknowledged, {} posted by the ledger's count, conserved: {} -> {}",
        thousands(verified.acknowledged),
        thousands(verified.transfers_posted),
        verified.conserved,
        if verified.ok { "ok" } else { "MISMATCH" }
    );
    if let Some(data) = &verified.data {
        let _ = writeln!(text, "Data: {data} (check it with `florin verify --data {data}`)");
    }
    text
}

fn feed(feed: &Feed) -> String {
    let catches_up = spread(feed.spread.get("events_per_s"));
    let lag = format!("after a payment, at {} payments/s, p50 / p99", thousands(feed.lag_rate));
    let mut text = String::from("\nThe feed\n");
    text.push_str(&columns(&[
        row([&"catching up", &rate(feed.events_per_s), &catches_up, &"events/s"]),
        row([
            &"  CPU of server / subscriber an event",
            &optional(feed.server_cpu_us_per_event),
            &optional(feed.client_cpu_us_per_event),
            &"us",
        ]),
        row([&lag, &optional(feed.lag_p50_us), &optional(feed.lag_p99_us), &"us"]),
    ]));
    text
}

fn disk_and_memory(report: &BenchReport) -> String {
    let disk = &report.disk;
    let mut text = String::from("\nDisk and memory\n");
    let mut rows = vec![
        row([
            &"write + fdatasync of 4 KiB, p50 / p99",
            &optional(disk.fdatasync_4k_p50_us),
            &optional(disk.fdatasync_4k_p99_us),
            &"us",
        ]),
        row([
            &"the server's writes and syncs, p50 / p99",
            &disk.server_sync_p50_us,
            &disk.server_sync_p99_us,
            &"us",
        ]),
    ];
    for (section, bytes) in &disk.journal_bytes_per_transfer {
        rows.push(row([
            &format!("journal / device a transfer, {section}"),
            bytes,
            &optional(disk.device_bytes_per_transfer.get(section).copied()),
            &"bytes",
        ]));
    }
    rows.push(row([
        &"an account, counted / by process size",
        &report.memory.bytes_per_account,
        &optional(report.memory.rss_bytes_per_account),
        &"bytes",
    ]));
    text.push_str(&columns(&rows));
    text
}

fn throughput(name: &str, section: &Throughput, aim: Option<f64>) -> Vec<String> {
    row([
        &name,
        &rate(section.transfers_per_s),
        &spread(section.spread.get("transfers_per_s")),
        &format!("{:.2}", section.p50_us / 1_000.0),
        &format!("{:.2}", section.p99_us / 1_000.0),
        &optional(section.server_cpu_us_per_transfer),
        &optional(section.transfers_per_sync),
        &against(section.transfers_per_s, aim),
    ])
}

fn level(name: &str, level: &Level, aim: Option<f64>) -> Vec<String> {
    row([
        &name,
        &rate(level.rps),
        &spread(level.spread.get("rps")),
        &level.p50_us,
        &level.p99_us,
        &level.p999_us,
        &optional(level.server_cpu_us),
        &optional(level.transfers_per_sync),
        &against(level.rps, aim),
    ])
}

/// What was aimed at, and whether it was reached.
fn against(reached: f64, aim: Option<f64>) -> String {
    aim.map_or_else(String::new, |aim| {
        let mark = if reached >= aim { "reached" } else { "missed" };
        format!("aim {}: {mark}", rate(aim))
    })
}

fn spread(spread: Option<&Spread>) -> String {
    spread.map_or_else(String::new, |s| format!("[{} - {}]", rate(s.min), rate(s.max)))
}

fn optional(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".into(), |figure| figure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_show_what_was_measured() {
        let mut report = BenchReport::default();
        report.bulk.transfers_per_s = 1_234_567.0;
        report.unary.c64.p999_us = 4321.5;
        report.disk.fdatasync_4k_p50_us = Some(180.2);
        report.verified.data = Some("my-data".into());
        report.stream.throughput.transfers_per_s = 654_321.0;
        report.hold_capture.transfers_per_s = 765_432.0;
        report.echo.stream_transfers_per_s = 876_543.0;
        report.coalesced.c64.rps = 49_999.0;
        report.coalesced.c8000.p99_us = 7654.5;
        report.feed.events_per_s = 987_654.0;
        report.feed.lag_rate = 5_678;
        report.feed.lag_p99_us = Some(1357.5);
        let text = render(&report);
        for part in [
            "1,234,567",
            "4321.5",
            "180.2",
            "MISMATCH",
            "--data my-data",
            "765,432",
            "876,543",
            "aim 600,000: reached",
            "49,999",
            "aim 50,000: missed",
            "7654.5",
            "987,654",
            "at 5,678 payments/s",
            "1357.5",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
