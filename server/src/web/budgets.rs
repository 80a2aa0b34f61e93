//! Error budgets: what each target leaves, what is spent of it, and how fast.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use uphold_core::evaluate::{Budget, Burn};
use uphold_core::ratio::Ratio;

use super::{App, api};
use crate::live::BudgetView;

/// How many decimals a share has.
const DECIMALS: usize = 6;

/// `GET /api/v1/budgets`
pub(super) async fn list(State(app): State<App>) -> Response {
    let live = app.live();
    let budgets = live.budgets.iter().map(BudgetJson::from).collect();
    api::json(&BudgetsJson { as_known_at: live.as_known_at.to_string(), budgets })
}

#[derive(Serialize)]
struct BudgetsJson<'a> {
    as_known_at: String,
    budgets: Vec<BudgetJson<'a>>,
}

#[derive(Serialize)]
struct BudgetJson<'a> {
    commitment: &'a str,
    subject: String,
    period: &'a str,
    target: &'a str,
    seconds: Option<SecondsJson>,
    burns: Vec<BurnJson>,
}

#[derive(Serialize)]
struct SecondsJson {
    allowed: String,
    spent_least: String,
    spent_most: String,
}

#[derive(Serialize)]
struct BurnJson {
    long_seconds: String,
    short_seconds: String,
    rate: String,
    urgency: &'static str,
    long: Option<String>,
    short: Option<String>,
    fires: bool,
}

impl<'a> From<&'a BudgetView> for BudgetJson<'a> {
    fn from(view: &'a BudgetView) -> Self {
        let seconds = |Budget { allowed, spent_least, spent_most }: Budget| SecondsJson {
            allowed: allowed.seconds(),
            spent_least: spent_least.seconds(),
            spent_most: spent_most.seconds(),
        };
        Self {
            commitment: view.commitment.as_str(),
            subject: view.subject.to_string(),
            period: &view.period.name,
            target: &view.target,
            seconds: view.budget.map(seconds),
            burns: view.burns.iter().map(BurnJson::from).collect(),
        }
    }
}

impl From<&Burn> for BurnJson {
    fn from(burn: &Burn) -> Self {
        let share = |share: &Option<Ratio>| share.as_ref().map(|share| share.places(DECIMALS));
        Self {
            long_seconds: burn.rule.long.seconds(),
            short_seconds: burn.rule.short.seconds(),
            rate: format!("{}.{}", burn.rule.tenths / 10, burn.rule.tenths % 10),
            urgency: burn.rule.urgency.name(),
            long: share(&burn.long),
            short: share(&burn.short),
            fires: burn.fires,
        }
    }
}
