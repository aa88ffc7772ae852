//! The ERP's clock, which runs in local time and says no zone.

/// Seconds of the part of a day in which the clocks are never changed.
const DAY: u64 = 18 * 3600;
const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The local time so many seconds into the ERP's year 2026, whose days last from 04:00 to 22:00: no time in it is doubled or
/// missing because of summer time. The years that follow have no leap day.
pub fn local_time(seconds: u64) -> String {
    let (mut day, second) = (seconds / DAY, seconds % DAY + 4 * 3600);
    let year = 2026 + day / 365;
    day %= 365;
    let mut month = 0;
    while day >= MONTHS[month] {
        day -= MONTHS[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}T{:02}:{:02}:{:02}", month + 1, day + 1, second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_no_hour_in_which_clocks_change() {
        assert_eq!(local_time(0), "2026-01-01T04:00:00");
        assert_eq!(local_time(DAY - 1), "2026-01-01T21:59:59");
        assert_eq!(local_time(31 * DAY), "2026-02-01T04:00:00");
        assert_eq!(local_time(365 * DAY), "2027-01-01T04:00:00");
    }
}
