//! Passwords that anybody tries first: words that everybody takes, runs over the keyboard, repetitions, and these together.
//!
//! A list of leaked passwords would be longer and would miss what is made after the same patterns. Not here: how long a
//! password must be.

/// Words that the commonest passwords are made of.
const WORDS: [&str; 96] = [
    "password",
    "passwort",
    "passw",
    "pass",
    "word",
    "wort",
    "letmein",
    "welcome",
    "admin",
    "administrator",
    "root",
    "login",
    "master",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "hockey",
    "iloveyou",
    "love",
    "princess",
    "sunshine",
    "shadow",
    "superman",
    "batman",
    "michael",
    "jordan",
    "hello",
    "world",
    "secret",
    "changeme",
    "change",
    "default",
    "trustno",
    "test",
    "testing",
    "user",
    "guest",
    "access",
    "server",
    "system",
    "computer",
    "internet",
    "summer",
    "winter",
    "spring",
    "autumn",
    "company",
    "service",
    "uphold",
    "operator",
    "viewer",
    "customer",
    "money",
    "freedom",
    "whatever",
    "starwars",
    "pokemon",
    "liverpool",
    "chelsea",
    "arsenal",
    "charlie",
    "jesus",
    "angel",
    "flower",
    "chocolate",
    "cookie",
    "temp",
    "temporary",
    "the",
    "you",
    "your",
    "and",
    "this",
    "that",
    "have",
    "new",
    "now",
    "hunter",
    "killer",
    "matrix",
    "ninja",
    "mustang",
    "ashley",
    "jessica",
    "daniel",
    "thomas",
    "andrew",
    "joshua",
    "google",
    "facebook",
    "samsung",
    "iphone",
    "letme",
];

/// Where a run of three or more neighbours, forwards or backwards, is no secret.
const RUNS: [&str; 10] = [
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// How many such pieces in a row are still no secret.
const PIECES_MAX: usize = 4;

/// Whether a password is one of the first that anybody tries for the account `name`.
pub(super) fn is_common(password: &str, name: &str) -> bool {
    let text: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let mut kinds = text.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() < 5 || is_repeated(&text) {
        return true;
    }
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    pieces(&text, &name).is_some_and(|pieces| pieces <= PIECES_MAX)
}

/// Whether a text is a shorter one of at most eight characters again and again.
fn is_repeated(text: &[char]) -> bool {
    (1..=8.min(text.len() / 2)).any(|length| text.iter().zip(&text[length..]).all(|(a, b)| a == b))
}

/// Of how many pieces that are no secret a text consists at least; nothing, where there is more in it.
fn pieces(text: &[char], name: &[char]) -> Option<usize> {
    let mut least: Vec<Option<usize>> = vec![None; text.len() + 1];
    least[0] = Some(0);
    for at in 0..text.len() {
        let Some(so_far) = least[at] else { continue };
        let mut reach = |length: usize, cost: usize| {
            let there = &mut least[at + length];
            *there = Some(there.map_or(so_far + cost, |other| other.min(so_far + cost)));
        };
        if !text[at].is_alphanumeric() {
            reach(1, 0);
        }
        for length in lengths(&text[at..], name) {
            reach(length, 1);
        }
    }
    least[text.len()]
}

/// The lengths of the pieces that a text begins with.
fn lengths(text: &[char], name: &[char]) -> Vec<usize> {
    let words = WORDS.iter().map(|word| word.chars().collect::<Vec<_>>());
    let named = (name.len() > 2).then(|| name.to_vec());
    let mut found: Vec<usize> =
        words.chain(named).filter(|word| begins_with(text, word)).map(|word| word.len()).collect();
    let same = text.iter().take_while(|c| **c == text[0]).count();
    found.extend(2..=same);
    for run in RUNS {
        let forwards: Vec<char> = run.chars().collect();
        let backwards: Vec<char> = forwards.iter().rev().copied().collect();
        for run in [forwards, backwards] {
            for start in 0..run.len() {
                let length = run[start..].iter().zip(text).take_while(|(a, b)| a == b).count();
                found.extend(3..=length);
            }
        }
    }
    // A year, and what stands at the end for the sake of a rule.
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    found.extend(1..=digits.min(4));
    found
}

/// Whether a text begins with a word, however it is disguised.
fn begins_with(text: &[char], word: &[char]) -> bool {
    text.len() >= word.len() && word.iter().zip(text).all(|(a, b)| a == b || disguised(*b) == Some(*a))
}

fn disguised(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_takes_is_known_in_its_disguises() {
        for common in [
            "123456789012",
            "Password1234",
            "p@ssw0rd!2026",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "qwertyuiop[]",
            "qwertyuiop123",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "iloveyou1234",
            "Welcome2026!!",
            "adminadmin123",
            "0987654321098",
            "changeme-now1",
            "uphold-uphold-1",
            "alice@example1",
        ] {
            assert!(is_common(common, "alice@example"), "{common}");
        }
        for good in
            ["correct horse battery", "vJ8#kk2-qwert", "mein Hund bellt nachts", "fünf rote Ampeln", "d41d8cd98f00b204"]
        {
            assert!(!is_common(good, "alice"), "{good}");
        }
    }
}
