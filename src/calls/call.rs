//! One row of the canonical table while it is being assembled.

use compact_str::CompactString;

use crate::schema::Col;

/// The value of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Not known.
    #[default]
    Null,
    /// Text columns.
    Text(CompactString),
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
    /// One bit for every known column.
    known: u128,
    /// Their cells, in order of column: most of the columns of most calls are null.
    cells: Vec<Cell>,
    /// Kept attributes (without the `attr.` prefix) and their values.
    pub segments: Vec<(CompactString, CompactString)>,
}

const _: () = assert!(Col::COUNT <= 128, "a column has no bit");

impl Call {
    /// The cell of a column.
    #[inline]
    pub fn get(&self, col: Col) -> &Cell {
        if self.has(col) { &self.cells[self.index(col)] } else { &Cell::Null }
    }

    /// No cell, with room for this many.
    pub fn with_room(cells: usize) -> Self {
        Self { known: 0, cells: Vec::with_capacity(cells), segments: Vec::new() }
    }

    /// The known cells, in order of column.
    pub fn cells(&self) -> impl Iterator<Item = (Col, &Cell)> {
        columns(self.known).zip(&self.cells)
    }

    /// The known cells, in order of column, and what is left of the call.
    pub fn take_cells(&mut self) -> impl Iterator<Item = (Col, Cell)> + use<> {
        columns(std::mem::take(&mut self.known)).zip(std::mem::take(&mut self.cells))
    }

    /// Whether a column is known.
    #[inline]
    pub fn has(&self, col: Col) -> bool {
        self.known & bit(col) != 0
    }

    /// Sets a cell, whatever it held. A float that is not finite becomes null.
    pub fn set(&mut self, col: Col, cell: Cell) {
        let null = match cell {
            Cell::Null => true,
            Cell::Float(float) => !float.is_finite(),
            _ => false,
        };
        let index = self.index(col);
        match (self.has(col), null) {
            (true, true) => {
                self.take(col);
            }
            (true, false) => self.cells[index] = cell,
            (false, true) => {}
            (false, false) => {
                self.cells.insert(index, cell);
                self.known |= bit(col);
            }
        }
    }

    /// Makes a cell null and returns what it held.
    pub fn take(&mut self, col: Col) -> Cell {
        if !self.has(col) {
            return Cell::Null;
        }
        let cell = self.cells.remove(self.index(col));
        self.known &= !bit(col);
        cell
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
        let news = columns(other.known & !self.known);
        for col in news.filter(|col| wanted(*col)) {
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

    /// Where the cell of a column stands among the known ones, or would.
    #[inline]
    fn index(&self, col: Col) -> usize {
        (self.known & (bit(col) - 1)).count_ones() as usize
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
