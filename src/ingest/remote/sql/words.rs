//! Names and text as ClickHouse reads them, so that nothing in them is read as SQL.

/// A text literal.
pub fn text(text: &str) -> String {
    format!("'{}'", escaped(text, '\''))
}

/// A name of a table, column or path.
pub fn name(name: &str) -> String {
    format!("`{}`", escaped(name, '`'))
}

/// An array of text literals.
pub fn list(items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| text(item)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A tuple of text literals, to look for a value in.
pub fn tuple(items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| text(item)).collect();
    format!("({})", quoted.join(", "))
}

fn escaped(text: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\0' => escaped.push_str("\\0"),
            c if c == quote => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_end_early() {
        assert_eq!(text("a'b\\c"), "'a\\'b\\\\c'");
        assert_eq!(name("a`b"), "`a\\`b`");
        assert_eq!(list(&["a", "b"]), "['a', 'b']");
    }
}
