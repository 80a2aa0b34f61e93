//! The nearest valid name, for error messages.

/// The candidate closest to `text` by edit distance, if one is close enough to be a slip of the pen.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = text.chars().count();
    // Any other would be near to a name of one letter.
    let limit = (length / 3).clamp(usize::from(length > 1), 4);
    let lower = text.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_found_and_a_stranger_is_not() {
        assert_eq!(nearest("solutoin", ["clause", "solution"]), Some("solution"));
        assert_eq!(nearest("zoen", ["zone", "year"]), Some("zone"));
        assert_eq!(nearest("4", ["5"]), None);
        assert_eq!(nearest("potato", ["clause", "solution"]), None);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
