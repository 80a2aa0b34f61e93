//! What a browser brings back from the provider, read once and strictly.

use crate::accounts::Secret;

/// How long a value may be, in bytes.
const VALUE_MAX: usize = 4096;

/// How long the code of an error may be.
const CODE_MAX: usize = 64;

/// The query with which somebody comes back.
#[derive(Debug, Default)]
pub struct Returned {
    pub(super) state: Option<Secret>,
    pub(super) code: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) error: Option<String>,
}

impl Returned {
    /// Reads what follows the `?`. What stands there twice, or is too long, makes the whole be nothing.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let mut found = Self::default();
        let (mut state, mut seen) = (None, Vec::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*key {
                "state" => &mut state,
                "code" => &mut found.code,
                "iss" => &mut found.issuer,
                "error" => &mut found.error,
                _ => continue,
            };
            if seen.contains(&key) || value.len() > VALUE_MAX {
                return Self::default();
            }
            seen.push(key);
            *place = Some(value.into_owned());
        }
        found.state = state.as_deref().and_then(Secret::parse);
        found.error = found.error.as_deref().map(plain);
        found
    }
}

/// The code of an error as it may stand in a log.
pub(super) fn plain(code: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    code.chars().filter(plain).take(CODE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_twice_is_nothing_and_an_error_is_a_word() {
        let state = "0123456789abcdef".repeat(4);
        let good = Returned::read(&format!("code=a%2Bb&state={state}&iss=https%3A%2F%2Fid.example&lang=ja"));
        assert_eq!((good.code.as_deref(), good.issuer.as_deref()), (Some("a+b"), Some("https://id.example")));
        assert_eq!(good.state, Secret::parse(&state));
        for bad in [format!("code=a&state={state}&code=b"), format!("state={state}&state={state}"), String::new()] {
            assert!(Returned::read(&bad).code.is_none(), "{bad}");
        }
        assert!(Returned::read(&format!("state={state}&code={}", "a".repeat(5_000))).state.is_none());
        let refused = Returned::read("error=access_denied%0d%0aset-cookie:%20a<b>&state=x");
        assert_eq!((refused.error.as_deref(), refused.state), (Some("access_deniedset-cookieab"), None));
    }
}
