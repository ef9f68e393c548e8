//! Prices by model: a dated table that ships with the program, and any other that is given.

use crate::diagnosis::cost::Tokens;
use crate::error::{Error, Result};

/// The table that ships.
const SHIPPED: &str = include_str!("prices.csv");
/// The columns that it has.
const COLUMNS: [&str; 6] = ["model", "uncached", "cache_read", "cache_write", "output", "as_of"];

/// What a model costs, per million tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    model: String,
    uncached: f64,
    cache_read: f64,
    cache_write: f64,
    output: f64,
    /// The day on which it was looked up.
    pub as_of: String,
}

impl Price {
    /// What these tokens cost.
    pub fn of(&self, tokens: &Tokens) -> f64 {
        let sum = tokens.uncached * self.uncached
            + tokens.cache_read * self.cache_read
            + tokens.cache_write * self.cache_write
            + tokens.output * self.output;
        sum / 1e6
    }
}

/// A price table.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    rows: Vec<Price>,
}

impl Prices {
    /// The table that ships.
    pub fn shipped() -> Self {
        Self::parse("prices.csv", SHIPPED).expect("a test reads the shipped table")
    }

    /// Reads a table in the form of the shipped one.
    ///
    /// # Errors
    /// A row that lacks a figure, or a column of another name.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let help = "write it as src/cost/prices.csv: model,uncached,cache_read,cache_write,output,\
                    as_of; per million tokens";
        let wrong = |line: u64, what: &str| {
            Error::input(format!("{file}, line {line}"), format!("a price table: {what}"), help)
        };
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let head = reader.headers().map_err(|_| wrong(1, "no header"))?;
        if !head.iter().eq(COLUMNS) {
            return Err(wrong(1, &format!("its columns are not {}", COLUMNS.join(","))));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| {
                wrong(error.position().map_or(0, csv::Position::line), "a row of another length")
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let price = |at: usize, otherwise: Option<f64>| match (cell(at), otherwise) {
                ("", Some(otherwise)) => Ok(otherwise),
                (text, _) => text
                    .parse::<f64>()
                    .ok()
                    .filter(|price| price.is_finite() && *price >= 0.0)
                    .ok_or_else(|| wrong(line, &format!("{} is no price", COLUMNS[at]))),
            };
            let uncached = price(1, None)?;
            rows.push(Price {
                model: cell(0).to_lowercase(),
                uncached,
                cache_read: price(2, Some(uncached))?,
                cache_write: price(3, Some(uncached))?,
                output: price(4, None)?,
                as_of: cell(5).to_owned(),
            });
        }
        Ok(Self { rows })
    }

    /// The price of a model: that of the longest name that its own begins with. A path before the
    /// name (`models/`, `bedrock/`) does not count.
    pub fn of(&self, model: &str) -> Option<&Price> {
        let model = model.to_lowercase();
        let bare = model.rsplit(['/', ':']).next().unwrap_or(&model);
        let begins = |name: &str| {
            let named = bare.strip_prefix(name).or_else(|| model.strip_prefix(name));
            named.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
        };
        self.rows.iter().filter(|row| begins(&row.model)).max_by_key(|row| row.model.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_whole_and_dated() {
        let shipped = Prices::shipped();
        assert!(shipped.rows.len() > 20);
        for row in &shipped.rows {
            assert!(row.cache_read <= row.uncached && row.uncached < row.output, "{row:?}");
            assert_eq!(row.as_of.len(), 10, "{row:?}");
        }
    }

    #[test]
    fn a_model_is_priced_by_the_longest_name_that_it_begins_with() {
        let prices = Prices::shipped();
        let name = |model: &str| prices.of(model).map(|price| price.model.as_str());
        assert_eq!(name("gpt-4o-mini-2024-07-18"), Some("gpt-4o-mini"));
        assert_eq!(name("openai/gpt-4o"), Some("gpt-4o"));
        assert_eq!(name("GPT-4o-2024-08-06"), Some("gpt-4o"));
        assert_eq!(name("o3-mini"), Some("o3-mini"));
        assert_eq!(name("o30"), None);
        assert_eq!(name("llama-3.1-8b"), None);
    }

    #[test]
    fn a_table_that_is_none_is_named_with_its_line() {
        let head = "model,uncached,cache_read,cache_write,output,as_of\n";
        for (text, what) in [
            ("model,input\nx,1\n".to_owned(), "its columns"),
            (format!("{head}x,,,,1,2026-01-01\n"), "uncached is no price"),
            (format!("{head}x,1,,,-1,2026-01-01\n"), "output is no price"),
            (format!("{head}x,1\n"), "another length"),
        ] {
            let error = Prices::parse("mine.csv", &text).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
