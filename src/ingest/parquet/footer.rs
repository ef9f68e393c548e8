//! A look through a Parquet footer before the library believes it: lists and maps that claim more
//! elements than the footer has bytes, which the library would step over one by one.

/// How deep structures lie in each other at most; the library goes no deeper.
const MAX_DEPTH: u32 = 64;

/// Why a walk ends before the footer does.
enum End {
    /// More elements than bytes.
    Absurd,
    /// Something that the library may judge.
    Odd,
}

/// Whether the footer of a file claims more elements than it can hold.
pub(super) fn is_absurd(file: &[u8]) -> bool {
    let Some((rest, magic)) = file.split_last_chunk::<4>() else { return false };
    let Some((rest, length)) = rest.split_last_chunk::<4>() else { return false };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let Some(start) = rest.len().checked_sub(length) else { return false };
    let footer = rest.get(start..).unwrap_or_default();
    let mut walk = Walk { bytes: footer, elements: footer.len() };
    magic == b"PAR1" && matches!(walk.value(STRUCT, 0), Err(End::Absurd))
}

const STRUCT: u8 = 12;

/// Thrift's compact protocol.
struct Walk<'b> {
    bytes: &'b [u8],
    /// How many elements may still come.
    elements: usize,
}

impl Walk<'_> {
    fn value(&mut self, kind: u8, depth: u32) -> Result<(), End> {
        if depth > MAX_DEPTH {
            return Err(End::Odd);
        }
        match kind {
            // A flag lies in its field's header.
            1 | 2 => Ok(()),
            3 => self.take(1),
            4..=6 => self.varint().map(drop),
            7 => self.take(8),
            8 => {
                let length = self.varint()?;
                self.take(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let size = if head >> 4 == 15 { self.varint()? } else { usize::from(head >> 4) };
                self.each(size, &[head & 15], depth)
            }
            11 => {
                let size = self.varint()?;
                let kinds = if size > 0 { self.byte()? } else { 0 };
                self.each(size, &[kinds >> 4, kinds & 15], depth)
            }
            STRUCT => loop {
                let head = self.byte()?;
                if head & 15 == 0 {
                    return Ok(());
                }
                if head >> 4 == 0 {
                    self.varint()?;
                }
                self.value(head & 15, depth + 1)?;
            },
            13 => self.take(16),
            _ => Err(End::Odd),
        }
    }

    fn each(&mut self, size: usize, kinds: &[u8], depth: u32) -> Result<(), End> {
        self.elements = self.elements.checked_sub(size).ok_or(End::Absurd)?;
        for _ in 0..size {
            for kind in kinds {
                self.value(*kind, depth + 1)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<(), End> {
        self.bytes = self.bytes.get(length..).ok_or(End::Odd)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, End> {
        let (first, rest) = self.bytes.split_first().ok_or(End::Odd)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<usize, End> {
        let mut value = 0_usize;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(value);
            }
        }
        Err(End::Odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(footer: &[u8]) -> Vec<u8> {
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        [b"PAR1", footer, &length, b"PAR1"].concat()
    }

    #[test]
    fn a_list_of_a_billion_flags_in_a_few_bytes_is_absurd_and_a_short_one_is_not() {
        // The first field is a list of flags, of this length.
        assert!(is_absurd(&file(&[0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x03, 0])));
        assert!(!is_absurd(&file(&[0x19, 0x31, 0])));
        assert!(is_absurd(&file(&[0x1b, 0xff, 0xff, 0xff, 0xff, 0x03, 0x11, 0])));
        assert!(!is_absurd(b"PAR1"));
    }
}
