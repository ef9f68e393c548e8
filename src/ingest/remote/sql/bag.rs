//! Attributes as a column holds them: the expressions that ask for them, and that send no more of
//! them than the tables of the dialects name.

use super::words::{list, name, text, tuple};
use crate::ingest::wanted::{Path, Take, Wanted};

/// A column of attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bag {
    /// A map from name to text, number or truth value.
    Map {
        /// The column.
        column: String,
        /// Whether the values are text.
        text: bool,
    },
    /// The JSON type, in which every attribute is a column of its own.
    Json {
        /// The column.
        column: String,
        /// The column that lists the names, where the exporter wrote one.
        keys: Option<String>,
    },
}

/// An array of alternatives over the pieces of a document that stands on the server.
struct Document<'w> {
    attribute: &'w str,
    paths: Vec<&'w Path>,
}

impl Bag {
    /// Whether the span carries any of these.
    pub fn has_any(&self, names: &[&str]) -> String {
        match self {
            // The names lie in a column of their own, and `mapKeys` reads the contents too wherever
            // an index is over it, as the exporter's table has one.
            Self::Map { column, .. } => format!("hasAny({column}.`keys`, {})", list(names)),
            Self::Json { keys: Some(keys), .. } => format!("hasAny({keys}, {})", list(names)),
            Self::Json { column, .. } => {
                let there = names.iter().map(|attr| format!("{column}.{} IS NOT NULL", name(attr)));
                format!("({})", there.collect::<Vec<_>>().join(" OR "))
            }
        }
    }

    /// The text of one attribute; empty where there is none.
    pub fn value(&self, attr: &str) -> String {
        match self {
            Self::Map { column, .. } => format!("{column}[{}]", text(attr)),
            Self::Json { column, .. } => {
                format!("ifNull(toString({column}.{}), '')", name(attr))
            }
        }
    }

    /// Whether the values are text, so that a document may stand in one.
    fn holds_text(&self) -> bool {
        matches!(self, Self::Map { text: true, .. } | Self::Json { .. })
    }

    /// What is sent of the column: the wanted attributes; of those of which only the presence
    /// counts, empty text; of those that hold a document, only the wanted pieces.
    pub fn kept(&self, wanted: &Wanted, documents: bool) -> String {
        let (mut whole, mut there, mut mined) = (Vec::new(), Vec::new(), Vec::new());
        for attribute in wanted.attr_names() {
            let Some(want) = wanted.attr(attribute) else { continue };
            let paths = want.take.iter().filter_map(|take| match take {
                Take::Document(paths) => Some(paths.iter().map(|(path, _)| path)),
                Take::Scalar(_) => None,
            });
            let paths: Vec<&Path> = paths.flatten().collect();
            match (want.value, paths.is_empty()) {
                (true, _) => whole.push(attribute),
                (false, true) => there.push(attribute),
                (false, false) if documents && self.holds_text() => {
                    mined.push(Document { attribute, paths });
                }
                (false, false) => {}
            }
        }
        match self {
            Self::Map { column, text } => map(column, *text, &whole, &there, &mined, self),
            Self::Json { column, .. } => json(column, &whole, &there, &mined, self),
        }
    }
}

fn map(
    column: &str,
    values_are_text: bool,
    whole: &[&str],
    there: &[&str],
    mined: &[Document<'_>],
    bag: &Bag,
) -> String {
    let mut kept = format!("mapFilter((k, v) -> k IN {}, {column})", tuple(whole));
    let mut parts = Vec::new();
    if !there.is_empty() {
        let only = format!("mapFilter((k, v) -> k IN {}, {column})", tuple(there));
        parts.push(if values_are_text {
            format!("mapApply((k, v) -> (k, ''), {only})")
        } else {
            only
        });
    }
    parts.extend(mined.iter().map(|document| {
        let there = format!("mapContains({column}, {})", text(document.attribute));
        let pieces = document.pieces(&bag.value(document.attribute));
        format!(
            "if({there}, map({}, {pieces}), CAST(map(), 'Map(String, String)'))",
            text(document.attribute)
        )
    }));
    if !parts.is_empty() {
        kept = format!("mapConcat(\n      {kept},\n      {})", parts.join(",\n      "));
    }
    kept
}

/// Every attribute that is there, made text the way that the exporter's maps have it.
fn json(column: &str, whole: &[&str], there: &[&str], mined: &[Document<'_>], bag: &Bag) -> String {
    let column_of = |attr: &&str| format!("{column}.{}", name(attr));
    let all = |names: &[&str], value: &str| {
        let columns: Vec<String> = names.iter().map(column_of).collect();
        let columns = columns.join(", ");
        format!("mapFromArrays({}, arrayMap(d -> {value}, [{columns}]))", list(names))
    };
    let mut parts = vec![all(
        whole,
        "multiIf(dynamicType(d) = 'None', NULL, startsWith(dynamicType(d), 'Array'), \
         toJSONString(d), CAST(d, 'Nullable(String)'))",
    )];
    if !there.is_empty() {
        parts.push(all(there, "if(dynamicType(d) = 'None', NULL, '')"));
    }
    parts.extend(mined.iter().map(|document| {
        let there = column_of(&document.attribute);
        let pieces = document.pieces(&bag.value(document.attribute));
        format!("map({}, if({there} IS NULL, NULL, {pieces}))", text(document.attribute))
    }));
    let all = match parts.as_slice() {
        [only] => only.clone(),
        several => format!("mapConcat(\n      {})", several.join(",\n      ")),
    };
    format!("CAST(mapFilter((k, v) -> v IS NOT NULL, {all}), 'Map(String, String)')")
}

impl Document<'_> {
    /// A document of the wanted pieces alone. A Python literal is made JSON first; of a text that
    /// is neither nothing is sent.
    fn pieces(&self, value: &str) -> String {
        let literal = format!("multiIf(isValidJSON({value}), {value}, {})", python(value));
        let pieces = self.paths.iter().map(|path| {
            let (mut open, mut close, mut steps) = (String::new(), String::new(), String::new());
            for key in *path {
                if &**key == "*" {
                    open.push('[');
                    close.insert(0, ']');
                    steps.push_str(", 1");
                } else {
                    open.push_str(&format!("{{\"{key}\":"));
                    close.insert(0, '}');
                    steps.push_str(&format!(", {}", text(key)));
                }
            }
            // The pieces are members of one object, whose braces stand around all of them.
            let open = open.strip_prefix('{').unwrap_or(&open).to_owned();
            let close = close.strip_suffix('}').unwrap_or(&close).to_owned();
            format!("({}, JSONExtractRaw(d{steps}), {})", text(&open), text(&close))
        });
        format!(
            "arrayMap(d -> concat('{{', arrayStringConcat(arrayMap(p -> concat(p.1, p.2, p.3), \
             arrayFilter(p -> p.2 != '', [{}])), ','), '}}'), [{literal}])[1]",
            pieces.collect::<Vec<_>>().join(", ")
        )
    }
}

/// The text of a Python literal as JSON, where quotes and words are all that differ.
fn python(value: &str) -> String {
    format!(
        "replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceAll({value}, '\\'', '\"'), \
         '\\\\bNone\\\\b', 'null'), '\\\\bTrue\\\\b', 'true'), '\\\\bFalse\\\\b', 'false')"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::wanted::Keep;

    fn wanted() -> Wanted {
        let mut wanted = Wanted::default();
        wanted.want_attr("model", Keep::Never);
        wanted.want_presence("raw", Keep::Always);
        wanted.want_path("output", &["usage", "in"], Keep::Never);
        wanted.want_path("output", &["choices", "*", "why"], Keep::Never);
        wanted
    }

    #[test]
    fn contents_are_neither_named_whole_nor_sent_whole() {
        let bag = Bag::Map { column: "t.A".to_owned(), text: true };
        let kept = bag.kept(&wanted(), true);
        assert!(kept.contains("mapFilter((k, v) -> k IN ('model'), t.A)"), "{kept}");
        assert!(
            kept.contains("mapApply((k, v) -> (k, ''), mapFilter((k, v) -> k IN ('raw'), t.A))")
        );
        assert!(kept.contains("('\"usage\":{\"in\":', JSONExtractRaw("), "{kept}");
        assert!(kept.contains(", 'choices', 1, 'why'), ']')") || kept.contains("'}]')"), "{kept}");
    }

    #[test]
    fn a_map_of_numbers_holds_no_documents() {
        let bag = Bag::Map { column: "t.N".to_owned(), text: false };
        assert!(!bag.kept(&wanted(), true).contains("JSONExtract"));
    }

    #[test]
    fn the_json_type_is_asked_by_path() {
        let bag = Bag::Json { column: "t.A".to_owned(), keys: None };
        assert_eq!(bag.has_any(&["a.b"]), "(t.A.`a.b` IS NOT NULL)");
        let bag = Bag::Json { column: "t.A".to_owned(), keys: Some("t.K".to_owned()) };
        assert_eq!(bag.has_any(&["a.b"]), "hasAny(t.K, ['a.b'])");
    }
}
