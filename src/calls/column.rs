//! One column of the canonical table: plain vectors, and text as codes where it repeats.

use std::cmp::Ordering;
use std::collections::HashMap;

use arrow_array::{Array, StringViewArray};
use foldhash::fast::FixedState;

use super::texts::Texts;
use crate::schema::{Col, Kind};

/// Cells of one column, one a row.
#[derive(Debug, Clone)]
pub(super) enum Column {
    /// Text that is another in nearly every row.
    Text(Texts),
    /// Text that repeats.
    Coded(Codes),
    /// Seconds and ratios; null is NaN.
    Float(Vec<f64>),
    /// Tokens, counts and times.
    Int(Ints),
    /// Flags.
    Flag(Vec<Option<bool>>),
}

/// A text column as codes into its distinct values, in order of first appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// One code a row; [`Codes::NULL`] where the cell is null.
    pub codes: Vec<u32>,
    /// The distinct values.
    pub values: Vec<String>,
}

/// Integers, and which of them are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Ints {
    pub values: Vec<i64>,
    pub known: Vec<bool>,
}

impl Codes {
    /// The code of a null cell.
    pub const NULL: u32 = u32::MAX;

    /// The value in a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.codes[row];
        (code != Self::NULL).then(|| self.values[code as usize].as_str())
    }

    /// Codes of these texts.
    pub(super) fn of<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> Self {
        let mut codes = Self { codes: Vec::with_capacity(texts.size_hint().0), ..Self::default() };
        let mut known: HashMap<&str, u32, FixedState> = HashMap::default();
        for text in texts {
            let code = text
                .map_or(Self::NULL, |text| *known.entry(text).or_insert_with(|| codes.add(text)));
            codes.codes.push(code);
        }
        codes
    }

    /// Codes of these texts, of which those of one dictionary are mostly the same view: it is looked
    /// up by its text only where it is met first.
    pub(super) fn of_views(texts: &StringViewArray) -> Self {
        let mut codes = Self { codes: Vec::with_capacity(texts.len()), ..Self::default() };
        let mut known: HashMap<&str, u32, FixedState> = HashMap::default();
        let mut seen: HashMap<u128, u32, FixedState> = HashMap::default();
        let mut last = (0, Self::NULL);
        for (row, view) in texts.views().iter().enumerate() {
            // The lower half of a view's first word is the length: empty text is null.
            if *view != last.0 || texts.is_null(row) {
                let text = if texts.is_null(row) { "" } else { texts.value(row) };
                let new = || *known.entry(text).or_insert_with(|| codes.add(text));
                let code = if text.is_empty() {
                    Self::NULL
                } else {
                    *seen.entry(*view).or_insert_with(new)
                };
                last = if texts.is_null(row) { (0, Self::NULL) } else { (*view, code) };
            }
            codes.codes.push(last.1);
        }
        codes
    }

    /// Adds a value and returns its code.
    pub(super) fn add(&mut self, value: &str) -> u32 {
        self.values.push(value.to_owned());
        u32::try_from(self.values.len() - 1).expect("fewer rows than 2^32")
    }

    /// The same cells where no value is left that none holds, the others in order of appearance.
    fn renumbered(codes: impl Iterator<Item = u32>, values: &[String]) -> Self {
        let mut new = vec![Self::NULL; values.len()];
        let mut all = Self { codes: Vec::with_capacity(codes.size_hint().0), ..Self::default() };
        for old in codes {
            if old == Self::NULL {
                all.codes.push(old);
                continue;
            }
            let old = old as usize;
            if new[old] == Self::NULL {
                new[old] = all.add(&values[old]);
            }
            all.codes.push(new[old]);
        }
        all
    }
}

impl Ints {
    /// The integer in a row.
    pub fn get(&self, row: usize) -> Option<i64> {
        self.known[row].then(|| self.values[row])
    }

    /// Adds a row.
    pub fn push(&mut self, int: Option<i64>) {
        self.values.push(int.unwrap_or_default());
        self.known.push(int.is_some());
    }
}

/// Whether nearly every row has another value in a column.
pub(super) fn tells_apart(col: Col) -> bool {
    match col.info().kind {
        Kind::Seconds | Kind::Ratio | Kind::Time => true,
        Kind::Text => matches!(
            col,
            Col::TraceId | Col::SpanId | Col::ParentSpanId | Col::RequestId | Col::ResponseId
        ),
        Kind::Tokens | Kind::Count | Kind::Flag => false,
    }
}

impl Column {
    /// A column without rows; a kept attribute where it is none of the canonical ones.
    pub fn new(col: Option<Col>, room: usize) -> Self {
        match col.map_or(Kind::Text, |col| col.info().kind) {
            Kind::Text if col.is_some_and(tells_apart) => Self::Text(Texts::with_room(room)),
            Kind::Text => {
                Self::Coded(Codes { codes: Vec::with_capacity(room), values: Vec::new() })
            }
            Kind::Seconds | Kind::Ratio => Self::Float(Vec::with_capacity(room)),
            Kind::Tokens | Kind::Count | Kind::Time => Self::Int(Ints {
                values: Vec::with_capacity(room),
                known: Vec::with_capacity(room),
            }),
            Kind::Flag => Self::Flag(Vec::with_capacity(room)),
        }
    }

    /// Text of a canonical column or of a kept attribute; none where all is null.
    pub fn texts<'t>(
        col: Option<Col>,
        texts: impl Iterator<Item = Option<&'t str>>,
    ) -> Option<Self> {
        let column = if col.is_some_and(tells_apart) {
            let mut all = Texts::with_room(texts.size_hint().0);
            texts.for_each(|text| all.push(text.unwrap_or_default()));
            Self::Text(all)
        } else {
            Self::Coded(Codes::of(texts.map(|text| text.filter(|text| !text.is_empty()))))
        };
        column.known()
    }

    /// The same of texts that Arrow holds.
    pub fn views(col: Option<Col>, texts: &StringViewArray) -> Option<Self> {
        if col.is_some_and(tells_apart) {
            return Self::texts(col, texts.iter());
        }
        Self::Coded(Codes::of_views(texts)).known()
    }

    /// A seconds or ratio column; none where all is null.
    pub fn floats(floats: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        Self::Float(floats.map(|float| float.unwrap_or(f64::NAN)).collect()).known()
    }

    /// A tokens, count or time column; none where all is null.
    pub fn ints(ints: impl Iterator<Item = Option<i64>>) -> Option<Self> {
        let (values, known) = ints.map(|int| (int.unwrap_or_default(), int.is_some())).unzip();
        Self::Int(Ints { values, known }).known()
    }

    /// A flag column; none where all is null.
    pub fn flags(flags: impl Iterator<Item = Option<bool>>) -> Option<Self> {
        Self::Flag(flags.collect()).known()
    }

    /// The column, where anything is known of it: one of which nothing is known is left out, and so
    /// the table has the same columns in every form.
    pub fn known(self) -> Option<Self> {
        let known = match &self {
            Self::Text(texts) => !texts.has_none(),
            Self::Coded(codes) => !codes.values.is_empty(),
            Self::Float(floats) => floats.iter().any(|float| !float.is_nan()),
            Self::Int(ints) => ints.known.contains(&true),
            Self::Flag(flags) => flags.iter().any(Option::is_some),
        };
        known.then_some(self)
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(texts) => texts.len(),
            Self::Coded(codes) => codes.codes.len(),
            Self::Float(floats) => floats.len(),
            Self::Int(ints) => ints.values.len(),
            Self::Flag(flags) => flags.len(),
        }
    }

    /// The text in a row of a text column.
    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(texts) => texts.get(row),
            Self::Coded(codes) => codes.get(row),
            Self::Float(_) | Self::Int(_) | Self::Flag(_) => None,
        }
    }

    /// Whether anything is known in a row.
    pub fn is_known_at(&self, row: usize) -> bool {
        match self {
            Self::Text(texts) => texts.get(row).is_some(),
            Self::Coded(codes) => codes.codes[row] != Codes::NULL,
            Self::Float(floats) => !floats[row].is_nan(),
            Self::Int(ints) => ints.known[row],
            Self::Flag(flags) => flags[row].is_some(),
        }
    }

    /// Adds rows of which nothing is known.
    pub fn extend_null(&mut self, rows: usize) {
        match self {
            Self::Text(texts) => texts.extend_null(rows),
            Self::Coded(codes) => codes.codes.resize(codes.codes.len() + rows, Codes::NULL),
            Self::Float(floats) => floats.resize(floats.len() + rows, f64::NAN),
            Self::Int(ints) => {
                ints.values.resize(ints.values.len() + rows, 0);
                ints.known.resize(ints.known.len() + rows, false);
            }
            Self::Flag(flags) => flags.resize(flags.len() + rows, None),
        }
    }

    /// The rows of these places, in that order; none where nothing is known of them.
    pub fn take(&self, rows: &[u32]) -> Option<Self> {
        let rows = rows.iter().map(|row| *row as usize);
        let taken = match self {
            Self::Text(texts) => {
                let mut taken = Texts::with_room(rows.len());
                taken.reserve(texts.bytes() / texts.len().max(1) * rows.len());
                rows.for_each(|row| taken.push(texts.get(row).unwrap_or_default()));
                Self::Text(taken)
            }
            Self::Coded(codes) => {
                Self::Coded(Codes::renumbered(rows.map(|row| codes.codes[row]), &codes.values))
            }
            Self::Float(floats) => Self::Float(rows.map(|row| floats[row]).collect()),
            Self::Int(ints) => Self::Int(Ints {
                values: rows.clone().map(|row| ints.values[row]).collect(),
                known: rows.map(|row| ints.known[row]).collect(),
            }),
            Self::Flag(flags) => Self::Flag(rows.map(|row| flags[row]).collect()),
        };
        taken.known()
    }

    /// Compares two rows; null stands before anything else.
    pub fn compare(&self, one: usize, other: usize) -> Ordering {
        match self {
            Self::Text(_) | Self::Coded(_) => self.text(one).cmp(&self.text(other)),
            Self::Float(floats) => {
                let known = |row: usize| Some(floats[row]).filter(|float| !float.is_nan());
                known(one).partial_cmp(&known(other)).unwrap_or(Ordering::Equal)
            }
            Self::Int(ints) => ints.get(one).cmp(&ints.get(other)),
            Self::Flag(flags) => flags[one].cmp(&flags[other]),
        }
    }

    /// The parts of a column, one below the other; where one is missing it is null for so many
    /// rows.
    pub fn stacked(col: Option<Col>, mut parts: Vec<Option<Self>>, sizes: &[usize]) -> Self {
        if let [part @ Some(_)] = parts.as_mut_slice()
            && let Some(part) = part.take()
        {
            return part;
        }
        let mut all = Self::new(col, sizes.iter().sum());
        if let Self::Text(all) = &mut all {
            let bytes = |part: &Option<Self>| match part {
                Some(Self::Text(part)) => part.bytes(),
                _ => 0,
            };
            all.reserve(parts.iter().map(bytes).sum());
        }
        let mut known: HashMap<String, u32, FixedState> = HashMap::default();
        for (part, rows) in parts.into_iter().zip(sizes) {
            match part {
                Some(part) => all.extend(part, &mut known),
                None => all.extend_null(*rows),
            }
        }
        all
    }

    /// Adds the rows of another one of the same kind; `known` holds the codes of the values so far.
    fn extend(&mut self, other: Self, known: &mut HashMap<String, u32, FixedState>) {
        match (self, other) {
            (Self::Text(all), Self::Text(part)) => all.extend(&part),
            (Self::Coded(all), Self::Coded(part)) => {
                let mut code = |value: String| match known.get(&value) {
                    Some(code) => *code,
                    None => {
                        let code = all.add(&value);
                        known.insert(value, code);
                        code
                    }
                };
                let new: Vec<u32> = part.values.into_iter().map(&mut code).collect();
                let code = |old: &u32| new.get(*old as usize).copied().unwrap_or(Codes::NULL);
                all.codes.extend(part.codes.iter().map(code));
            }
            (Self::Float(all), Self::Float(part)) => all.extend_from_slice(&part),
            (Self::Int(all), Self::Int(part)) => {
                all.values.extend_from_slice(&part.values);
                all.known.extend_from_slice(&part.known);
            }
            (Self::Flag(all), Self::Flag(part)) => all.extend_from_slice(&part),
            // A column has one type in every part; what has not is null.
            (all, part) => all.extend_null(part.len()),
        }
    }
}

impl PartialEq for Column {
    /// Whether the same cells stand in the same rows, null equal to null.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(one), Self::Float(other)) => {
                let same =
                    |(one, other): (&f64, &f64)| one == other || one.is_nan() && other.is_nan();
                one.len() == other.len() && one.iter().zip(other).all(same)
            }
            (Self::Int(one), Self::Int(other)) => {
                one.known == other.known && one.values == other.values
            }
            (Self::Flag(one), Self::Flag(other)) => one == other,
            (Self::Text(_) | Self::Coded(_), Self::Text(_) | Self::Coded(_)) => {
                self.len() == other.len()
                    && (0..self.len()).all(|row| self.text(row) == other.text(row))
            }
            _ => false,
        }
    }
}
