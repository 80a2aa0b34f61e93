//! Small graphics of what a commitment allows and what was taken of it: a bar that is filled up, and an axis on which what was
//! achieved stands beside what was promised. Each has its figures as text.

use uphold_core::time::Millis;

use crate::wording::Words;

/// How wide a graphic is in its own units.
const WIDTH: i128 = 1_000;

/// A bar that parts fill up to a limit, and perhaps beyond.
pub(super) struct Bar {
    /// What it shows, for whoever does not see it.
    pub(super) label: String,
    /// Each part: its class, where it begins, and how wide it is.
    pub(super) parts: Vec<(&'static str, i128, i128)>,
    /// Where the limit is.
    pub(super) limit: i128,
    /// Its figures: class of the swatch, name, length.
    pub(super) figures: Vec<(&'static str, String, String)>,
}

/// Where an amount is on a scale; what is more than nothing can be seen.
fn place(amount: Millis, all: Millis) -> i128 {
    let at = i128::from(amount.0.max(0)) * WIDTH / i128::from(all.0.max(1));
    if amount.0 > 0 { at.max(4) } else { 0 }
}

/// The bar of a limit on maintenance: how much of it is used, how much is planned, and what is left.
pub(super) fn cap(words: &Words, used: Millis, planned: Millis, limit: Millis) -> Bar {
    let texts = words.texts;
    let taken = used + planned;
    let all = taken.max(limit);
    let (until_used, until_planned) = (place(used, all), place(taken, all).max(place(used, all)));
    // Rounded down to the second: what is left must not look like more than it is.
    let left = Millis((limit.0 - taken.0).max(0) / 1000 * 1000);
    let over = Millis((taken.0 - limit.0).max(0));
    let mut figures = vec![
        ("used", texts.get("gauge-used"), words.length(used)),
        ("planned", texts.get("gauge-planned"), words.length(planned)),
        ("left", texts.get("gauge-left"), words.length(left)),
    ];
    if over.0 > 0 {
        figures.push(("over", texts.get("gauge-over"), words.length(over)));
    }
    figures.push(("limit", texts.get("gauge-limit"), words.length(limit)));
    Bar {
        label: texts.with(
            "gauge-cap-label",
            &[
                ("used", words.length(used).into()),
                ("planned", words.length(planned).into()),
                ("left", words.length(left).into()),
                ("limit", words.length(limit).into()),
            ],
        ),
        parts: vec![("used", 0, until_used), ("planned", until_used, until_planned - until_used)],
        limit: place(limit, all),
        figures,
    }
}

/// The same before another maintenance is told: what is used, what others plan, and what that one would add.
pub(super) fn plan(words: &Words, used: Millis, others: Millis, adds: Millis, limit: Millis) -> Bar {
    let (texts, taken) = (words.texts, used + others + adds);
    let all = taken.max(limit);
    let ends = [used, used + others, taken].map(|length| place(length, all));
    // Rounded toward the worse, as in [`cap`].
    let left = Millis((limit.0 - taken.0).max(0) / 1000 * 1000);
    let over = Millis((taken.0 - limit.0).max(0));
    let lengths =
        [("used", used), ("planned", others), ("adds", adds), ("left", left), ("over", over), ("limit", limit)];
    let blanks = lengths.map(|(name, length)| (name, words.length(length).into()));
    let names = ["gauge-used", "gauge-others", "gauge-this", "gauge-left", "gauge-over", "gauge-limit"];
    let figures = lengths.into_iter().zip(names).filter(|((class, length), _)| *class != "over" || length.0 > 0);
    Bar {
        label: texts.with(if over.0 > 0 { "gauge-plan-over" } else { "gauge-plan-label" }, &blanks),
        parts: vec![
            ("used", 0, ends[0]),
            ("planned", ends[0], ends[1] - ends[0]),
            ("adds", ends[1], ends[2] - ends[1]),
        ],
        limit: place(limit, all),
        figures: figures.map(|((class, length), name)| (class, texts.get(name), words.length(length))).collect(),
    }
}

/// An axis from nothing up to beyond the promise and what was achieved.
pub(super) struct Axis {
    /// What it shows, for whoever does not see it.
    pub(super) label: String,
    /// Where the promise is, where there is one.
    pub(super) promised: Option<i128>,
    /// Where what was achieved is.
    pub(super) achieved: Option<i128>,
    /// Whether that is beyond the promise.
    pub(super) is_beyond: bool,
    /// What was achieved, in words.
    pub(super) figure: String,
    /// What was promised, in words.
    pub(super) promise: String,
}

/// The axis of a length of time that is promised to be at most `promised`.
pub(super) fn axis(words: &Words, name: &str, achieved: Option<Millis>, promised: Option<Millis>) -> Axis {
    let texts = words.texts;
    let most = achieved.unwrap_or(Millis(0)).max(promised.unwrap_or(Millis(0))).max(Millis(1));
    let all = Millis(most.0.saturating_add(most.0 / 5));
    let figure = achieved.map_or_else(|| texts.get("gauge-not-achieved"), |length| words.length(length));
    let promise = promised.map_or_else(
        || texts.get("gauge-no-promise"),
        |length| texts.with("gauge-promise", &[("length", words.length(length).into())]),
    );
    let blanks = [("name", name.into()), ("achieved", figure.as_str().into()), ("promise", promise.as_str().into())];
    Axis {
        label: texts.with("gauge-axis-label", &blanks),
        promised: promised.map(|length| place(length, all)),
        achieved: achieved.map(|length| place(length, all)),
        is_beyond: achieved.zip(promised).is_some_and(|(achieved, promised)| achieved > promised),
        figure,
        promise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Texts;
    use uphold_core::agreement::Language;
    use uphold_core::time::Zone;

    const HOUR: Millis = Millis(3_600_000);

    fn words() -> Words {
        Words { texts: Texts(Language::En), zone: Zone::utc() }
    }

    fn figures(bar: &Bar) -> Vec<(&'static str, String)> {
        bar.figures.iter().map(|(class, _, length)| (*class, length.replace('\u{a0}', " "))).collect()
    }

    #[test]
    fn a_bar_is_filled_up_to_its_limit_and_beyond_it() {
        let within = cap(&words(), HOUR, Millis(2 * HOUR.0), Millis(8 * HOUR.0));
        assert_eq!(within.parts, [("used", 0, 125), ("planned", 125, 250)]);
        assert_eq!(within.limit, WIDTH);
        assert_eq!(figures(&within)[2], ("left", "5 h".to_owned()));
        let beyond = cap(&words(), Millis(9 * HOUR.0), HOUR, Millis(8 * HOUR.0));
        assert_eq!((beyond.parts[0].2, beyond.limit), (900, 800));
        assert_eq!(figures(&beyond)[2..4], [("left", "0 s".to_owned()), ("over", "2 h".to_owned())]);
        // The least of it can be seen, and what is left is never rounded up.
        let little = cap(&words(), Millis(1), Millis(0), Millis(8 * HOUR.0));
        assert_eq!(little.parts[0].2, 4);
        assert_eq!(figures(&little)[2].1, "7 h 59 min 59 s");
        assert_eq!(cap(&words(), Millis(0), Millis(0), Millis(0)).limit, 0);
    }

    #[test]
    fn a_bar_before_a_window_is_told_shows_what_it_would_add() {
        let hours = |n: i64| Millis(n * HOUR.0);
        let within = plan(&words(), HOUR, hours(2), hours(3), hours(8));
        assert_eq!(within.parts, [("used", 0, 125), ("planned", 125, 250), ("adds", 375, 375)]);
        assert_eq!(figures(&within)[2..4], [("adds", "3 h".to_owned()), ("left", "2 h".to_owned())]);
        let beyond = plan(&words(), hours(4), hours(2), hours(4), hours(8));
        assert_eq!((beyond.parts[2], beyond.limit), (("adds", 600, 400), 800));
        assert_eq!(figures(&beyond)[3..5], [("left", "0 s".to_owned()), ("over", "2 h".to_owned())]);
    }

    #[test]
    fn an_axis_shows_what_was_achieved_beside_the_promise() {
        let kept = axis(&words(), "Recovery time", Some(Millis(3 * HOUR.0)), Some(Millis(5 * HOUR.0)));
        assert_eq!((kept.achieved, kept.promised, kept.is_beyond), (Some(500), Some(833), false));
        let missed = axis(&words(), "Recovery time", Some(Millis(6 * HOUR.0)), Some(Millis(5 * HOUR.0)));
        assert!(missed.is_beyond && missed.achieved > missed.promised);
        let never = axis(&words(), "Recovery time", None, None);
        assert_eq!((never.achieved, never.promised), (None, None));
        assert!(never.label.contains("not measured"), "{}", never.label);
    }
}
