//! The URL of a probe: `http` or `https`, read strictly once, and the references by which a redirect names the next.
//! Nothing is repaired: what a browser would mend is refused, so that what is reviewed is what is fetched.

use crate::egress::{Host, HostError};
use std::fmt;

/// How the target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The name as it stands in a URL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is written.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A checked URL. The fragment is dropped, since it is never sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: Scheme,
    host: Host,
    port: u16,
    path_and_query: String,
}

impl Url {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// When it is not `http` or `https`, when the host or port cannot be read, when it holds user information (it would end up in
    /// logs and reports), or any character that must be percent-encoded: spaces, control characters, backslashes, non-ASCII.
    ///
    /// ```
    /// use uphold_probe::url::Url;
    /// assert_eq!(Url::parse("HTTPS://Example.com:443?a=b#c")?.to_string(), "https://example.com/?a=b");
    /// assert!(Url::parse("http://user@example.com/").is_err());
    /// # Ok::<(), uphold_probe::url::UrlError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        Self::read(text).map_err(|problem| UrlError { text: text.to_owned(), problem })
    }

    /// Reads a reference as a redirect gives it, relative to this URL (RFC 3986, section 5).
    ///
    /// # Errors
    /// As [`Self::parse`].
    ///
    /// ```
    /// use uphold_probe::url::Url;
    /// let base = Url::parse("http://a.example/b/c?d")?;
    /// assert_eq!(base.join("../e?f")?.to_string(), "http://a.example/e?f");
    /// assert_eq!(base.join("//b.example")?.to_string(), "http://b.example/");
    /// # Ok::<(), uphold_probe::url::UrlError>(())
    /// ```
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        self.follow(reference).map_err(|problem| UrlError { text: reference.to_owned(), problem })
    }

    /// How the target is spoken to.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, written or implied.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path and the query, as they are sent; begins with `/`.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The host, and the port unless it is implied, as the `Host` header gives them.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether both have the same scheme, host and port, so that one may see the other's secrets.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        (self.scheme, self.port, &self.host) == (other.scheme, other.port, &other.host)
    }

    fn read(text: &str) -> Result<Self, UrlProblem> {
        check_characters(text)?;
        let (scheme, rest) = split_scheme(text).ok_or(UrlProblem::Scheme)?;
        Self::read_after_scheme(scheme, rest.strip_prefix("//").ok_or(UrlProblem::Scheme)?)
    }

    fn read_after_scheme(scheme: Scheme, rest: &str) -> Result<Self, UrlProblem> {
        let rest = without_fragment(rest);
        let (authority, path_and_query) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlProblem::UserInformation);
        }
        let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match authority[after_brackets..].find(':') {
            Some(at) => authority.split_at(after_brackets + at),
            None => (authority, ""),
        };
        let port = match port.strip_prefix(':') {
            None => scheme.default_port(),
            Some(digits) => read_port(digits).ok_or(UrlProblem::Port)?,
        };
        let host = Host::parse(host).map_err(UrlProblem::Host)?;
        let path_and_query =
            if path_and_query.starts_with('/') { path_and_query.to_owned() } else { format!("/{path_and_query}") };
        Ok(Self { scheme, host, port, path_and_query })
    }

    fn follow(&self, reference: &str) -> Result<Self, UrlProblem> {
        check_characters(reference)?;
        let reference = without_fragment(reference);
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::read_after_scheme(self.scheme, rest);
        }
        let before_path = reference.find(['/', '?']).unwrap_or(reference.len());
        if reference[..before_path].contains(':') {
            return Self::read(reference);
        }
        let path = self.path_and_query.split('?').next().unwrap_or("/");
        let path_and_query = match reference.chars().next() {
            None => self.path_and_query.clone(),
            Some('?') => format!("{path}{reference}"),
            Some('/') => without_dots(reference),
            Some(_) => without_dots(&format!("{}{reference}", &path[..=path.rfind('/').unwrap_or(0)])),
        };
        Ok(Self { path_and_query, ..self.clone() })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.name(), self.authority(), self.path_and_query)
    }
}

/// A host and a port, for what has no URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: Host,
    port: u16,
}

impl Endpoint {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// When the host or the port cannot be read, as in [`Url::parse`], or the port is missing.
    ///
    /// ```
    /// use uphold_probe::url::Endpoint;
    /// assert_eq!(Endpoint::parse("[2001:DB8::1]:5432")?.to_string(), "[2001:db8::1]:5432");
    /// assert!(Endpoint::parse("db.example").is_err());
    /// assert!(Endpoint::parse("0x7f.1:80").is_err());
    /// # Ok::<(), uphold_probe::url::EndpointError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let fail = |problem| EndpointError { text: text.to_owned(), problem };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| fail(UrlProblem::Port))?;
        let host = Host::parse(host).map_err(|error| fail(UrlProblem::Host(error)))?;
        let port = read_port(port).ok_or_else(|| fail(UrlProblem::Port))?;
        Ok(Self { host, port })
    }

    /// A host with a port that was judged already.
    #[must_use]
    pub fn new(host: Host, port: u16) -> Self {
        Self { host, port }
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Why a text is not a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError {
    text: String,
    problem: UrlProblem,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            UrlProblem::Host(error) => error.fmt(f),
            _ => write!(
                f,
                "could not read address `{}`: it must be a host and a port from 1 to 65535, as in `db.example:5432`",
                self.text.escape_default()
            ),
        }
    }
}

impl std::error::Error for EndpointError {}

fn check_characters(text: &str) -> Result<(), UrlProblem> {
    let bad = |c: &char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    text.chars().find(bad).map_or(Ok(()), |c| Err(UrlProblem::Character(c)))
}

fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (name, rest) = text.split_once(':')?;
    let scheme = [Scheme::Http, Scheme::Https].into_iter().find(|s| s.name().eq_ignore_ascii_case(name))?;
    Some((scheme, rest))
}

fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or(text)
}

fn read_port(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|port| plain && *port != 0)
}

/// Removes `.` and `..` from the path, leaves the query alone.
fn without_dots(path_and_query: &str) -> String {
    let (path, query) = path_and_query.split_at(path_and_query.find('?').unwrap_or(path_and_query.len()));
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    format!("/{}{query}", kept.join("/"))
}

/// Why a text is not a URL that may be probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlError {
    text: String,
    problem: UrlProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum UrlProblem {
    Scheme,
    Character(char),
    UserInformation,
    Port,
    Host(HostError),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL with user information holds a password more often than not.
        if self.problem == UrlProblem::UserInformation {
            return f.write_str("could not read URL: it names a user, put credentials into a header instead");
        }
        write!(f, "could not read URL `{}`", self.text.escape_default())?;
        match &self.problem {
            UrlProblem::Scheme => f.write_str(": it must begin with `http://` or `https://`"),
            UrlProblem::Character(c) => write!(f, ": `{}` must be percent-encoded", c.escape_default()),
            UrlProblem::Port => f.write_str(": the port is not a number from 1 to 65535"),
            UrlProblem::UserInformation | UrlProblem::Host(_) => Ok(()),
        }
    }
}

impl std::error::Error for UrlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            UrlProblem::Host(source) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_in_one_form() {
        for (text, written) in [
            ("http://a.example", "http://a.example/"),
            ("HTTP://A.Example:80/X?Y=%20", "http://a.example/X?Y=%20"),
            ("https://a.example:8443", "https://a.example:8443/"),
            ("https://a.example?q=http://b@c/", "https://a.example/?q=http://b@c/"),
            ("http://[::1]:8080/x#y", "http://[::1]:8080/x"),
            ("http://[2001:DB8::1]", "http://[2001:db8::1]/"),
            ("http://192.0.2.1/a//b/../c", "http://192.0.2.1/a//b/../c"),
        ] {
            assert_eq!(Url::parse(text).unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn other_schemes_and_odd_hosts_and_ports_are_refused() {
        for text in [
            "",
            "a.example",
            "//a.example",
            "file:///etc/passwd",
            "ftp://a.example",
            "http:a.example",
            "http:/a.example",
            "http://",
            "http:///x",
            "http://:80/",
            "http://a:0/",
            "http://a:080/",
            "http://a:65536/",
            "http://a:/",
            "http://a:8 0/",
            "http://a:+80/",
            "http://[::1/",
            "http://[::1]x/",
            "http://[::1]:x/",
            "http://::1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://127.1:80/",
            "http://a%2eb/",
            "http://a.example#@b.example/x",
            " http://a.example",
        ] {
            let read = Url::parse(text);
            // A fragment may follow the host directly; what counts is that nothing after it is taken for the host.
            assert!(read.as_ref().map_or(true, |url| url.to_string() == "http://a.example/"), "{text}: {read:?}");
        }
    }

    #[test]
    fn user_information_is_refused_without_repeating_it() {
        for text in ["http://u:secret@a.example/", "http://@a.example/", "http://a.example:80@b.example/"] {
            let error = Url::parse(text).unwrap_err().to_string();
            assert_eq!(error, "could not read URL: it names a user, put credentials into a header instead");
        }
    }

    #[test]
    fn characters_that_could_end_a_line_or_mislead_a_reader_are_refused() {
        for c in ['\r', '\n', ' ', '\t', '\0', '\x7f', '\\', 'é', '\u{2028}', '<', '"'] {
            for text in [format!("http://a.example/{c}x"), format!("http://a.ex{c}ample/"), format!("http://a/?{c}")] {
                assert!(Url::parse(&text).is_err(), "{text:?}");
            }
        }
        assert_eq!(
            Url::parse("http://a/\r\nX: y").unwrap_err().to_string(),
            r"could not read URL `http://a/\r\nX: y`: `\r` must be percent-encoded"
        );
    }

    #[test]
    fn references_resolve_as_rfc_3986_says() {
        let base = Url::parse("http://a/b/c/d;p?q").unwrap();
        for (reference, written) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("", "http://a/b/c/d;p?q"),
            ("#s", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://h:1/i", "https://h:1/i"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_string(), written, "{reference}");
        }
        for bad in ["file:///etc/passwd", "javascript:x", "http://u@h/", "\r\nSet-Cookie: x", "//0x7f.1/"] {
            assert!(base.join(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text| Url::parse(text).unwrap();
        assert!(url("http://a/x").same_origin(&url("http://A:80/y")));
        for other in ["https://a/", "http://a:81/", "http://b/"] {
            assert!(!url("http://a/").same_origin(&url(other)), "{other}");
        }
    }
}
