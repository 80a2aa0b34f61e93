//! A message as a mail: plain text, in UTF-8, with headers that tell other programs that no person wrote it.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use uphold_core::time::Instant;

use super::message::{Message, Phase};

/// Why a message could not be made a mail.
#[derive(Debug)]
pub(super) struct MailError(String);

impl std::fmt::Display for MailError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the mail cannot be written: {}", self.0)
    }
}

impl std::error::Error for MailError {}

/// The bytes of a mail. `id` is the same whenever it is tried again, so that mail programs show it once.
///
/// # Errors
/// When an address is none.
pub(super) fn mail(message: &Message, id: &str, from: &str, to: &[String], now: Instant) -> Result<Vec<u8>, MailError> {
    let fail = |error: &dyn std::fmt::Display| MailError(error.to_string());
    let mailbox = |address: &str| {
        address
            .parse()
            .map(|email| Mailbox { name: None, email })
            .map_err(|error: lettre::address::AddressError| fail(&error))
    };
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let own_id = |id: &str| format!("<{id}@{domain}>");
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0).unsigned_abs());
    let mut mail =
        lettre::Message::builder().from(mailbox(from)?).subject(subject(message)).date(at).message_id(Some(own_id(id)));
    for address in to {
        mail = mail.to(mailbox(address)?);
    }
    if let Some(thread) = &message.thread {
        mail = mail.in_reply_to(own_id(thread)).references(own_id(thread));
    }
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    mail = mail.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text(message));
    mail.singlepart(text).map(|mail| mail.formatted()).map_err(|error| fail(&error))
}

fn subject(message: &Message) -> String {
    match message.phase {
        Phase::Test => message.title.clone(),
        Phase::Triggered | Phase::Repeated | Phase::Resolved => {
            format!("[{}] {}", message.severity.name(), message.title)
        }
    }
}

fn text(message: &Message) -> String {
    let lines = std::iter::once(&message.title).chain(&message.lines).chain(&message.url);
    let mut text: String = lines.map(|line| format!("{line}\r\n")).collect();
    text.push_str("\r\n-- \r\nUphold\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::super::message::test;
    use super::*;
    use uphold_core::agreement::Language;

    fn written(title: &str) -> String {
        let message = Message { title: title.to_owned(), ..test("mail", Language::Ja, None, Instant(0)) };
        let to = ["on-call@example.com".to_owned(), "second@example.com".to_owned()];
        let mail = mail(&message, "msg_1", "uphold@example.com", &to, Instant(1_700_000_000_000)).unwrap();
        String::from_utf8(mail).unwrap()
    }

    #[test]
    fn a_mail_has_its_headers_and_is_ascii() {
        let mail = written("APIが停止しています");
        assert!(mail.is_ascii(), "{mail}");
        for header in [
            "From: uphold@example.com\r\n",
            "To: on-call@example.com, second@example.com\r\n",
            "Message-ID: <msg_1@example.com>\r\n",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Subject: =?utf-8?b?",
        ] {
            assert!(mail.contains(header), "{header}: {mail}");
        }
    }

    #[test]
    fn no_text_can_add_a_header() {
        for title in [
            "a\r\nBcc: x@evil.example",
            "a\nBcc: x@evil.example",
            "a\rBcc: x@evil.example",
            "あ\r\nBcc: x@evil.example",
        ] {
            let mail = written(title);
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            let starts = head.split("\r\n").filter(|line| line.to_ascii_lowercase().starts_with("bcc"));
            assert_eq!(starts.count(), 0, "{head}");
            assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head:?}");
        }
    }
}
