//! Moments, as people read and write them.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 24 * 60 * 60;
/// Nanoseconds of a day.
pub(super) const DAY_NS: u64 = DAY_S * 1_000_000_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;

/// Nanoseconds since 1970 as UTC in RFC 3339.
pub(super) fn utc(since_1970_ns: u64) -> String {
    let (second, ns) = (since_1970_ns / 1_000_000_000, since_1970_ns % 1_000_000_000);
    let (day, in_day) = (second / DAY_S, second % DAY_S);
    let (year, month, day) = civil(day + DAYS_TO_1970);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ns:09}Z")
}

/// The same to the millisecond, which is as much as fits a line.
pub(super) fn utc_ms(since_1970_ns: u64) -> String {
    let mut text = utc(since_1970_ns);
    text.truncate("1970-01-01T00:00:00.000".len());
    text.push('Z');
    text
}

/// Now, nanoseconds since 1970.
pub(super) fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// A span as people write it, `90s`, `10m`, `2h` or `3d`, in nanoseconds.
pub(super) fn span_ns(text: &str) -> Option<u64> {
    let (count, unit_s) = match text.split_at_checked(text.len().checked_sub(1)?)? {
        (count, "s") => (count, 1),
        (count, "m") => (count, 60),
        (count, "h") => (count, 3_600),
        (count, "d") => (count, DAY_S),
        _ => return None,
    };
    number(count)?.checked_mul(unit_s)?.checked_mul(1_000_000_000)
}

/// A moment in RFC 3339, or a date, which begins in UTC, in nanoseconds since 1970.
pub(super) fn moment_ns(text: &str) -> Option<u64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00Z"),
    };
    let [year, month, day] = parts(date, '-', [4, 2, 2])?;
    let day = day_since_1970(year, month, day)?;
    let (time, offset_s) = offset(time)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = parts(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 || !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let ns = number(fraction)? * 10u64.pow(9 - u32::try_from(fraction.len()).ok()?);
    let local_s = day * DAY_S + hour * 3_600 + minute * 60 + second;
    let second = local_s.checked_add_signed(-offset_s)?;
    second.checked_mul(1_000_000_000)?.checked_add(ns)
}

/// A time of day without its offset from UTC, and that offset in seconds.
fn offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let (time, offset) = time.split_at_checked(time.len().checked_sub("+00:00".len())?)?;
    let (sign, offset) = match offset.split_at_checked(1)? {
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let [hour, minute] = parts(offset, ':', [2, 2])?;
    let seconds = i64::try_from(hour * 3_600 + minute * 60).ok()?;
    (hour < 24 && minute < 60).then_some((time, sign * seconds))
}

/// Numbers of so many digits each, with a separator between them.
fn parts<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for (place, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        *place = number(part)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// The day since 1970 of a date of the calendar, YYYYMMDD, from 1 March of the year 0 on; negative before 1970.
pub(super) fn day_of_date(date: u32) -> Option<i32> {
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let day = day_since_march_0(year.into(), month.into(), day.into())?;
    i32::try_from(day.cast_signed() - DAYS_TO_1970.cast_signed()).ok()
}

/// The day since 1970 of a date of the calendar.
fn day_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    day_since_march_0(year, month, day)?.checked_sub(DAYS_TO_1970)
}

/// The day since 0000-03-01 of a date of the calendar.
fn day_since_march_0(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) {
        return None;
    }
    // Years and months from March on, as in `civil`.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (era, in_era) = (y / 400, y % 400);
    let in_year = (153 * m + 2) / 5 + day.checked_sub(1)?;
    let found = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year;
    // The 30th of February is another day.
    (civil(found) == (year, month, day)).then_some(found)
}

/// Seconds as the two largest units that matter.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..DAY_S => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / DAY_S, seconds / 3_600 % 24),
    }
}

/// Year, month and day of a day since 0000-03-01. Counts in years that begin in March, so that the leap day
/// is their last, and in eras of 400 of them.
fn civil(day: u64) -> (u64, u64, u64) {
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (ns, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (951_868_800_000_000_000, "2000-03-01T00:00:00.000000000Z"),
            (1_709_251_199_000_000_000, "2024-02-29T23:59:59.000000000Z"),
            (1_735_689_599_000_000_001, "2024-12-31T23:59:59.000000001Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(utc(ns), text);
        }
    }

    #[test]
    fn moments_as_written() {
        for (text, ns) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01", Some(0)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000_000_000)),
            ("2000-02-28T23:59:59.999999999Z", Some(951_782_399_999_999_999)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000_000_000)),
            ("2024-12-31 23:59:59.5z", Some(1_735_689_599_500_000_000)),
            ("2100-03-01", Some(4_107_542_400_000_000_000)),
            ("2024-12-31T23:59:59+01:00", Some(1_735_685_999_000_000_000)),
            ("2024-12-31T23:59:59-01:30", Some(1_735_694_999_000_000_000)),
            ("2554-07-21T23:34:33.709551615Z", Some(u64::MAX)),
            ("2554-07-21T23:34:34Z", None),
            ("1970-01-01T00:00:00+01:00", None),
            ("1969-12-31", None),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("2024-00-01", None),
            ("2024-01-00", None),
            ("2024-01-01T24:00:00Z", None),
            ("2024-01-01T00:60:00Z", None),
            ("2024-01-01T00:00:00", None),
            ("2024-01-01T00:00:00.Z", None),
            ("2024-01-01T00:00:00.1234567890Z", None),
            ("2024-01-01T00:00:00+1:00", None),
            ("2024-1-01", None),
            ("+024-01-01", None),
            ("tomorrow", None),
            ("２024-01-01", None),
            ("", None),
        ] {
            assert_eq!(moment_ns(text), ns, "{text:?}");
        }
    }

    #[test]
    fn dates_as_days() {
        for (date, day) in [
            (19_700_101, Some(0)),
            (19_691_231, Some(-1)),
            (19_000_101, Some(-25_567)),
            (20_240_229, Some(19_782)),
            (99_991_231, Some(2_932_896)),
            (20_230_229, None),
            (19_000_229, None),
            (20_241_301, None),
            (20_240_100, None),
            (0, None),
        ] {
            assert_eq!(day_of_date(date), day, "{date}");
        }
    }

    #[test]
    fn moments_there_and_back() {
        for day in 0..60_000 {
            let ns = day * DAY_S * 1_000_000_000;
            assert_eq!(moment_ns(&utc(ns)), Some(ns));
        }
        assert_eq!(utc_ms(1_735_689_599_000_999_999), "2024-12-31T23:59:59.000Z");
    }

    #[test]
    fn spans_as_written() {
        const S: u64 = 1_000_000_000;
        for (text, ns) in [
            ("90s", Some(90 * S)),
            ("10m", Some(600 * S)),
            ("2h", Some(7_200 * S)),
            ("3d", Some(259_200 * S)),
            ("0s", Some(0)),
            ("10", None),
            ("m", None),
            ("-1m", None),
            ("+1m", None),
            ("1.5h", None),
            ("1w", None),
            ("10µ", None),
            ("99999999999999d", None),
            ("", None),
        ] {
            assert_eq!(span_ns(text), ns, "{text:?}");
        }
    }

    #[test]
    fn spans() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h 0 min"),
            (DAY_S - 1, "23 h 59 min"),
            (DAY_S * 3 + 3_600, "3 d 1 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
