//! Moments, as people read them.

const DAY_S: u64 = 24 * 60 * 60;

/// Nanoseconds since 1970 as UTC in RFC 3339.
pub(super) fn utc(since_1970_ns: u64) -> String {
    let (second, ns) = (since_1970_ns / 1_000_000_000, since_1970_ns % 1_000_000_000);
    let (day, in_day) = (second / DAY_S, second % DAY_S);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ns:09}Z")
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

/// Year, month and day of a day since 1970. Counts in years that begin in March, so that the leap day
/// is their last, and in eras of 400 of them.
fn civil(day_since_1970: u64) -> (u64, u64, u64) {
    let day = day_since_1970 + 719_468; // since 0000-03-01
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
