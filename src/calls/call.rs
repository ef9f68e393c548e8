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

/// One call: the cells that are known, and the kept attributes to slice by.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Known cells only, in order of column: most of the columns of most calls are null.
    cells: Vec<(Col, Cell)>,
    /// Kept attributes (without the `attr.` prefix) and their values.
    pub segments: Vec<(Box<str>, Box<str>)>,
}

impl Call {
    /// The cell of a column.
    pub fn get(&self, col: Col) -> &Cell {
        match self.position(col) {
            Ok(index) => &self.cells[index].1,
            Err(_) => &Cell::Null,
        }
    }

    /// No cell, with room for this many.
    pub fn with_room(cells: usize) -> Self {
        Self { cells: Vec::with_capacity(cells), segments: Vec::new() }
    }

    /// The known cells, in order of column.
    pub fn cells(&self) -> &[(Col, Cell)] {
        &self.cells
    }

    /// Whether a column is known.
    pub fn has(&self, col: Col) -> bool {
        self.position(col).is_ok()
    }

    /// Sets a cell, whatever it held. A float that is not finite becomes null.
    pub fn set(&mut self, col: Col, cell: Cell) {
        let null = match cell {
            Cell::Null => true,
            Cell::Float(float) => !float.is_finite(),
            _ => false,
        };
        match (self.position(col), null) {
            (Ok(index), true) => {
                self.cells.remove(index);
            }
            (Ok(index), false) => self.cells[index].1 = cell,
            (Err(_), true) => {}
            (Err(index), false) => self.cells.insert(index, (col, cell)),
        }
    }

    /// Makes a cell null and returns what it held.
    pub fn take(&mut self, col: Col) -> Cell {
        match self.position(col) {
            Ok(index) => self.cells.remove(index).1,
            Err(_) => Cell::Null,
        }
    }

    /// Sets a text cell; empty text is null.
    pub fn set_text(&mut self, col: Col, text: &str) {
        let cell = if text.is_empty() { Cell::Null } else { Cell::Text(text.into()) };
        self.set(col, cell);
    }

    /// Takes from `other` every cell that is null here.
    pub fn fill_from(&mut self, other: &Self) {
        self.fill_where(other, |_| true);
        self.fill_segments(other);
    }

    /// Takes from `other` those cells that are null here and whose column is wanted.
    pub fn fill_where(&mut self, other: &Self, wanted: impl Fn(Col) -> bool) {
        for (col, cell) in &other.cells {
            if wanted(*col) && !self.has(*col) {
                self.set(*col, cell.clone());
            }
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

    fn position(&self, col: Col) -> Result<usize, usize> {
        self.cells.binary_search_by_key(&col, |(have, _)| *have)
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
