//! Maps and lists as Python and ClickHouse print them, with single quotes, as JSON.

/// The JSON of a literal with single quotes; none where the text is no such literal.
pub(super) fn to_json(text: &str) -> Option<String> {
    let looks = ["{'", "['", "[{'", "{}", "[{}"].iter().any(|start| text.starts_with(start));
    if !looks {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '\'' | '"' => rest = string(rest, first, &mut out)?,
            'A'..='Z' | 'a'..='z' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                out.push_str(match word {
                    "True" | "true" => "true",
                    "False" | "false" => "false",
                    "None" | "null" | "NULL" | "nan" => "null",
                    _ => return None,
                });
                rest = behind;
            }
            other => {
                out.push(other);
                rest = rest.get(other.len_utf8()..)?;
            }
        }
    }
    Some(out)
}

/// Takes a string literal off the front.
fn string<'t>(text: &'t str, quote: char, out: &mut String) -> Option<&'t str> {
    let mut inside = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                'n' => inside.push('\n'),
                't' => inside.push('\t'),
                'r' => inside.push('\r'),
                other => inside.push(other),
            },
            c if c == quote => {
                out.push_str(&serde_json::to_string(&inside).ok()?);
                return text.get(at + c.len_utf8()..);
            }
            c => inside.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_json_and_other_text_stays() {
        let json = to_json(r"{'a':'it\'s','b':[1,2.5],'c':True,'d':None}").unwrap();
        assert_eq!(json, r#"{"a":"it's","b":[1,2.5],"c":true,"d":null}"#);
        assert_eq!(to_json("[{'a':'b'},{}]").unwrap(), r#"[{"a":"b"},{}]"#);
        for text in ["plain", r#"{"a":1}"#, "{'a': object()}", "{'cut"] {
            assert_eq!(to_json(text), None, "{text}");
        }
    }
}
