//! One row of the canonical table while it is being assembled.

use crate::schema::Col;

/// The value of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Not known.
    #[default]
    Null,
    /// Text columns.
    Text(Box<str>),
    /// Seconds and ratios; always finite.
    Float(f64),
    /// Tokens, counts, and the start in nanoseconds since the epoch.
    Int(i64),
    /// Flags.
    Bool(bool),
}

/// One call: a cell for each column, and the kept attributes to slice by.
#[derive(Debug, Clone)]
pub struct Call {
    cells: Box<[Cell]>,
    /// Kept attributes (without the `attr.` prefix) and their values.
    pub segments: Vec<(Box<str>, Box<str>)>,
}

impl Default for Call {
    fn default() -> Self {
        Self { cells: vec![Cell::Null; Col::COUNT].into(), segments: Vec::new() }
    }
}

impl Call {
    /// The cell of a column.
    pub fn get(&self, col: Col) -> &Cell {
        &self.cells[col as usize]
    }

    /// Sets a cell, whatever it held. A float that is not finite becomes null.
    pub fn set(&mut self, col: Col, cell: Cell) {
        let finite = !matches!(cell, Cell::Float(float) if !float.is_finite());
        self.cells[col as usize] = if finite { cell } else { Cell::Null };
    }

    /// Sets a text cell; empty text is null.
    pub fn set_text(&mut self, col: Col, text: &str) {
        let cell = if text.is_empty() { Cell::Null } else { Cell::Text(text.into()) };
        self.set(col, cell);
    }

    /// Takes from `other` every cell that is null here.
    pub fn fill_from(&mut self, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            if matches!(mine, Cell::Null) {
                mine.clone_from(theirs);
            }
        }
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
        match self.get(col) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value in a flag column.
    pub fn flag(&self, col: Col) -> Option<bool> {
        match self.get(col) {
            Cell::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}
