//! `GET /api/v1/openapi.json`: the interface described for programs, made from the table of routes and from what a history's
//! lines may hold, so that it cannot say anything else than what is served.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uphold_core::history::{Field, FieldKind, LineType};
use uphold_core::ledger::fact::WHY_MAX;

use super::paging::PAGE;
use super::routes::{Access, Kind, Method, ROUTES, Route};
use crate::access::Scope;
use crate::operate::record;

/// What a route of the interface is, in words.
struct Words {
    method: Method,
    path: &'static str,
    summary: &'static str,
    /// The codes that it can answer with, beside those of its access.
    codes: &'static [u16],
}

const WORDS: &[Words] = &[
    get("/api/v1/agreement", "The agreement in force, as it was read from its file.", &[200]),
    get(
        "/api/v1/agreement/revisions",
        "Every revision in use: when it is in force, and where the ledger names it.",
        &[200],
    ),
    get("/api/v1/agreement/revisions/{revision}", "One revision of the agreement, as it was read.", &[200, 404]),
    get("/api/v1/statement", "The statement of a period: what was kept and what was not.", &[200, 400, 410, 422]),
    get("/api/v1/checks", "Every check, as each of its vantage points sees it.", &[200]),
    get("/api/v1/checks/{check}/evidence", "What is kept of a check's failures, a page at a time.", &[200, 400, 404]),
    get("/api/v1/evidence/{digest}", "A file of evidence, JSON or PNG, to be kept and not shown.", &[200, 400, 404]),
    get("/api/v1/ledger", "The ledger's size and root.", &[200]),
    get("/api/v1/budgets", "What each target leaves, what is spent of it, and how fast.", &[200]),
    get(
        "/api/v1/incidents",
        "What was down, a page at a time: since when, until when, how soon it was seen, and why.",
        &[200, 400],
    ),
    get(
        "/api/v1/statements",
        "The statements that were frozen, in the order of the ledger, a page at a time.",
        &[200, 400],
    ),
    get("/api/v1/statements/{digest}", "The text of a frozen statement.", &[200, 404, 410]),
    get("/healthz", "Whether this server measures and records; 503 when it does not.", &[200, 503]),
    get("/api/v1/openapi.json", "This description.", &[200]),
    get("/api/v1/records", "What was told, in the order of the ledger, a page at a time.", &[200, 400]),
    Words {
        method: Method::Post,
        path: "/api/v1/records",
        summary: "Tell what happened: all records of a request are recorded, or none. The answer says what they change.",
        codes: &[200, 201, 400, 409, 413, 415, 422, 503],
    },
    Words {
        method: Method::Post,
        path: "/api/v1/heartbeats/{check}",
        summary: "Report in for a heartbeat check.",
        codes: &[202, 400, 404, 503],
    },
    get(
        "/api/v1/vantage-points",
        "Every vantage point: when it last reported, how far behind it is, its clock.",
        &[200],
    ),
    Words {
        method: Method::Post,
        path: "/api/v1/vantage-points/{vantage}/reports",
        summary: "Report what a vantage point observed since it last did. docs/vantage-points.md describes a report.",
        codes: &[200, 400, 403, 404, 409, 413, 415, 422, 429, 503],
    },
];

const fn get(path: &'static str, summary: &'static str, codes: &'static [u16]) -> Words {
    Words { method: Method::Get, path, summary, codes }
}

/// `GET /api/v1/openapi.json`
pub(super) async fn show() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| format!("{:#}\n", description()));
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().filter(|route| route.kind == Kind::Api) {
        let method = if route.method == Method::Get { "get" } else { "post" };
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Uphold",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What an agreement promises, what was measured, and what people tell. docs/api.md describes \
                every key. Instants are RFC 3339 in UTC; fractions are exact, as two strings of digits.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-session" },
            },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let words = WORDS.iter().find(|words| words.path == route.path && words.method == route.method);
    let (summary, own) = words.map_or(("", &[][..]), |words| (words.summary, words.codes));
    let access: &[u16] = if route.access == Access::Everybody { &[] } else { &[401, 403, 503] };
    let mut responses = Map::new();
    // Every request may name a host that is not answered, or none.
    for code in own.iter().chain(access).chain(&[400, 421]) {
        responses.insert(code.to_string(), response(*code));
    }
    let mut operation = json!({ "summary": summary, "responses": responses });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    match route.access {
        Access::Everybody => {}
        Access::Token(Scope::Read) => operation["security"] = json!([{ "token": [] }, { "session": [] }]),
        Access::Token(_) => operation["security"] = json!([{ "token": [] }]),
        Access::TokenForCustomers(_) => {
            operation["security"] = json!([{}, { "token": [] }, { "session": [] }]);
        }
        Access::Person(_) | Access::SignedIn => operation["security"] = json!([{ "session": [] }]),
    }
    if route.path == "/api/v1/records" && route.method == Method::Post {
        let schema = json!({ "$ref": "#/components/schemas/Telling" });
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

fn response(code: u16) -> Value {
    if code == 202 {
        return json!({ "description": "Taken in." });
    }
    if code < 400 {
        return json!({ "description": "Done.", "content": { "application/json": { "schema": { "type": "object" } } } });
    }
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    let content = match code {
        // A foreign host may be answered in plain text.
        421 => json!({ "application/problem+json": { "schema": schema }, "text/plain": {} }),
        _ => json!({ "application/problem+json": { "schema": schema } }),
    };
    json!({ "description": "Not done: `code` and `detail` say why.", "content": content })
}

fn parameters(route: &Route) -> Vec<Value> {
    let query = |name: &str, schema: Value, says: &str| json!({ "name": name, "in": "query", "schema": schema, "description": says });
    let after = query(
        "after",
        json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
        "The `next` of the page before.",
    );
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": PAGE.1 });
    let limit = query("limit", limit, &format!("How many; {} where absent.", PAGE.0));
    match (route.method, route.path) {
        (Method::Get, "/api/v1/statement") => vec![
            query("period", json!({ "type": "string" }), "A month `2026-10`, a quarter `2026-Q4`, a year `2026`."),
            query("customer", json!({ "type": "string" }), "A customer's id, or `all`. Needs a token."),
            query(
                "as_known_at",
                json!({ "type": "string", "format": "date-time" }),
                "By what was recorded until then. Needs a token.",
            ),
        ],
        (Method::Get, "/api/v1/agreement/revisions/{revision}") => vec![json!({
            "name": "revision", "in": "path", "required": true, "schema": { "type": "string" },
            "description": "Its name, as its author counts them.",
        })],
        (Method::Get, "/api/v1/incidents") => {
            let cursor = json!({ "type": "string", "pattern": "^-?[0-9]{1,15}~.*$" });
            vec![query("after", cursor, "The `next` of the page before."), limit]
        }
        (Method::Get, "/api/v1/statements") => vec![after, limit],
        (Method::Get, "/api/v1/records") => {
            vec![after, limit, query("type", json!({ "type": "string" }), "Records of this type alone.")]
        }
        (Method::Post, "/api/v1/records") => vec![json!({
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
            "description": "Of your own choosing; a request that comes again with it is recorded once. Needed unless `dry_run`.",
        })],
        (Method::Post, "/api/v1/vantage-points/{vantage}/reports") => vec![
            json!({ "name": "vantage", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Its name, which the token must be made for." }),
        ],
        (Method::Get, "/api/v1/statements/{digest}") => vec![json!({
            "name": "digest", "in": "path", "required": true, "schema": { "type": "string" },
            "description": "The `text` of the list of statements.",
        })],
        (Method::Post, "/api/v1/heartbeats/{check}") => vec![
            json!({ "name": "check", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Its id." }),
            query("state", json!({ "enum": ["up", "degraded", "down"] }), "What is reported; `up` where absent."),
        ],
        (Method::Get, "/api/v1/checks/{check}/evidence") => vec![
            json!({ "name": "check", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Its id." }),
            after,
            limit,
        ],
        (Method::Get, "/api/v1/evidence/{digest}") => vec![json!({
            "name": "digest", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "description": "SHA-256 of the file.",
        })],
        _ => Vec::new(),
    }
}

fn schemas() -> Value {
    let told = LineType::ALL.iter().filter(|line| !record::MEASURED.contains(&line.name));
    json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "code", "detail"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "code": { "type": "string" },
                "detail": { "type": "string" },
                "errors": { "type": "array", "items": { "type": "object" } },
            },
        },
        "Telling": {
            "type": "object",
            "required": ["why", "records"],
            "additionalProperties": false,
            "properties": {
                "why": { "type": "string", "minLength": 1, "maxLength": WHY_MAX },
                "dry_run": { "type": "boolean", "description": "Says what it would change, and records nothing." },
                "records": {
                    "type": "array", "minItems": 1, "maxItems": record::BATCH_MAX,
                    "items": { "oneOf": told.map(line).collect::<Vec<Value>>() },
                },
            },
        },
    })
}

fn line(line: &LineType) -> Value {
    let mut properties = Map::from_iter([("type".to_owned(), json!({ "const": line.name }))]);
    let mut required = vec![json!("type")];
    for field in line.fields().filter(|field| !["recorded_at", "by"].contains(&field.key)) {
        let (key, inner) = match field.key.split_once('.') {
            Some((key, inner)) => (key, Some(inner)),
            None => (field.key, None),
        };
        match inner {
            None => {
                properties.insert(key.to_owned(), value(&field));
                if field.required {
                    required.push(json!(key));
                }
            }
            Some(inner) => {
                let table = properties.entry(key).or_insert_with(
                    || json!({ "type": "object", "additionalProperties": false, "properties": {}, "required": [] }),
                );
                table["properties"][inner] = value(&field);
                if field.required {
                    if let Some(list) = table["required"].as_array_mut() {
                        list.push(json!(inner));
                    }
                    if !required.contains(&json!(key)) {
                        required.push(json!(key));
                    }
                }
            }
        }
    }
    json!({
        "title": line.name, "type": "object", "additionalProperties": false, "properties": properties, "required": required,
    })
}

fn value(field: &Field) -> Value {
    match field.kind {
        FieldKind::Whole => json!({ "type": "integer", "minimum": 0 }),
        FieldKind::Flag => json!({ "type": "boolean" }),
        FieldKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        FieldKind::Time => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Word(words) => json!({ "type": "string", "enum": words }),
        FieldKind::Amount => json!({ "type": "string", "description": "an exact decimal" }),
        _ => json!({ "type": "string" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_interface_has_its_words_and_nothing_else_has() {
        let routes = ROUTES.iter().filter(|route| route.kind == Kind::Api);
        let routes: Vec<(Method, &str)> = routes.map(|route| (route.method, route.path)).collect();
        let words: Vec<(Method, &str)> = WORDS.iter().map(|words| (words.method, words.path)).collect();
        assert_eq!(routes, words);
        assert!(WORDS.iter().all(|words| !words.summary.is_empty()));
    }

    #[test]
    fn what_may_be_told_is_what_a_history_may_hold_without_what_is_measured() {
        let description = description();
        let told =
            description["components"]["schemas"]["Telling"]["properties"]["records"]["items"]["oneOf"].as_array();
        let names: Vec<&str> = told.unwrap().iter().map(|line| line["title"].as_str().unwrap()).collect();
        assert!(names.contains(&"maintenance") && names.contains(&"correction"), "{names:?}");
        assert!(!names.contains(&"run") && !names.contains(&"check"), "{names:?}");
        assert_eq!(names.len(), LineType::ALL.len() - 4);
    }
}
