//! Windows: which announced and actual time is admissible (R6, R15), and which the caps leave (R7).

use crate::compose::{names, touches};
use crate::model::*;
use crate::timeline::{end_of_time, known};

/// One window, as seen by one subject. Vectors run over the ticks of the horizon.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) class: String,
    pub(crate) scope: Vec<String>,
    /// Admissible time: announced ∪ valid extensions.
    pub(crate) announced: Vec<bool>,
    /// Actual time within it.
    pub(crate) actual: Vec<bool>,
    /// Actual time, admissible or not.
    pub(crate) work: Vec<bool>,
    /// First planned start, and whether the first plan's notice was in time.
    pub(crate) start: i64,
    pub(crate) in_time: bool,
    pub(crate) cancelled: bool,
}

/// The provable notice time of one sequence, if there is one.
fn notice_time(world: &World, plan: &Plan, rule: &Exclusion, customer: Option<&String>) -> Option<i64> {
    let mut best: Option<i64> = None;
    for notice in known(world, &world.notices) {
        if notice.body.window != plan.window || notice.body.sequence != plan.sequence {
            continue;
        }
        let at = match rule.by {
            NoticeBy::Published => notice.body.published_at,
            NoticeBy::Accepted => {
                notice.body.accepted.iter().filter(|(c, _)| Some(c) == customer).map(|(_, at)| *at).min()
            }
        };
        best = match (best, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    best
}

/// Whether a notice at `at` comes at least `lead` before `instant`; limits are inclusive (R12).
fn early_enough(at: Option<i64>, lead: Option<i64>, instant: i64) -> bool {
    match (at, lead) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(at), Some(lead)) => at + lead <= instant,
    }
}

/// R6, R15: the admissible ticks after all sequences of one window.
fn admissible(world: &World, plans: &[&Plan], rule: &Exclusion, customer: Option<&String>) -> Vec<bool> {
    let (first, last) = (world.horizon.0, end_of_time(world));
    let mut in_force: Vec<bool> = Vec::new();
    let mut force_end = i64::MIN;
    for (nth, plan) in plans.iter().enumerate() {
        let end = plan.until.unwrap_or(last);
        let at = notice_time(world, plan, rule, customer);
        let own_notice = early_enough(at, rule.lead, plan.from);
        let extends = nth > 0 && plan.from <= force_end && end > force_end;
        let extension = rule.extension.is_some_and(|e| {
            let first_end = plans[0].until.unwrap_or(last);
            let beyond = end - first_end;
            let short = e.longest.is_none_or(|l| beyond <= l) && (!e.doubles || beyond <= first_end - plans[0].from);
            early_enough(at, Some(e.lead), force_end) && short
        });
        let before = in_force.clone();
        in_force = Vec::new();
        for t in first..last {
            let planned = plan.from <= t && t < end && !plan.cancelled;
            let already = before.get((t - first) as usize).copied().unwrap_or(false);
            let valid = if extends && t >= force_end { extension } else { own_notice };
            in_force.push(planned && (already || valid));
        }
        // An extension without effect leaves the end in force where it was, and so does what came too late to be a window.
        if if extends { extension } else { own_notice } {
            force_end = end;
        }
    }
    in_force
}

/// All windows of the classes that the agreement names and that concern this customer.
pub(crate) fn windows(world: &World, exclusions: &[Exclusion], customer: Option<&String>) -> Vec<Window> {
    let (first, last) = (world.horizon.0, end_of_time(world));
    let plans = known(world, &world.plans);
    let mut names: Vec<&String> = plans.iter().map(|p| &p.body.window).collect();
    names.sort();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let mut mine: Vec<&Plan> = plans.iter().map(|p| &p.body).filter(|p| p.window == *name).collect();
        mine.sort_by_key(|p| p.sequence);
        let latest = mine[mine.len() - 1];
        let Some(rule) = exclusions.iter().find(|e| e.class == latest.class) else { continue };
        if latest.customer.as_ref().is_some_and(|c| Some(c) != customer) {
            continue;
        }
        let announced = admissible(world, &mine, rule, customer);
        let mut work = Vec::new();
        for t in first..last {
            let doing = latest.actual.is_some_and(|(from, until)| from <= t && until.is_none_or(|u| t < u));
            work.push(doing && !latest.cancelled);
        }
        let actual = announced.iter().zip(&work).map(|(a, w)| *a && *w).collect();
        let start = mine[0].from;
        let in_time = early_enough(notice_time(world, mine[0], rule, customer), rule.lead, start);
        let (class, scope) = (latest.class.clone(), latest.scope.clone());
        let cancelled = latest.cancelled;
        found.push(Window { class, scope, announced, actual, work, start, in_time, cancelled });
    }
    found
}

fn rule_of<'a>(exclusions: &'a [Exclusion], window: &Window) -> &'a Exclusion {
    exclusions.iter().find(|e| e.class == window.class).expect("only named classes make windows")
}

/// The ticks on which a window acts by its extent, caps apart.
fn extent<'a>(exclusions: &[Exclusion], window: &'a Window) -> &'a Vec<bool> {
    match rule_of(exclusions, window).extent {
        Extent::Announced | Extent::Intersection => &window.announced,
        Extent::Actual => &window.actual,
    }
}

/// R7, R15: for each window the ticks on which it may exclude, after the caps. `down` is the subject's measured state.
pub(crate) fn permitted(
    world: &World,
    exclusions: &[Exclusion],
    caps: &[Cap],
    root: &Node,
    windows: &[Window],
    down: &[bool],
) -> Vec<Vec<bool>> {
    let acts = |w: &Window| rule_of(exclusions, w).effect != Effect::Nothing;
    let mut allowed: Vec<Vec<bool>> =
        windows.iter().map(|w| extent(exclusions, w).iter().map(|x| *x && acts(w)).collect()).collect();
    for cap in caps {
        let capped = |w: &Window| cap.classes.contains(&w.class);
        let consumes = |w: &Window| capped(w) && (cap.scope == CapScope::Everything || touches(&w.scope, root));
        for period in &cap.periods {
            let mut used = 0;
            for t in period.start.max(world.horizon.0)..period.end.min(end_of_time(world)) {
                let i = (t - world.horizon.0) as usize;
                let measured = |w: &Window| match cap.measure {
                    CapMeasure::Announced => w.announced[i],
                    CapMeasure::Actual => w.actual[i],
                    CapMeasure::Down => w.announced[i] && down[i],
                };
                let exempt = windows
                    .iter()
                    .any(|w| !capped(w) && acts(w) && touches(&w.scope, root) && extent(exclusions, w)[i]);
                let exhausted = used >= cap.limit;
                if windows.iter().any(|w| consumes(w) && measured(w)) && !exempt {
                    used += 1;
                }
                for (n, window) in windows.iter().enumerate() {
                    if exhausted && capped(window) {
                        allowed[n][i] = false;
                    }
                }
            }
        }
    }
    allowed
}

/// The windows in force at tick index `i` with one of these effects, as (scope, whole extent excludes).
pub(crate) fn in_force<'a>(
    exclusions: &[Exclusion],
    windows: &'a [Window],
    allowed: &[Vec<bool>],
    i: usize,
    effects: &[Effect],
) -> Vec<(&'a [String], bool)> {
    let mut found = Vec::new();
    for (window, allowed) in windows.iter().zip(allowed) {
        let rule = rule_of(exclusions, window);
        if allowed[i] && effects.contains(&rule.effect) {
            found.push((window.scope.as_slice(), rule.extent != Extent::Intersection));
        }
    }
    found
}

/// R6: extents `announced` and `actual` act on the subject only if their scope covers it.
pub(crate) fn blanket(found: &[(&[String], bool)], root: &Node) -> bool {
    found.iter().any(|(scope, whole)| *whole && names(scope, &root.id))
}
