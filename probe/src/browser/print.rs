//! A document made into a PDF by a browser of its own, which reaches nothing.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::timeout;

use super::driver::{DriverError, Session};
use super::pool::Browsers;
use super::proxy::Proxy;
use crate::egress::Egress;
use crate::meter::Failure;

/// How a PDF begins.
const MAGIC: &[u8] = b"%PDF-";

/// Why there is no PDF.
#[derive(Debug)]
pub enum PrintError {
    /// It took longer than it may.
    Late,
    /// The browser did not start, or broke.
    Browser(String),
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("the browser did not make the PDF in time"),
            Self::Browser(what) => write!(f, "the browser made no PDF: {what}"),
        }
    }
}

impl std::error::Error for PrintError {}

impl From<DriverError> for PrintError {
    fn from(error: DriverError) -> Self {
        Self::Browser(error.to_string())
    }
}

impl From<Failure> for PrintError {
    fn from(failure: Failure) -> Self {
        Self::Browser(failure.cause.to_string())
    }
}

impl Browsers {
    /// The document as a PDF of A4 pages. It must need nothing else: no address is opened for it, and its scripts find
    /// nobody to speak to. It takes a turn of these browsers: of those that checks use, a check would wait for it.
    ///
    /// # Errors
    /// When the browser does not start, breaks, or takes longer than `limit`.
    pub async fn print(&self, html: &str, limit: Duration) -> Result<Vec<u8>, PrintError> {
        let begun = tokio::time::Instant::now();
        let late = |_| PrintError::Late;
        let turn = timeout(limit, self.turn()).await.map_err(late)?;
        let _turn = turn.map_err(|closed| PrintError::Browser(closed.to_string()))?;
        let nowhere = Egress::new(Vec::new());
        let proxy = Proxy::start(&nowhere, Vec::new()).await.map_err(|error| PrintError::Browser(error.to_string()))?;
        // Never dropped half way: what is started must be ended, which its own limits see to.
        let session = Session::start(self, proxy.port()).await?;
        let left = limit.saturating_sub(begun.elapsed());
        let made = timeout(left, made(&session, html, left)).await;
        session.end().await;
        made.map_err(late)?
    }
}

async fn made(session: &Session, html: &str, limit: Duration) -> Result<Vec<u8>, PrintError> {
    const WRITE: &str = "document.open(); document.write(arguments[0]); document.close(); return document.readyState;";
    // The page that a browser begins with lets nobody write into it.
    session.command("url", Some(&json!({ "url": "about:blank" })), limit).await?;
    session.script(WRITE, json!([html]), limit).await?;
    // The margins are those of the document's own style.
    let page = json!({
        "background": true,
        "shrinkToFit": true,
        "page": { "width": 21.0, "height": 29.7 },
        "margin": { "top": 1.6, "bottom": 1.6, "left": 1.5, "right": 1.5 },
    });
    let printed = session.command("print", Some(&page), limit).await?;
    let text = printed.as_str().unwrap_or_default();
    let bytes = STANDARD.decode(text).map_err(|error| PrintError::Browser(error.to_string()))?;
    if bytes.starts_with(MAGIC) { Ok(bytes) } else { Err(PrintError::Browser("its answer is no PDF".to_owned())) }
}
