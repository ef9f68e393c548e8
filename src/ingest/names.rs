//! Values by attribute name, looked up once for every attribute of every span: most names are not
//! among them, and end at an empty place of the table without being compared.

/// Values by name.
#[derive(Debug, Clone)]
pub struct Names<T> {
    entries: Vec<(Box<[u8]>, T)>,
    /// Indices of entries, each at the first place from its own on that was free; a power of two.
    places: Vec<u16>,
}

/// Nothing lies in a place.
const FREE: u16 = u16::MAX;

/// Places for each entry at least, so that few names meet others.
const ROOM: usize = 4;

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: vec![FREE; 64] }
    }
}

impl<T> Names<T> {
    /// The value of a name.
    #[inline]
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        self.entries.get(self.find(name)?).map(|(_, value)| value)
    }

    #[inline]
    fn find(&self, name: &[u8]) -> Option<usize> {
        let mut place = place(name, self.places.len());
        loop {
            let at = usize::from(*self.places.get(place)?);
            // An index that lies in no entry is that of a free place.
            if *self.entries.get(at)?.0 == *name {
                return Some(at);
            }
            place = (place + 1) % self.places.len();
        }
    }

    /// The value of a name, made where there is none yet.
    pub fn entry(&mut self, name: &[u8], new: impl FnOnce() -> T) -> &mut T {
        let known = self.find(name);
        let at = known.unwrap_or_else(|| {
            self.entries.push((name.into(), new()));
            if self.entries.len() * ROOM > self.places.len() {
                self.places = vec![FREE; self.places.len() * 2];
                (0..self.entries.len()).for_each(|at| self.lay(at));
            } else {
                self.lay(self.entries.len() - 1);
            }
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }

    /// Every name, in order of insertion.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|(name, _)| &**name)
    }

    fn lay(&mut self, at: usize) {
        let size = self.places.len();
        let mut place = place(&self.entries[at].0, size);
        while self.places[place] != FREE {
            place = (place + 1) % size;
        }
        self.places[place] = u16::try_from(at).expect("fewer than 65,535 wanted names");
    }
}

/// Where a name belongs among so many places, told by its length and its ends.
#[inline]
fn place(name: &[u8], places: usize) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match name.first_chunk::<8>() {
        Some(first) => (word(Some(first)), word(name.last_chunk::<8>())),
        None => (name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let mixed =
        (last ^ first.rotate_left(29) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The upper bits are the ones that every byte reaches.
    (mixed >> 40) as usize & (places - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let name = |at: usize| format!("gen_ai.{at}.usage").into_bytes();
        let mut names = Names::default();
        assert_eq!(names.get(b"gen_ai"), None);
        for at in 0..1000 {
            *names.entry(&name(at), || 0) += at;
            *names.entry(&name(at), || 0) += 1;
        }
        for at in 0..1000 {
            assert_eq!(names.get(&name(at)), Some(&(at + 1)));
            assert_eq!(names.get(&name(at + 1000)), None);
        }
        for short in ["", "a", "ab", "abcdefg"] {
            assert_eq!(names.get(short.as_bytes()), None);
            names.entry(short.as_bytes(), || 7);
            assert_eq!(names.get(short.as_bytes()), Some(&7));
        }
        assert_eq!(names.names().count(), 1004);
    }
}
