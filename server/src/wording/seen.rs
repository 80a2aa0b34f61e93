//! What a check saw, put into words: the cause of each outcome.

use uphold_probe::outcome::{Cause as C, Step};

use super::texts::Texts;

/// The cause in the reader's language. In English it is what the probe itself says.
pub(crate) fn text(texts: Texts, cause: &C) -> String {
    let found = of_answers(texts, cause)
        .or_else(|| of_connections(texts, cause))
        .or_else(|| of_tls(texts, cause))
        .or_else(|| of_http(texts, cause))
        .or_else(|| of_bodies(texts, cause))
        .or_else(|| of_others(texts, cause))
        .or_else(|| of_pages(texts, cause));
    // A test proves that every cause is found.
    found.unwrap_or_else(|| cause.to_string())
}

fn of_answers(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::Status(status) => texts.with("seen-status", &[("status", status.to_string().into())]),
        C::Connected => texts.get("seen-connected"),
        C::Replied => texts.get("seen-replied"),
        C::CertificateGood(days) => texts.with("seen-certificate-good", &[("days", days.to_string().into())]),
        C::Records(count) => texts.with("seen-records", &[("count", count.to_string().into())]),
        C::Serving => texts.get("seen-serving"),
        C::Slow { took, limit } => {
            texts.with("seen-slow", &[("took", took.to_string().into()), ("limit", limit.to_string().into())])
        }
        C::TimedOut { after, step: Step::Resolve } => {
            texts.with("seen-timeout-resolve", &[("after", after.to_string().into())])
        }
        C::TimedOut { after, step: Step::Connect } => {
            texts.with("seen-timeout-connect", &[("after", after.to_string().into())])
        }
        C::TimedOut { after, step: Step::Tls } => {
            texts.with("seen-timeout-tls", &[("after", after.to_string().into())])
        }
        C::TimedOut { after, step: Step::FirstByte } => {
            texts.with("seen-timeout-first-byte", &[("after", after.to_string().into())])
        }
        C::TimedOut { after, step: Step::Body } => {
            texts.with("seen-timeout-body", &[("after", after.to_string().into())])
        }
        C::Reported => texts.get("seen-reported"),
        C::Overdue(limit) => texts.with("seen-overdue", &[("limit", limit.to_string().into())]),
        C::NotReportedYet => texts.get("seen-not-reported"),
        C::ReportsMissed => texts.get("seen-reports-missed"),
        _ => return None,
    })
}

fn of_connections(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::NotPermitted { host, address, used } => texts.with(
            "seen-not-permitted",
            &[
                ("host", host.clone().into()),
                ("address", address.to_string().into()),
                ("used", (*used).to_owned().into()),
            ],
        ),
        C::Metadata { host, address } => {
            texts.with("seen-metadata", &[("host", host.clone().into()), ("address", address.to_string().into())])
        }
        C::NoSuchName(host) => texts.with("seen-no-such-name", &[("host", host.clone().into())]),
        C::NoAddress(host) => texts.with("seen-no-address", &[("host", host.clone().into())]),
        C::NotResolved { host, why } => {
            texts.with("seen-not-resolved", &[("host", host.clone().into()), ("why", why.to_string().into())])
        }
        C::ConnectionRefused => texts.get("seen-refused"),
        C::ConnectionReset => texts.get("seen-reset"),
        C::ConnectionAborted => texts.get("seen-aborted"),
        C::NoRoute => texts.get("seen-no-route"),
        C::NetworkGaveUp => texts.get("seen-gave-up"),
        C::ClosedEarly => texts.get("seen-closed-early"),
        C::Failed(said) => texts.with("seen-failed", &[("said", said.to_string().into())]),
        C::Machine(said) => texts.with("seen-machine", &[("said", said.to_string().into())]),
        C::Stalled => texts.get("seen-stalled"),
        C::Defect => texts.get("seen-defect"),
        _ => return None,
    })
}

fn of_tls(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::CertificateExpired => texts.get("seen-certificate-expired"),
        C::CertificateEarly => texts.get("seen-certificate-early"),
        C::CertificateOtherName => texts.get("seen-certificate-other-name"),
        C::CertificateUntrusted => texts.get("seen-certificate-untrusted"),
        C::CertificateRevoked => texts.get("seen-certificate-revoked"),
        C::CertificateBad(said) => texts.with("seen-certificate-bad", &[("said", said.to_string().into())]),
        C::TlsClosed => texts.get("seen-tls-closed"),
        C::TlsFailed(said) => texts.with("seen-tls-failed", &[("said", said.to_string().into())]),
        C::CertificateEnds { days, least } => texts
            .with("seen-certificate-ends", &[("days", days.to_string().into()), ("least", least.to_string().into())]),
        C::NoCertificate => texts.get("seen-no-certificate"),
        C::CertificateLacks(name) => texts.with("seen-certificate-lacks", &[("name", name.clone().into())]),
        C::ProtocolOld(found) => texts.with("seen-protocol-old", &[("found", (*found).to_owned().into())]),
        _ => return None,
    })
}

fn of_http(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::NotHttp(said) => texts.with("seen-not-http", &[("said", said.to_string().into())]),
        C::TooManyRedirects(most) => texts.with("seen-redirects", &[("most", most.to_string().into())]),
        C::RedirectUnreadable => texts.get("seen-redirect-unreadable"),
        C::RedirectForbidden => texts.get("seen-redirect-forbidden"),
        C::HeaderMissing(name) => texts.with("seen-header-missing", &[("name", name.clone().into())]),
        C::HeaderPresent(name) => texts.with("seen-header-present", &[("name", name.clone().into())]),
        C::HeaderDiffers(name) => texts.with("seen-header-differs", &[("name", name.clone().into())]),
        C::HeaderLacks(name) => texts.with("seen-header-lacks", &[("name", name.clone().into())]),
        C::HeaderUnmatched(name) => texts.with("seen-header-unmatched", &[("name", name.clone().into())]),
        C::ReplyLacks => texts.get("seen-reply-lacks"),
        _ => return None,
    })
}

fn of_bodies(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::BodyLacks { status, cut: false } => texts.with("seen-body-lacks", &[("status", status.to_string().into())]),
        C::BodyLacks { status, cut: true } => {
            texts.with("seen-body-part-lacks", &[("status", status.to_string().into())])
        }
        C::BodyHas { status } => texts.with("seen-body-has", &[("status", status.to_string().into())]),
        C::BodyUnmatched { status, cut: false } => {
            texts.with("seen-body-unmatched", &[("status", status.to_string().into())])
        }
        C::BodyUnmatched { status, cut: true } => {
            texts.with("seen-body-part-unmatched", &[("status", status.to_string().into())])
        }
        C::BodyEncoded(said) => texts.with("seen-body-encoded", &[("said", said.to_string().into())]),
        C::NotJson => texts.get("seen-not-json"),
        C::JsonCut => texts.get("seen-json-cut"),
        C::JsonMissing(path) => texts.with("seen-json-missing", &[("path", path.clone().into())]),
        C::JsonPresent(path) => texts.with("seen-json-present", &[("path", path.clone().into())]),
        C::JsonDiffers(path) => texts.with("seen-json-differs", &[("path", path.clone().into())]),
        C::JsonOutOfBounds(path) => texts.with("seen-json-bounds", &[("path", path.clone().into())]),
        _ => return None,
    })
}

fn of_others(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::DnsFailed(said) => texts.with("seen-dns-failed", &[("said", said.to_string().into())]),
        C::NoRecord(kind) => texts.with("seen-no-record", &[("kind", (*kind).to_owned().into())]),
        C::RecordsDiffer(found) => texts.with("seen-records-differ", &[("found", found.to_string().into())]),
        C::NameServerDiffers { server, found } => {
            texts.with("seen-server-differs", &[("server", server.clone().into()), ("found", found.to_string().into())])
        }
        C::NameServerSilent(server) => texts.with("seen-server-silent", &[("server", server.clone().into())]),
        C::NoNameServer(name) => texts.with("seen-no-server", &[("name", name.clone().into())]),
        C::PingNotAllowed => texts.get("seen-ping-not-allowed"),
        C::NotGrpc(said) => texts.with("seen-not-grpc", &[("said", said.to_string().into())]),
        C::NotServing(word) => texts.with("seen-not-serving", &[("word", (*word).to_owned().into())]),
        C::GrpcStatus(code) => texts.with("seen-grpc-status", &[("code", code.to_string().into())]),
        _ => return None,
    })
}

fn of_pages(texts: Texts, cause: &C) -> Option<String> {
    Some(match cause {
        C::Shown => texts.get("seen-shown"),
        C::NotShown(what) => texts.with("seen-not-shown", &[("what", what.to_string().into())]),
        C::TextNotShown(text) => texts.with("seen-text-not-shown", &[("text", text.to_string().into())]),
        C::NotSignedIn => texts.get("seen-not-signed-in"),
        C::PageFailed(said) => texts.with("seen-page-failed", &[("said", said.to_string().into())]),
        C::PageTooLarge(most) => texts.with("seen-page-large", &[("most", most.to_string().into())]),
        C::SelectorBad(selector) => texts.with("seen-selector-bad", &[("selector", selector.to_string().into())]),
        C::SignInElsewhere(origin) => texts.with("seen-sign-in-elsewhere", &[("origin", origin.to_string().into())]),
        C::NoPasswordField(selector) => {
            texts.with("seen-no-password-field", &[("selector", selector.to_string().into())])
        }
        C::BrowserBusy(all) => texts.with("seen-browser-busy", &[("all", all.to_string().into())]),
        C::Browser(said) => texts.with("seen-browser", &[("said", said.to_string().into())]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uphold_core::agreement::Language;
    use uphold_probe::outcome::samples;

    #[test]
    fn every_cause_is_said_in_both_languages_and_in_english_as_the_probe_says_it() {
        for cause in samples() {
            assert_eq!(text(Texts(Language::En), &cause), cause.to_string(), "{cause:?}");
            let japanese = text(Texts(Language::Ja), &cause);
            let alike = matches!(cause, C::Status(_) | C::Serving | C::NotServing(_));
            assert_eq!(japanese == cause.to_string(), alike, "{cause:?}: {japanese}");
        }
    }
}
