//! The words of the control page, in English and Japanese. The console of the fictional product speaks English only.

use super::part::{Mode, Part};

/// A language of the control page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    En,
    Ja,
}

impl Language {
    pub(super) fn find(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "ja" => Some(Self::Ja),
            _ => None,
        }
    }

    /// The first of our languages in an `Accept-Language` header, by its weights; English if there is none.
    pub(super) fn choose(accept: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for range in accept.split(',') {
            let (tag, weight) = range.split_once(";q=").map_or((range, "1"), |(tag, weight)| (tag, weight));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let Some(language) = Self::find(&primary) else { continue };
            let weight = thousandths(weight.trim());
            if weight > 0 && best.is_none_or(|(other, _)| weight > other) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::En, |(_, language)| language)
    }

    pub(super) fn code(self) -> &'static str {
        self.pick("en", "ja")
    }

    /// The English or the Japanese text.
    pub(super) fn pick<'a>(self, en: &'a str, ja: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }

    pub(super) fn part(self, part: Part) -> &'static str {
        match part {
            Part::Console => self.pick("Web console", "Webコンソール"),
            Part::Api => self.pick("API", "API"),
            Part::Connect => self.pick("Agent gateway", "エージェント接続先"),
        }
    }

    pub(super) fn part_use(self, part: Part) -> &'static str {
        match part {
            Part::Console => self.pick("What people sign in to", "利用者がサインインする画面です"),
            Part::Api => self.pick("What programs call", "プログラムが呼び出します"),
            Part::Connect => self
                .pick("Where the software installed at customers connects", "お客様の環境のソフトウェアが接続します"),
        }
    }

    /// How the part is, as its state.
    pub(super) fn state(self, mode: Mode) -> &'static str {
        match mode {
            Mode::Up => self.pick("Working", "正常"),
            Mode::Down => self.pick("Answers 503", "503を返しています"),
            Mode::Hang => self.pick("Never answers", "応答しません"),
            Mode::Close => self.pick("Closes the connection", "接続を切断しています"),
            Mode::Wrong => self.pick("Answers with the wrong content", "誤った内容を返しています"),
            Mode::Slow => self.pick("Slow: 1.5 s", "遅延: 1.5秒"),
        }
    }

    /// What a button does to the part.
    pub(super) fn action(self, mode: Mode) -> &'static str {
        match mode {
            Mode::Up => self.pick("Mend", "復旧する"),
            Mode::Down => self.pick("Answer 503", "503を返す"),
            Mode::Hang => self.pick("Never answer", "応答しない"),
            Mode::Close => self.pick("Close the connection", "接続を切断する"),
            Mode::Wrong => self.pick("Wrong content", "誤った内容を返す"),
            Mode::Slow => self.pick("Slow: 1.5 s", "1.5秒遅らせる"),
        }
    }
}

/// A weight such as `0.8` in thousandths; an unreadable one counts as none.
fn thousandths(weight: &str) -> u32 {
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = format!("{whole}{rest:0<3}");
    digits.get(..whole.len() + 3).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_chosen() {
        for (accept, want) in [
            ("", Language::En),
            ("ja", Language::Ja),
            ("ja-JP,ja;q=0.9,en;q=0.8", Language::Ja),
            ("en-GB,en;q=0.9,ja;q=0.8", Language::En),
            ("en;q=0.5, JA;q=0.75", Language::Ja),
            ("fr,de;q=0.9,ja;q=0.1", Language::Ja),
            ("ja;q=0,fr", Language::En),
            ("ja;q=x", Language::En),
            ("*", Language::En),
        ] {
            assert_eq!(Language::choose(accept), want, "{accept}");
        }
    }
}
