//! The words that went and the words that came between two texts.

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Both texts have it.
    Same(String),
    /// Only the old one has it.
    Gone(String),
    /// Only the new one has it.
    Come(String),
}

/// From how many cells of the table on the middle of two texts is told as replaced: a longer table helps nobody.
const MOST_CELLS: usize = 4_000_000;

/// The pieces of two texts. Those that are the same and gone make the old text, those that are the same and come the new.
///
/// Words are compared, in scripts without spaces characters.
///
/// ```
/// use uphold_core::agreement::compare::{difference, Piece};
/// let pieces = difference("at least 7 days", "at least 14 days");
/// let [same, gone, come, end] = pieces.as_slice() else { panic!("{pieces:?}") };
/// assert_eq!((same, end), (&Piece::Same("at least ".to_owned()), &Piece::Same(" days".to_owned())));
/// assert_eq!((gone, come), (&Piece::Gone("7".to_owned()), &Piece::Come("14".to_owned())));
/// ```
#[must_use]
pub fn difference(old: &str, new: &str) -> Vec<Piece> {
    let (a, b) = (tokens(old), tokens(new));
    let start = a.iter().zip(&b).take_while(|(one, other)| one == other).count();
    let (a_rest, b_rest) = (&a[start..], &b[start..]);
    let end = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (a_middle, b_middle) = (&a_rest[..a_rest.len() - end], &b_rest[..b_rest.len() - end]);
    let mut pieces = Pieces::default();
    a[..start].iter().for_each(|token| pieces.add(Kind::Same, token));
    middle(a_middle, b_middle, &mut pieces);
    a_rest[a_middle.len()..].iter().for_each(|token| pieces.add(Kind::Same, token));
    pieces.finish()
}

/// What differs, by the longest row of tokens that both have.
fn middle(a: &[&str], b: &[&str], pieces: &mut Pieces) {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; if a.len().saturating_mul(width) > MOST_CELLS { 0 } else { (a.len() + 1) * width }];
    let (mut i, mut j) = (0, 0);
    if !longest.is_empty() {
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                longest[i * width + j] = if a[i] == b[j] {
                    longest[(i + 1) * width + j + 1] + 1
                } else {
                    longest[(i + 1) * width + j].max(longest[i * width + j + 1])
                };
            }
        }
        while i < a.len() && j < b.len() {
            if a[i] == b[j] {
                pieces.add(Kind::Same, a[i]);
                (i, j) = (i + 1, j + 1);
            } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                pieces.add(Kind::Gone, a[i]);
                i += 1;
            } else {
                pieces.add(Kind::Come, b[j]);
                j += 1;
            }
        }
    }
    a[i..].iter().for_each(|token| pieces.add(Kind::Gone, token));
    b[j..].iter().for_each(|token| pieces.add(Kind::Come, token));
}

/// Words, runs of spaces, and every other character alone.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_whitespace() => 1,
        c if c.is_alphanumeric() && (c as u32) < 0x2e80 => 2,
        _ => 0,
    };
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let of = kind(first);
        let end = rest.char_indices().skip(1).find(|(_, c)| of == 0 || kind(*c) != of).map_or(rest.len(), |(at, _)| at);
        let (token, after) = rest.split_at(end);
        all.push(token);
        rest = after;
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Gone,
    Come,
}

/// Pieces in the making: what is gone stands before what came in its place, and neighbours of one kind are one.
#[derive(Debug, Default)]
struct Pieces {
    done: Vec<Piece>,
    same: String,
    gone: String,
    come: String,
}

impl Pieces {
    fn add(&mut self, kind: Kind, token: &str) {
        match kind {
            Kind::Same => {
                if !(self.gone.is_empty() && self.come.is_empty()) {
                    self.flush();
                }
                self.same.push_str(token);
            }
            Kind::Gone => self.gone.push_str(token),
            Kind::Come => self.come.push_str(token),
        }
    }

    fn flush(&mut self) {
        let mut push = |make: fn(String) -> Piece, text: &mut String| {
            if !text.is_empty() {
                self.done.push(make(std::mem::take(text)));
            }
        };
        push(Piece::Same, &mut self.same);
        push(Piece::Gone, &mut self.gone);
        push(Piece::Come, &mut self.come);
    }

    fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Same(text) => text.clone(),
            Piece::Gone(text) => format!("[-{text}-]"),
            Piece::Come(text) => format!("{{+{text}+}}"),
        };
        difference(old, new).iter().map(piece).collect()
    }

    #[test]
    fn words_are_compared_and_in_japanese_characters() {
        assert_eq!(shown("told 7 days ahead", "told at least 14 days ahead"), "told [-7-]{+at least 14+} days ahead");
        assert_eq!(
            shown("7 日以上前に知らせる", "14 日以上前に公開する"),
            "[-7-]{+14+} 日以上前に[-知らせ-]{+公開す+}る"
        );
        assert_eq!(shown("a", "a"), "a");
        assert_eq!(shown("", "a b"), "{+a b+}");
        assert_eq!(shown("a b", ""), "[-a b-]");
    }

    #[test]
    fn the_pieces_make_both_texts() {
        let texts = [
            "",
            "a",
            "a b c",
            "c b a",
            "the cat sat",
            "the dog sat on the cat",
            "可用性とは",
            "可用とは、性",
            "x y x y x",
        ];
        for (old, new) in texts.iter().flat_map(|old| texts.iter().map(move |new| (*old, *new))) {
            let pieces = difference(old, new);
            let side = |of_old: bool| -> String {
                let text = |piece: &Piece| match piece {
                    Piece::Same(text) => text.clone(),
                    Piece::Gone(text) if of_old => text.clone(),
                    Piece::Come(text) if !of_old => text.clone(),
                    _ => String::new(),
                };
                pieces.iter().map(text).collect()
            };
            assert_eq!((side(true).as_str(), side(false).as_str()), (old, new), "{pieces:?}");
        }
    }

    #[test]
    fn texts_too_long_for_a_table_are_told_as_replaced() {
        let long = |word: &str| vec![word; 3000].join(" ");
        let pieces = difference(&format!("same {}", long("a")), &format!("same {}", long("b")));
        assert_eq!(pieces.len(), 3);
    }
}
