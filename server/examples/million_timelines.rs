//! One month of many timelines with ten transitions each and two exclusion windows: the time and the memory that both
//! bounds of every timeline take, on one core.
//!
//! `million_timelines [COUNT] [FILE]`; with a FILE the same timelines are written for PostgreSQL's COPY, one subject a
//! line: its up time as a multirange, so that `bench/timelines.sh` can let a database do the same and compare the sums.

use std::io::Write as _;

use uphold::clock::Clock;
use uphold_core::columns::Columns;
use uphold_core::interval::{Interval, IntervalSet};
use uphold_core::ratio::Ratio;
use uphold_core::time::{Instant, Period, Zone};
use uphold_core::timeline::{State, Timeline};

const HOUR: i64 = 3_600_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let mut file = arguments.next().map(std::fs::File::create).transpose()?.map(std::io::BufWriter::new);
    let month = Period::parse("2026-10", &Zone::utc())?.interval;
    let mut columns = Columns::new(month).ok_or("the month is too long")?;
    let mut random = Random(0x5eed);
    for _ in 0..count {
        let timeline = random.timeline(month);
        if let Some(file) = &mut file {
            writeln!(file, "{}", multirange(&timeline, month))?;
        }
        if !columns.push(&timeline) {
            return Err("too many steps".into());
        }
    }
    if let Some(file) = &mut file {
        file.flush()?;
    }
    let window = |day: i64, hours: i64| {
        let from = Instant(month.from().0 + day * 24 * HOUR);
        Interval::new(from, Instant(from.0 + hours * HOUR))
    };
    let windows: IntervalSet = [window(9, 4), window(20, 3)].into_iter().flatten().collect();
    let target = Ratio::parse_percent("99.9")?;

    let clock = Clock::system();
    let begun = clock.monotonic();
    let (mut up, mut met_for_certain, mut met_perhaps) = (0_i128, 0_u64, 0_u64);
    for tally in columns.tallies(&windows) {
        let counted = (tally.up + tally.down + tally.unknown).0;
        // Exact: num / den ≥ target is compared by products, in integers that hold both.
        let reaches = |num: i64| i128::from(num) * 100_000 >= i128::from(counted) * 99_900;
        met_for_certain += u64::from(reaches(tally.up.0));
        met_perhaps += u64::from(reaches((tally.up + tally.unknown).0));
        up += i128::from(tally.up.0);
    }
    let took = clock.monotonic() - begun;
    assert_eq!(target, Ratio::new(99_900, 100_000).ok_or("no ratio")?);
    println!("timelines: {count}, steps: {} a timeline", 11);
    println!("uphold_seconds: {}", took.seconds());
    println!("uphold_column_bytes: {}", columns.bytes());
    println!("uphold_up_ms: {up}");
    println!("met at the lower bound: {met_for_certain}, at the upper: {met_perhaps}");
    Ok(())
}

/// A small generator (xorshift64*), so that every run has the same timelines.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Up, with five interruptions, each down or unknown for up to twenty minutes: ten transitions.
    fn timeline(&mut self, month: Interval) -> Timeline {
        let fifth = month.length().0 / 5;
        let mut steps = vec![(month.from(), State::Up)];
        for place in 0..5 {
            let span = u64::try_from(fifth - HOUR).unwrap_or(1);
            let at = month.from().0 + place * fifth + i64::try_from(self.next() % span).unwrap_or(0);
            let length = 1 + i64::try_from(self.next() % 1_200_000).unwrap_or(0);
            let state = if self.next().is_multiple_of(4) { State::Unknown } else { State::Down };
            steps.push((Instant(at), state));
            steps.push((Instant(at + length), State::Up));
        }
        Timeline::from_steps(steps)
    }
}

/// The up time as a literal of `int8multirange`.
fn multirange(timeline: &Timeline, span: Interval) -> String {
    let up = timeline.when(State::Up, span);
    let parts: Vec<String> = up.parts().iter().map(|part| format!("[{},{})", part.from().0, part.until().0)).collect();
    format!("{{{}}}", parts.join(","))
}
