//! Attributes of kept spans, one behind the other in one piece of memory a chunk: by themselves
//! they cost more than what they say, and a text that comes again is held once.

use super::escape::repaired;
use super::span::{AttrId, ValueRef};

/// Beyond this many bytes of text, or values, another piece is begun.
const FULL: usize = 1 << 30;

/// How many texts are remembered to be found again.
const RECENT: usize = 512;

/// Longer texts are another each time.
const LONGEST: usize = 64;

/// A piece of memory that holds attributes.
#[derive(Debug, Default)]
pub struct Packed {
    /// Which attribute each value is of, and in the upper bits its kind.
    ids: Vec<u16>,
    words: Vec<u64>,
    texts: String,
    /// Where texts lie that were packed last, each in the place that its ends tell.
    recent: Vec<u64>,
}

/// Which attributes of a piece are those of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    start: u32,
    end: u32,
}

impl Range {
    /// How many there are.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

const KIND: u16 = 14;
const STR: u16 = 0;
const INT: u16 = 1;
const FLOAT: u16 = 2;
const BOOL: u16 = 3;

/// Every id is below this one, so that the kind of a value has room above it.
pub const ID_LIMIT: usize = 1 << KIND;

impl Packed {
    /// An empty one with room for so many values and bytes of text.
    pub fn with_room(values: usize, text: usize) -> Self {
        Self {
            ids: Vec::with_capacity(values),
            words: Vec::with_capacity(values),
            texts: String::with_capacity(text),
            recent: Vec::new(),
        }
    }

    /// How many values and bytes of text it holds.
    pub const fn size(&self) -> (usize, usize) {
        (self.words.len(), self.texts.len())
    }

    /// Whether another piece is to be begun.
    pub const fn is_full(&self) -> bool {
        self.texts.len() > FULL || self.words.len() > FULL
    }

    /// Where the next value goes.
    pub fn mark(&self) -> u32 {
        u32::try_from(self.words.len()).expect("a full piece takes no further span")
    }

    /// The values since that mark.
    pub fn since(&self, start: u32) -> Range {
        Range { start, end: self.mark() }
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, id: AttrId, value: ValueRef<'_>) {
        let (kind, word) = match value {
            ValueRef::Str(text) => return self.push_text(id, text.as_bytes()),
            ValueRef::Int(int) => (INT, int.cast_unsigned()),
            ValueRef::Float(float) => (FLOAT, float.to_bits()),
            ValueRef::Bool(flag) => (BOOL, u64::from(flag)),
        };
        self.ids.push(id.0 | kind << KIND);
        self.words.push(word);
    }

    /// Adds a text, its UTF-8 not yet checked; where it is wrong, repaired.
    pub fn push_text(&mut self, id: AttrId, text: &[u8]) {
        // One span may hold more than 4 GiB of text: what is beyond is left out.
        if let Some(word) = self.text(text) {
            self.ids.push(id.0 | STR << KIND);
            self.words.push(word);
        }
    }

    /// Where a text lies: its first byte and its length.
    fn text(&mut self, text: &[u8]) -> Option<u64> {
        if text.len() > LONGEST {
            return self.add(&repaired(text));
        }
        if self.recent.is_empty() {
            self.recent = vec![0; RECENT];
        }
        let place = spread(text);
        let word = self.recent[place];
        // What is equal to a text that was checked needs no check.
        if same(read(&self.texts, word).as_bytes(), text) {
            return Some(word);
        }
        let word = self.add(&repaired(text))?;
        self.recent[place] = word;
        Some(word)
    }

    fn add(&mut self, text: &str) -> Option<u64> {
        let start = u32::try_from(self.texts.len()).ok()?;
        let length = u32::try_from(text.len()).ok()?;
        self.texts.push_str(text);
        Some(u64::from(start) << 32 | u64::from(length))
    }

    /// Gives up what only serves to add values.
    pub fn finish(&mut self) {
        self.recent = Vec::new();
        self.ids.shrink_to_fit();
        self.words.shrink_to_fit();
        self.texts.shrink_to_fit();
    }

    /// The attributes of a span.
    pub fn attrs(&self, range: Range) -> Attrs<'_> {
        let range = range.start as usize..range.end as usize;
        Attrs {
            ids: self.ids.get(range.clone()).unwrap_or_default(),
            words: self.words.get(range).unwrap_or_default(),
            texts: &self.texts,
        }
    }
}

/// Whether two texts are the same: most that are compared are short, and many are one and the same.
#[inline]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() || std::ptr::eq(one, other) {
        return one.len() == other.len();
    }
    let ends = |text: &[u8]| Some((*text.first_chunk::<8>()?, *text.last_chunk::<8>()?));
    match (one.len(), ends(one), ends(other)) {
        (8..=16, Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// The text behind a word.
fn read(texts: &str, word: u64) -> &str {
    let (start, length) = ((word >> 32) as usize, (word & u64::from(u32::MAX)) as usize);
    texts.get(start..start + length).unwrap_or_default()
}

/// The place of a text among the remembered ones, told by its length and its ends.
fn spread(text: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match text.first_chunk::<8>() {
        Some(first) => (word(Some(first)), word(text.last_chunk::<8>())),
        None => (text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let mixed = last ^ first.rotate_left(29) ^ text.len() as u64;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (RECENT - 1)
}

/// The attributes of one span, in order of appearance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attrs<'a> {
    ids: &'a [u16],
    words: &'a [u64],
    texts: &'a str,
}

impl<'a> Attrs<'a> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// What tells their names, their kinds and their order from those of other spans.
    pub const fn shape(&self) -> &'a [u16] {
        self.ids
    }

    /// Their names.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = AttrId> + ExactSizeIterator + use<'a> {
        self.ids.iter().map(|id| AttrId(id & ((1 << KIND) - 1)))
    }

    /// Where an attribute stands: the last one where it was written more than once.
    pub fn place(&self, id: AttrId) -> Option<usize> {
        self.ids().rposition(|have| have == id)
    }

    /// The value in a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<ValueRef<'a>> {
        let word = *self.words.get(place)?;
        Some(match self.ids.get(place)? >> KIND {
            STR => ValueRef::Str(read(self.texts, word)),
            INT => ValueRef::Int(word.cast_signed()),
            FLOAT => ValueRef::Float(f64::from_bits(word)),
            _ => ValueRef::Bool(word != 0),
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (AttrId, ValueRef<'a>)> {
        self.ids().enumerate().filter_map(|(place, id)| Some((id, self.get(place)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_and_texts_are_held_once() {
        let long = "x".repeat(100);
        let values = [
            (AttrId(3), ValueRef::Str("gpt-4o")),
            (AttrId(16383), ValueRef::Int(-7)),
            (AttrId(0), ValueRef::Float(0.5)),
            (AttrId(1), ValueRef::Bool(true)),
            (AttrId(3), ValueRef::Str("é")),
            (AttrId(2), ValueRef::Str("")),
            (AttrId(5), ValueRef::Str(&long)),
        ];
        let mut packed = Packed::default();
        let ranges: Vec<Range> = (0..3)
            .map(|_| {
                let mark = packed.mark();
                values.iter().for_each(|(id, value)| packed.push(*id, *value));
                packed.since(mark)
            })
            .collect();
        packed.finish();
        for range in ranges {
            let attrs = packed.attrs(range);
            assert_eq!(attrs.iter().collect::<Vec<_>>(), values);
            assert_eq!((attrs.len(), range.len()), (7, 7));
            assert_eq!(attrs.place(AttrId(3)), Some(4));
            assert_eq!(attrs.place(AttrId(9)), None);
        }
        assert_eq!(packed.texts.len(), "gpt-4o".len() + "é".len() + 3 * long.len());
    }
}
