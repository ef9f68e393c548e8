//! One row of the canonical table while it is being assembled.

use std::borrow::Cow;

use compact_str::CompactString;

use crate::ingest::Span;
use crate::schema::Col;

/// The value of one column.
#[derive(Debug, Clone, Default)]
pub enum Cell<'a> {
    /// Not known.
    #[default]
    Null,
    /// Text columns.
    Text(CompactString),
    /// Text columns, where the text lies in the span that was read, as most of it does.
    Lent(&'a str),
    /// Seconds and ratios; always finite.
    Float(f64),
    /// Tokens, counts, and the start in nanoseconds since the epoch.
    Int(i64),
    /// Flags.
    Bool(bool),
}

impl<'a> Cell<'a> {
    /// The text, where it is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Lent(text) => Some(text),
            _ => None,
        }
    }

    /// The value, its text held as it is told.
    pub fn held<'h>(self, hold: impl Fn(Cow<'a, str>) -> Cow<'h, str>) -> Cell<'h> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Lent(text) => Cell::of(hold(Cow::Borrowed(text))),
            Self::Float(float) => Cell::Float(float),
            Self::Int(int) => Cell::Int(int),
            Self::Bool(flag) => Cell::Bool(flag),
        }
    }

    /// A text that lies elsewhere, or one made of it.
    pub fn of(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed("") => Self::Null,
            Cow::Borrowed(text) => Self::Lent(text),
            Cow::Owned(text) if text.is_empty() => Self::Null,
            Cow::Owned(text) => Self::Text(text.into()),
        }
    }
}

impl PartialEq for Cell<'_> {
    /// The same value, wherever its text lies.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Float(one), Self::Float(other)) => one == other,
            (Self::Int(one), Self::Int(other)) => one == other,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            _ => self.text().is_some() && self.text() == other.text(),
        }
    }
}

/// Which span a row is, told by that span alone and never taken from another.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The span.
    pub span: &'a Span,
    /// Name of its scope.
    pub scope: &'a str,
    /// The table that reads it.
    pub dialect: &'static str,
    /// When the call started, nanoseconds since the epoch.
    pub start_ns: i64,
}

/// Some columns.
#[derive(Debug, Clone, Copy)]
pub struct Cols(u128);

impl Cols {
    /// Every one.
    pub const ALL: Self = Self(u128::MAX);

    /// These.
    pub const fn of(cols: &[Col]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < cols.len() {
            bits |= bit(cols[at]);
            at += 1;
        }
        Self(bits)
    }

    /// Those without this one.
    pub const fn without(self, col: Col) -> Self {
        Self(self.0 & !bit(col))
    }
}

/// One call: the cells that are known, and the kept attributes to slice by.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// One bit for every known column.
    known: u128,
    /// Where the cell of each column stands that was ever known.
    places: [u8; Col::COUNT],
    /// The cells, in the order in which they came: most of the columns of most calls are null.
    cells: Vec<Cell<'a>>,
    /// Kept attributes (without the `attr.` prefix) and their values.
    pub segments: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

const _: () = assert!(Col::COUNT <= 128, "a column has no bit");

/// The place of a column that was never known.
const NOWHERE: u8 = u8::MAX;

impl Default for Call<'_> {
    fn default() -> Self {
        Self::with_room(0)
    }
}

impl<'a> Call<'a> {
    /// The cell of a column.
    #[inline]
    pub fn get(&self, col: Col) -> &Cell<'a> {
        self.cells.get(usize::from(self.places[col as usize])).unwrap_or(&Cell::Null)
    }

    /// No cell, with room for this many.
    pub fn with_room(cells: usize) -> Self {
        let places = [NOWHERE; Col::COUNT];
        Self { known: 0, places, cells: Vec::with_capacity(cells), segments: Vec::new() }
    }

    /// The known cells, in order of column.
    pub fn cells(&self) -> impl Iterator<Item = (Col, &Cell<'a>)> {
        columns(self.known).map(|col| (col, self.get(col)))
    }

    /// Whether a column is known.
    #[inline]
    pub fn has(&self, col: Col) -> bool {
        self.known & bit(col) != 0
    }

    /// Sets a cell, whatever it held. A float that is not finite becomes null.
    pub fn set(&mut self, col: Col, cell: Cell<'a>) {
        let null = match cell {
            Cell::Null => true,
            Cell::Float(float) => !float.is_finite(),
            _ => false,
        };
        if null {
            self.take(col);
            return;
        }
        self.known |= bit(col);
        let place = &mut self.places[col as usize];
        if let Some(had) = self.cells.get_mut(usize::from(*place)) {
            *had = cell;
        } else {
            *place = u8::try_from(self.cells.len()).expect("one cell a column at most");
            self.cells.push(cell);
        }
    }

    /// Makes a cell null and returns what it held.
    pub fn take(&mut self, col: Col) -> Cell<'a> {
        self.known &= !bit(col);
        let cell = self.cells.get_mut(usize::from(self.places[col as usize]));
        cell.map(std::mem::take).unwrap_or_default()
    }

    /// Sets a text cell; empty text is null.
    pub fn set_text(&mut self, col: Col, text: &str) {
        let cell = if text.is_empty() { Cell::Null } else { Cell::Text(text.into()) };
        self.set(col, cell);
    }

    /// Sets a text cell that is always the same.
    pub fn set_word(&mut self, col: Col, word: &'static str) {
        self.set(col, Cell::Lent(word));
    }

    /// Takes from `other` those cells that are null here and whose column is wanted.
    pub fn fill_where(&mut self, other: &Self, wanted: Cols) {
        for col in columns(other.known & !self.known & wanted.0) {
            self.set(col, other.get(col).clone());
        }
    }

    /// Takes from `other` the kept attributes that are absent here.
    pub fn fill_segments(&mut self, other: &Self) {
        for (name, value) in &other.segments {
            if !self.segments.iter().any(|(have, _)| have == name) {
                self.segments.push((name.clone(), value.clone()));
            }
        }
    }

    /// The number in a seconds, ratio, tokens or count column.
    pub fn number(&self, col: Col) -> Option<f64> {
        match self.get(col) {
            Cell::Float(float) => Some(*float),
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            Cell::Int(int) => Some(*int as f64),
            _ => None,
        }
    }

    /// The integer in a tokens, count or time column.
    pub fn int(&self, col: Col) -> Option<i64> {
        match self.get(col) {
            Cell::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The text in a text column.
    pub fn text(&self, col: Col) -> Option<&str> {
        self.get(col).text()
    }

    /// The truth value in a flag column.
    pub fn flag(&self, col: Col) -> Option<bool> {
        match self.get(col) {
            Cell::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}

#[inline]
const fn bit(col: Col) -> u128 {
    1 << col as u8
}

/// The columns of these bits, in order.
fn columns(mut bits: u128) -> impl Iterator<Item = Col> {
    std::iter::from_fn(move || {
        let col = Col::at(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(col)
    })
}
