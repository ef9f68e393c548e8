//! Text that cannot become markup, wherever it stands in a Markdown report.

/// Text that Markdown shows as it stands, wherever it is placed: markup, tables, HTML, mentions,
/// issue numbers and links are inert. What could not be markup stays as it is, for pages that show
/// the source.
pub fn escape(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| characters.get(index)).copied();
    let mut out = String::with_capacity(text.len() + 8);
    for (index, &character) in characters.iter().enumerate() {
        let before = at(index.checked_sub(1)).unwrap_or(' ');
        let after = at(Some(index + 1)).unwrap_or(' ');
        let marks = match character {
            '\\' | '`' | '*' | '|' | '~' | '$' | '!' => true,
            // The brackets of an interval stand alone: no link, no task, no reference.
            '[' => !(after.is_ascii_digit() || matches!(after, '+' | '-')),
            ']' => {
                !(before.is_ascii_digit() || before == '×')
                    || matches!(after, '(' | '[' | ':' | ']')
            }
            // Within a word these mark nothing; at its edge they may.
            '_' | '#' => !before.is_alphanumeric(),
            '-' | '+' | '=' => index == 0 && (after == character || after == ' '),
            '.' | ')' => opens_a_list(&characters[..index]) && after == ' ',
            _ => false,
        };
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            ':' if out.ends_with("http") || out.ends_with("https") || out.ends_with("ftp") => {
                out.push_str("&#58;");
            }
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            _ if marks => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    out
}

/// Whether a point after this would make a list's number of it.
fn opens_a_list(before: &[char]) -> bool {
    !before.is_empty() && before.iter().all(char::is_ascii_digit)
}

/// Text in a code span that nothing in it can end, also within a table.
pub fn code(text: &str) -> String {
    if text.contains(['`', '|', '\\']) || text.trim() != text || text.is_empty() {
        return escape(text);
    }
    format!("`{text}`")
}

/// Text in a fence that nothing in it can end.
pub fn code_block(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// A sentence of the diagnosis, in which names stand between backticks.
pub fn prose(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escape(text);
    }
    let set = |(index, piece): (usize, &&str)| match (index % 2, piece.is_empty()) {
        (1, false) => code(piece),
        _ => escape(piece),
    };
    pieces.iter().enumerate().map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_inert() {
        assert_eq!(escape("a|b *c* <img src=x>"), "a\\|b \\*c\\* &lt;img src=x&gt;");
        assert_eq!(escape("@all see #12"), "&#64;all see \\#12");
        assert_eq!(escape("[x](https://e.org)"), "\\[x\\](https&#58;//e.org)");
        assert_eq!(escape("ttft_p95_s and _x_"), "ttft_p95_s and \\_x_");
        assert_eq!(escape("1. - +"), "1\\. - +");
        assert_eq!(escape("- [ ] x"), "\\- \\[ \\] x");
        assert_eq!(escape("[1](x) [2]: y"), "[1\\](x) [2\\]: y");
        assert_eq!(escape("+140 ms [1.71, 2.40] 0.4 %"), "+140 ms [1.71, 2.40] 0.4 %");
    }

    #[test]
    fn names_between_backticks_are_set_as_code() {
        assert_eq!(prose("served by `a*b` now"), "served by `a*b` now");
        assert_eq!(prose("an odd ` *stays*"), "an odd \\` \\*stays\\*");
    }

    #[test]
    fn a_code_span_cannot_be_ended_from_within() {
        assert_eq!(code("req_1"), "`req_1`");
        assert_eq!(code("a`b|c"), "a\\`b\\|c");
        assert!(code_block("```\nx").starts_with("````text\n"));
    }
}
