//! Fifty whole months in zones with summer time, minute by minute. Local days and months are found by looking at the
//! wall clock of every minute.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use crate::compare::difference;
use crate::compare_customer::{draw_customer, draw_remedy, draw_suspensions};
use crate::compare_exclusion::{draw_exclusions, draw_outage};
use crate::compare_slices::draw_goals;
use crate::compare_timeline::{draw_confirm, draw_gaps, draw_runs};
use crate::draw::Draw;
use crate::model::*;
use crate::parts::draw_parts;
use crate::scene::{Clock, HOURS, Scene, quoted};

/// In Cairo summer time begins at midnight, and in Havana it ends so that midnight comes twice.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Cairo", "America/Havana"];
const MINUTE: i64 = 60_000;

/// The wall clock of every minute from two days or more before a month to two days or more after it.
struct Wall {
    clock: Clock,
    times: Vec<civil::DateTime>,
}

impl Wall {
    fn of(zone: &str, year: i16, month: i8) -> Self {
        let tz = TimeZone::get(zone).unwrap();
        let first = civil::date(year, month, 1).at(0, 0, 0, 0).in_tz("UTC").unwrap().timestamp().as_millisecond();
        let base = first - 3 * 86_400_000;
        let ticks = 37 * 1_440;
        let at = |tick: i64| tz.to_datetime(Timestamp::from_millisecond(base + tick * MINUTE).unwrap());
        let times: Vec<civil::DateTime> = (0..ticks).map(at).collect();
        // The first minute shall be the beginning of a day.
        let cut = times.iter().position(|time| time.date() > times[0].date()).unwrap();
        Self { clock: Clock { base: base + cut as i64 * MINUTE, tick: MINUTE }, times: times[cut..].to_vec() }
    }

    /// The first minute of every local day.
    fn days(&self) -> Vec<i64> {
        let mut latest: Option<civil::Date> = None;
        let mut found = Vec::new();
        for (tick, time) in self.times.iter().enumerate() {
            if latest.is_none_or(|date| date < time.date()) {
                latest = Some(time.date());
                found.push(tick as i64);
            }
        }
        found
    }

    fn first_of(&self, year: i16, month: i8) -> i64 {
        let date = civil::date(year, month, 1);
        self.days().into_iter().find(|tick| self.times[*tick as usize].date() >= date).unwrap()
    }

    /// When a service is promised on these days of the week, Monday first, from one full hour to another.
    fn hours(&self, days: &[usize], from: i8, until: i8) -> Vec<(i64, i64)> {
        let mut found: Vec<(i64, i64)> = Vec::new();
        for (tick, time) in self.times.iter().enumerate() {
            let day = time.date().weekday().to_monday_zero_offset() as usize;
            if days.contains(&day) && from <= time.hour() && time.hour() < until {
                let tick = tick as i64;
                match found.last_mut() {
                    Some(last) if last.1 == tick => last.1 = tick + 1,
                    _ => found.push((tick, tick + 1)),
                }
            }
        }
        found
    }
}

fn month(draw: &mut Draw, number: i16) -> Scene {
    let zone = ZONES[number as usize % ZONES.len()];
    // Every month of four years comes up, each zone in each season.
    let (year, month) = (2023 + number / 12, (number % 12 + 1) as i8);
    let wall = Wall::of(zone, year, month);
    let (after_year, after) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let (start, end) = (wall.first_of(year, month), wall.first_of(after_year, after));
    let days = wall.days();
    let mut scene = Scene::new(draw, HOURS);
    scene.clock = wall.clock;
    scene.zone = TimeZone::get(zone).unwrap();
    scene.world.horizon = (0, wall.times.len() as i64);
    scene.period = Period { start, end };
    scene.world.day_starts = days;
    scene.world.known_at = Some(if draw.one_in(5) { draw.within(start, end) } else { scene.end() + 9 });
    scene.asked = Some(format!("{year:04}-{month:02}"));
    scene.state("zone", quoted(zone));
    scene.state("period", quoted("month"));
    scene.widths = vec![1, 5, 7, 60, 45, 1_440];
    scene.cap_periods = vec![
        (vec![scene.period.clone()], quoted("asked")),
        (
            vec![Period { start: 0, end: start }, scene.period.clone(), Period { start: end, end: scene.end() }],
            quoted("month"),
        ),
    ];
    draw_customer(draw, &mut scene);
    draw_parts(draw, &mut scene, true);
    draw_runs(draw, &mut scene, 20);
    draw_gaps(draw, &mut scene);
    draw_confirm(draw, &mut scene);
    if draw.one_in(2) {
        draw_goals(draw, &mut scene);
    }
    draw_outage(draw, &mut scene);
    draw_exclusions(draw, &mut scene);
    draw_suspensions(draw, &mut scene, false);
    draw_hours(draw, &mut scene, &wall);
    draw_remedy(draw, &mut scene);
    scene
}

/// Hours of service that no change of the clock falls in: only midnight has a rule for that.
fn draw_hours(draw: &mut Draw, scene: &mut Scene, wall: &Wall) {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    if draw.one_in(2) {
        return;
    }
    let on: Vec<usize> = (0..7).filter(|_| draw.below(4) > 0).collect();
    let from = 4 + draw.below(10) as i8;
    let until = from + 1 + draw.below(24 - from as usize) as i8;
    scene.terms.service_time = Some(wall.hours(&on, from, until));
    scene.state("service_time", quoted("open"));
    let names: Vec<String> = on.iter().map(|day| quoted(DAYS[*day])).collect();
    scene.tables += &format!(
        "[[calendar]]\nid = \"open\"\ndays = [{}]\nfrom = \"{from:02}:00\"\nuntil = \"{until:02}:00\"\n",
        names.join(", ")
    );
}

#[test]
fn fifty_whole_months_are_judged_as_by_the_oracle() {
    let first = std::env::var("UPHOLD_ORACLE_SEED").map_or(0, |text| text.parse::<u64>().unwrap());
    for number in 0..50_i16 {
        let mut draw = Draw::seeded(first + number as u64);
        let scene = month(&mut draw, number);
        let found = difference(&scene);
        assert_eq!(found, None, "month {number} of seed {first}\n{}\n{}", scene.agreement(), scene.lines.join("\n"));
    }
}

#[test]
fn months_of_changing_clocks_have_the_minutes_that_they_have() {
    let minutes = |zone: &str, year, month: i8| {
        let wall = Wall::of(zone, year, month);
        wall.first_of(year, month + 1) - wall.first_of(year, month)
    };
    assert_eq!([3, 10].map(|month| minutes("Europe/Berlin", 2026, month)), [44_580, 44_700]);
    assert_eq!([4, 10].map(|month| minutes("Australia/Lord_Howe", 2026, month)), [43_230, 44_610]);
}
