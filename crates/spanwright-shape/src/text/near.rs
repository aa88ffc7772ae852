//! Did you mean …? The nearest word that exists.

/// Words longer than this are not compared: nobody misspells them by two letters.
pub const WORD_CHARS_MOST: usize = 64;

/// The candidate that is most likely meant: one letter wrong in a short word, a third of them in a long one.
pub fn near<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if wanted.is_empty() || wanted.len() > WORD_CHARS_MOST {
        return None;
    }
    let most = (wanted.len() / 3).max(1);
    let scored = candidates.into_iter().filter_map(|candidate| score(&wanted, most, candidate).map(|score| (score, candidate)));
    scored.min_by_key(|(score, candidate)| (*score, candidate.len(), *candidate)).map(|(_, candidate)| candidate)
}

/// `help` for a problem: "did you mean `x`?".
pub fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    near(word, candidates).map(|found| format!("did you mean `{found}`?"))
}

fn score(wanted: &[char], most: usize, candidate: &str) -> Option<usize> {
    let have: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    if have.len() > WORD_CHARS_MOST {
        return None;
    }
    // `Customers` for `Customer`, `timeout_seconds` for `timeout`: one is the beginning of the other.
    let begins = wanted.len() >= 3 && have.len() >= 3 && (wanted.starts_with(&have) || have.starts_with(wanted));
    let distance = distance(wanted, &have);
    (distance <= most || begins).then_some(distance)
}

/// Insertions, deletions, changes and swaps of neighbours (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(near(word, candidates.iter().copied()), expected, "{word}");
    }

    #[test]
    fn a_letter_left_out_is_found() {
        check("secrt", &["path", "secret", "preset"], Some("secret"));
    }

    #[test]
    fn swapped_neighbours_are_one_mistake() {
        check("mpa", &["map", "may"], Some("map"));
    }

    #[test]
    fn capitals_do_not_matter() {
        check("number", &["Number", "Name"], Some("Number"));
    }

    #[test]
    fn a_plural_is_found() {
        check("customers", &["Customer", "Address"], Some("Customer"));
    }

    #[test]
    fn another_word_is_not_suggested() {
        check("webhook", &["poll", "queue"], None);
    }

    #[test]
    fn nothing_is_near_to_nothing() {
        check("", &["a"], None);
    }

    #[test]
    fn letters_of_many_bytes_count_once() {
        check("größe", &["grösse", "große"], Some("große"));
    }
}
