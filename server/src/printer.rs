//! PDFs of documents, made by the Chromium that browser checks use, where there is one: one at a time, within a limit of time,
//! and each only once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uphold_core::ledger::digest::Digest;
use uphold_probe::browser::{Browsers, PrintError};

/// How long one PDF may take, and how long somebody waits for a turn.
const LIMIT: Duration = Duration::from_secs(60);

/// How many may wait for a turn.
const WAITING_MAX: usize = 4;

/// How many bytes of PDFs are kept.
const KEPT_BYTES: usize = 32 << 20;

/// The printer of this machine, if it has one.
#[derive(Debug, Clone, Default)]
pub struct Printer(Option<Arc<Press>>);

#[derive(Debug)]
struct Press {
    browsers: Browsers,
    turn: Semaphore,
    waiting: Semaphore,
    kept: Mutex<VecDeque<(Digest, Bytes)>>,
}

/// Why there is no PDF.
#[derive(Debug)]
pub enum NoPdf {
    /// This machine has no browser.
    NoBrowser,
    /// Too many are waiting.
    Busy,
    /// The browser made none.
    Failed(PrintError),
}

impl fmt::Display for NoPdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBrowser => f.write_str("this machine has no Chromium with its driver"),
            Self::Busy => f.write_str("too many PDFs are being made"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoPdf {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::NoBrowser | Self::Busy => None,
        }
    }
}

impl Printer {
    /// A printer that uses these browsers or, where no check needs any, those that the machine has.
    #[must_use]
    pub fn of(browsers: Option<Arc<Browsers>>) -> Self {
        // Whoever asks for a PDF must not keep a check waiting, so that it has a turn of its own.
        let browsers = browsers.map(|browsers| browsers.beside()).or_else(|| Browsers::find(None, None, 1).ok());
        Self(browsers.map(|browsers| {
            let (turn, waiting) = (Semaphore::new(1), Semaphore::new(WAITING_MAX));
            Arc::new(Press { browsers, turn, waiting, kept: Mutex::default() })
        }))
    }

    /// Whether there is a browser to print with.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The document as a PDF.
    ///
    /// # Errors
    /// When there is no browser, too many wait for it, or it makes none in time.
    pub async fn pdf(&self, html: String) -> Result<Bytes, NoPdf> {
        let press = Arc::clone(self.0.as_ref().ok_or(NoPdf::NoBrowser)?);
        let digest = Digest::of(&[html.as_bytes()]);
        if let Some(kept) = press.find(digest) {
            return Ok(kept);
        }
        // A task of its own: whoever asked may go away, and what was begun is of use to the next.
        let made = tokio::spawn(async move { press.make(digest, &html).await }).await;
        made.unwrap_or_else(|defect| Err(NoPdf::Failed(PrintError::Browser(defect.to_string()))))
    }
}

impl Press {
    fn find(&self, digest: Digest) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| *of == digest).map(|(_, pdf)| pdf.clone())
    }

    async fn make(&self, digest: Digest, html: &str) -> Result<Bytes, NoPdf> {
        let _waiting = self.waiting.try_acquire().map_err(|_| NoPdf::Busy)?;
        let turn = timeout(LIMIT, self.turn.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(NoPdf::Busy) };
        // Somebody before us may have asked for the same.
        if let Some(kept) = self.find(digest) {
            return Ok(kept);
        }
        let pdf = Bytes::from(self.browsers.print(html, LIMIT).await.map_err(NoPdf::Failed)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((digest, pdf.clone()));
        while kept.len() > 1 && kept.iter().map(|(_, pdf)| pdf.len()).sum::<usize>() > KEPT_BYTES {
            kept.pop_front();
        }
        Ok(pdf)
    }
}
