//! Text in columns of a fixed-width page: cut, padded, wrapped.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Binds a figure to its unit while lines are being broken; a blank in what comes out.
pub const UNBROKEN: char = '\u{a0}';

/// The text, cut with an ellipsis where it is wider than `room` columns.
pub fn fit(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = UnicodeWidthChar::width(character).unwrap_or(0);
        if used + wide + 1 > room {
            break;
        }
        used += wide;
        out.push(character);
    }
    out.push('…');
    out
}

/// The text padded with blanks to `room` columns.
pub fn pad(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(text.width())))
}

/// The text padded on its left to `room` columns.
pub fn pad_left(text: &str, room: usize) -> String {
    format!("{}{text}", " ".repeat(room.saturating_sub(text.width())))
}

/// The text in lines of at most `room` columns; a figure stays with its unit, and a word longer
/// than a line is broken.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let mut word = word;
        let used = lines.last().map_or(0, |line| line.width());
        let gap = usize::from(used > 0);
        if used + gap + word.width() > room && used > 0 {
            lines.push(String::new());
        }
        while word.width() > room {
            let head: String = head_of(&word, room);
            word = word.chars().skip(head.chars().count()).collect();
            place(&mut lines, &head);
            lines.push(String::new());
        }
        place(&mut lines, &word);
    }
    lines.into_iter().map(|line| line.replace(UNBROKEN, " ")).collect()
}

/// The text with each figure bound to its unit by [`UNBROKEN`].
pub fn unparted(text: &str) -> String {
    words(text).join(" ")
}

fn place(lines: &mut [String], word: &str) {
    if let Some(line) = lines.last_mut() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
}

fn head_of(word: &str, room: usize) -> String {
    let mut used = 0;
    let fits = |character: &char| {
        used += UnicodeWidthChar::width(*character).unwrap_or(0);
        used <= room
    };
    word.chars().take_while(fits).collect()
}

/// Words, a number and its unit counting as one.
fn words(text: &str) -> Vec<String> {
    const UNITS: [&str; 5] = ["%", "ms", "s", "min", "h"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches([',', '.', ';', ':', ')', ']']);
        let unit = UNITS.contains(&bare);
        match words.last_mut() {
            Some(last)
                if unit && last.ends_with(|end: char| end.is_ascii_digit() || end == ']') =>
            {
                last.push(UNBROKEN);
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_not_parted_from_its_unit() {
        assert_eq!(wrap("rose to 2,020 ms, then held", 13), ["rose to", "2,020 ms,", "then held"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        assert_eq!(wrap("ab abcdefghij k", 4), ["ab", "abcd", "efgh", "ij k"]);
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(wrap("模型模型 ab", 5), ["模型", "模型", "ab"]);
        assert_eq!(fit("模型模型", 5), "模型…");
    }
}
