//! Prints findings about a file: the place, the line, what is wrong, what to do.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use uphold_core::diagnostic::{Diagnostic, Severity};

/// The findings as text, one block each.
#[must_use]
pub fn render(findings: &[Diagnostic], source: &str, path: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode);
    let mut text = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = clamp(&finding.span, source);
        let snippet = Snippet::source(source)
            .path(path)
            .annotation(AnnotationKind::Primary.span(span).label(finding.label.as_str()));
        let mut report = vec![level.primary_title(finding.message.as_str()).element(snippet)];
        if let Some(help) = &finding.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        text.push_str(&renderer.render(&report));
        text.push_str("\n\n");
    }
    text
}

/// A span of one line: the header of a table is shown, not its whole body.
fn clamp(span: &std::ops::Range<usize>, source: &str) -> std::ops::Range<usize> {
    let start = source.floor_char_boundary(span.start.min(source.len()));
    let line_end = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
    start..source.floor_char_boundary(span.end.clamp(start, line_end))
}

/// The findings as JSON, one object each, with lines and columns from 1.
#[must_use]
pub fn json(findings: &[Diagnostic], source: &str, path: &str) -> serde_json::Value {
    findings
        .iter()
        .map(|finding| {
            let (line, column) = uphold_core::diagnostic::line_and_column(source, finding.span.start);
            serde_json::json!({
                "file": path,
                "line": line,
                "column": column,
                "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "message": finding.message,
                "label": finding.label,
                "help": finding.help,
            })
        })
        .collect()
}
