//! The forms of a POST. Each is made from the message as data: nothing in a name or a text is read as markup.

use serde_json::{Value, json};

use super::message::{Message, Phase};
use crate::config::alerts::Body;
use crate::operate::alerts::Severity;

/// Slack cuts a header there.
const SLACK_HEADER_MAX: usize = 150;

/// PagerDuty refuses a longer summary.
const PAGERDUTY_SUMMARY_MAX: usize = 1024;

/// The body that carries a message. `routing_key` is PagerDuty's.
#[must_use]
pub(super) fn body(form: Body, message: &Message, routing_key: &str) -> Vec<u8> {
    let value = match form {
        Body::Standard => standard(message),
        Body::Slack => slack(message),
        Body::Teams => teams(message),
        Body::Pagerduty => pagerduty(message, routing_key),
    };
    value.to_string().into_bytes()
}

/// `type`, `timestamp` and `data`, as the Standard Webhooks specification advises.
fn standard(message: &Message) -> Value {
    let commitments: Vec<Value> = message
        .commitments
        .iter()
        .map(|each| {
            json!({
                "commitment": each.commitment, "clause": each.clause,
                "promised_percent": each.promised, "figure": each.figure,
            })
        })
        .collect();
    json!({
        "type": format!("alert.{}", message.phase.name()),
        "timestamp": message.at,
        "data": {
            "key": message.key.as_str(),
            "kind": message.kind.map(|kind| kind.name()),
            "severity": message.severity.name(),
            "since": message.since,
            "until": message.until,
            "lasted_ms": message.lasted_ms,
            "agreement": message.agreement,
            "revision": message.revision,
            "solution": message.solution,
            "subject": message.subject,
            "commitments": commitments,
            "title": message.title,
            "text": message.lines.join("\n"),
            "url": message.url,
            "language": message.language,
        },
    })
}

/// Blocks of plain text; in the text for notifications what Slack takes for markup is escaped.
fn slack(message: &Message) -> Value {
    let plain = |text: String| json!({ "type": "plain_text", "text": text, "emoji": false });
    let escaped = message.title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(cut(&message.title, SLACK_HEADER_MAX)) }),
        json!({ "type": "section", "text": plain(cut(&message.lines.join("\n"), 3000)) }),
    ];
    // The address was read strictly: it has none of the characters that mean something here.
    blocks.extend(
        message
            .url
            .as_ref()
            .map(|url| json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": format!("<{url}>") }] })),
    );
    json!({ "text": escaped, "blocks": blocks })
}

/// An adaptive card of rich text, which reads no markup, unlike a block of text.
fn teams(message: &Message) -> Value {
    let color = match (message.phase, message.severity) {
        (Phase::Resolved, _) => "good",
        (Phase::Test, _) => "default",
        (_, Severity::Page) => "attention",
        (_, Severity::Ticket) => "warning",
    };
    let run = |text: &str, more: Value| {
        let mut run = json!({ "type": "TextRun", "text": text });
        if let (Some(run), Value::Object(more)) = (run.as_object_mut(), more) {
            run.extend(more);
        }
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let head = run(&message.title, json!({ "weight": "bolder", "size": "large", "color": color }));
    let lines = message.lines.iter().map(|line| run(line, json!({})));
    let actions: Vec<Value> =
        message.url.iter().map(|url| json!({ "type": "Action.OpenUrl", "title": url, "url": url })).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": std::iter::once(head).chain(lines).collect::<Vec<_>>(),
                "actions": actions,
            },
        }],
    })
}

/// An event of version 2: one alert there for each key here.
fn pagerduty(message: &Message, routing_key: &str) -> Value {
    let dedup_key = match &message.agreement {
        Some(agreement) => format!("uphold/{agreement}/{}", message.key.as_str()),
        None => format!("uphold/{}", message.key.as_str()),
    };
    let mut event = json!({ "routing_key": routing_key, "dedup_key": cut(&dedup_key, 255) });
    let resolves = message.phase == Phase::Resolved;
    event["event_action"] = Value::from(if resolves { "resolve" } else { "trigger" });
    if !resolves {
        let severity = match (message.phase, message.severity) {
            (Phase::Test, _) => "info",
            (_, Severity::Page) => "critical",
            (_, Severity::Ticket) => "warning",
        };
        event["payload"] = json!({
            "summary": cut(&message.title, PAGERDUTY_SUMMARY_MAX),
            "source": message.subject.as_deref().unwrap_or("uphold"),
            "severity": severity,
            "timestamp": message.since,
            "component": message.solution,
            "class": message.kind.map(|kind| kind.name()),
            "custom_details": { "text": message.lines.join("\n") },
        });
        event["client"] = Value::from("Uphold");
        event["client_url"] = Value::from(message.url.clone());
    }
    event
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::super::message::test;
    use super::*;
    use crate::operate::alerts::AlertKind;
    use uphold_core::agreement::Language;
    use uphold_core::time::Instant;

    /// A message whose texts try to be more than texts.
    fn hostile() -> Message {
        let message = test("chat", Language::En, Some("https://sla.example.com"), Instant(0));
        Message {
            phase: Phase::Triggered,
            kind: Some(AlertKind::Down),
            severity: Severity::Page,
            title: "<!channel> & <https://evil.example|API> *is* [down](https://evil.example)".to_owned(),
            lines: vec!["\"}],\"routing_key\":\"x".to_owned()],
            ..message
        }
    }

    fn made(form: Body, message: &Message) -> Value {
        serde_json::from_slice(&body(form, message, "R0UT1NG")).unwrap()
    }

    #[test]
    fn markup_in_a_name_stays_text_in_every_form() {
        let message = hostile();
        let slack = made(Body::Slack, &message);
        assert!(!slack["text"].as_str().unwrap().contains("<!channel>"), "{slack}");
        assert_eq!(slack["blocks"][0]["text"]["type"], "plain_text");
        assert_eq!(slack["blocks"][1]["text"]["type"], "plain_text");
        let teams = made(Body::Teams, &message);
        let card = &teams["attachments"][0]["content"];
        assert_eq!(card["body"][0]["inlines"][0]["text"], message.title);
        assert!(!teams.to_string().contains("TextBlock\",\"text"), "{teams}");
        assert_eq!(card["actions"][0]["url"], "https://sla.example.com/checks");
        let standard = made(Body::Standard, &message);
        assert_eq!(standard["data"]["text"], message.lines[0]);
        assert_eq!(made(Body::Pagerduty, &message)["routing_key"], "R0UT1NG");
    }

    #[test]
    fn pagerduty_gets_one_key_for_the_beginning_and_the_end() {
        let began = hostile();
        let over = Message { phase: Phase::Resolved, ..began.clone() };
        let (began, over) = (made(Body::Pagerduty, &began), made(Body::Pagerduty, &over));
        assert_eq!((&began["event_action"], &over["event_action"]), (&Value::from("trigger"), &Value::from("resolve")));
        assert_eq!(began["dedup_key"], over["dedup_key"]);
        assert_eq!(began["payload"]["severity"], "critical");
        assert_eq!(over.get("payload"), None);
    }
}
