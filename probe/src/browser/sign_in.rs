//! Signing in: which fields, on whose pages, with which secret. The secret is shown by nothing here.

use super::BrowserCheckError;
use crate::url::Url;
use std::fmt;

/// The longest file of credentials, in bytes.
pub const CREDENTIALS_BYTES_MAX: usize = 4096;

/// How to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The CSS selector of the field for the user's name.
    pub user_field: String,
    /// The CSS selector of the field for the password, which must be one that hides what is typed.
    pub password_field: String,
    /// The CSS selector of what is clicked then.
    pub submit: String,
    /// The origins, beside that of the check's URL, on whose pages the credentials may be typed.
    pub origins: Vec<String>,
    /// What is typed.
    pub credentials: Credentials,
}

impl SignIn {
    pub(super) fn selectors(&self) -> impl Iterator<Item = &String> {
        [&self.user_field, &self.password_field, &self.submit].into_iter()
    }

    /// The same with the origin of the URL among the origins, all as a browser writes them.
    pub(super) fn with_own(mut self, url: &Url) -> Result<Self, BrowserCheckError> {
        for text in &mut self.origins {
            let read = Url::parse(text).ok().filter(|url| url.path_and_query() == "/" && !text.ends_with('/'));
            *text = origin(&read.ok_or_else(|| BrowserCheckError::Origin(text.clone()))?);
        }
        self.origins.push(origin(url));
        Ok(self)
    }

    pub(super) fn permits(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == origin)
    }
}

fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme().name(), url.authority())
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([secret])")
    }
}

/// Why a text holds no credentials. It never says what the text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsError {
    /// It has not exactly two lines.
    Lines,
    /// A line is empty or has control characters.
    Empty,
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lines => "it must have two lines: the user's name, and the password",
            Self::Empty => "both of its lines must say something, without control characters",
        })
    }
}

impl std::error::Error for CredentialsError {}

impl Credentials {
    /// Reads a text of two lines.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let mut lines = text.lines();
        let (Some(user), Some(password), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CredentialsError::Lines);
        };
        // WebDriver takes characters of the private use area for keys such as Enter.
        let key = |c: char| c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c);
        if [user, password].iter().any(|line| line.is_empty() || line.contains(key)) {
            return Err(CredentialsError::Empty);
        }
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// What must not stand in evidence.
    pub(super) fn secrets(&self) -> Vec<Vec<u8>> {
        [&self.password, &self.user].map(|text| text.as_bytes().to_vec()).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_two_lines_and_are_never_shown() {
        let read = Credentials::parse("ops@example.com\nhunter2 \n").unwrap();
        assert_eq!((read.user.as_str(), read.password.as_str()), ("ops@example.com", "hunter2 "));
        assert!(!format!("{read:?}").contains("hunter2"));
        for (text, error) in [
            ("", CredentialsError::Lines),
            ("a\n", CredentialsError::Lines),
            ("a\nb\nc\n", CredentialsError::Lines),
            ("a\n\n", CredentialsError::Empty),
            ("a\nb\u{e007}\n", CredentialsError::Empty),
        ] {
            assert_eq!(Credentials::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_password_is_for_the_origin_of_the_url_and_those_that_are_named() {
        let with = |origins: &[&str]| {
            let credentials = Credentials::parse("a\nb").unwrap();
            let text = || "x".to_owned();
            let origins = origins.iter().map(|each| (*each).to_owned()).collect();
            let sign_in = SignIn { user_field: text(), password_field: text(), submit: text(), origins, credentials };
            sign_in.with_own(&Url::parse("https://console.example:8443/a?b").unwrap())
        };
        let sign_in = with(&["HTTPS://id.example:443"]).unwrap();
        assert!(sign_in.permits("https://console.example:8443") && sign_in.permits("https://id.example"));
        for other in ["https://console.example", "http://id.example", "null", "https://id.example.evil.example"] {
            assert!(!sign_in.permits(other), "{other}");
        }
        assert!(with(&["https://id.example/login"]).is_err() && with(&["id.example"]).is_err());
    }
}
