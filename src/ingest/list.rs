//! Spans in the order of the input, in the pieces in which they were read: a dump may have
//! millions, and one piece of them all would be a second copy while it is made.

use std::ops::Index;

use super::span::Span;

/// Places between those for which the piece is noted.
const STEP: usize = 1 << 9;

/// Spans in pieces.
#[derive(Debug, Default)]
pub struct SpanList {
    pieces: Vec<Vec<Span>>,
    /// The place of the first span of each piece.
    starts: Vec<usize>,
    /// The piece in which every so many-th place lies.
    steps: Vec<usize>,
    length: usize,
}

impl SpanList {
    /// Adds spans behind these.
    pub fn push(&mut self, piece: Vec<Span>) {
        if piece.is_empty() {
            return;
        }
        let index = self.pieces.len();
        self.starts.push(self.length);
        self.length += piece.len();
        self.steps.resize(self.length.div_ceil(STEP), index);
        self.pieces.push(piece);
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The span in a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<&Span> {
        let mut piece = *self.steps.get(place / STEP)?;
        while self.starts.get(piece + 1).is_some_and(|start| *start <= place) {
            piece += 1;
        }
        self.pieces.get(piece)?.get(place - self.starts.get(piece)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.pieces.iter().flatten()
    }

    /// Their pieces.
    pub fn into_pieces(self) -> Vec<Vec<Span>> {
        self.pieces
    }
}

impl Index<usize> for SpanList {
    type Output = Span;

    fn index(&self, place: usize) -> &Span {
        self.get(place).expect("a place in the list")
    }
}

impl FromIterator<Span> for SpanList {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut list = Self::default();
        list.push(spans.into_iter().collect());
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_whatever_the_pieces_are() {
        let mut list = SpanList::default();
        let mut next = 0;
        for size in [0, 1, 3, STEP - 4, STEP, 2 * STEP + 7, 1, 1, 5, 3 * STEP] {
            let piece = next..next + size as i64;
            list.push(piece.map(|start_ns| Span { start_ns, ..Span::default() }).collect());
            next += size as i64;
        }
        assert_eq!(list.len() as i64, next);
        for place in 0..list.len() {
            assert_eq!(list[place].start_ns, place as i64);
        }
        assert!(list.get(list.len()).is_none());
        assert!(list.iter().zip(0..).all(|(span, start_ns)| span.start_ns == start_ns));
        assert!(SpanList::default().get(0).is_none());
    }
}
