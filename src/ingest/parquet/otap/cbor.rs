//! CBOR to JSON text: how OTAP stores the values of attributes that are arrays or maps.

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 16;

/// The JSON of one CBOR item; nothing where it is damaged, goes too deep or has another type.
pub(super) fn json(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader { bytes, out: String::new() };
    reader.item(0)?;
    Some(reader.out)
}

struct Reader<'b> {
    bytes: &'b [u8],
    out: String,
}

impl Reader<'_> {
    fn item(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (major, argument) = self.head()?;
        match (major, argument) {
            (0, Some(number)) => self.out.push_str(&number.to_string()),
            (1, Some(number)) => {
                let number = i64::try_from(number).ok()?.checked_neg()?.checked_sub(1)?;
                self.out.push_str(&number.to_string());
            }
            (2, Some(length)) => {
                self.take(length)?;
                self.out.push_str("null");
            }
            (3, Some(length)) => {
                let text = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
                self.quoted(&text);
            }
            (4, length) => self.sequence(length, depth, false)?,
            (5, length) => self.sequence(length, depth, true)?,
            (6, Some(_)) => self.item(depth + 1)?,
            (8, None) => {}
            _ => return None,
        }
        Some(())
    }

    /// The major type and the argument; simple values and floats are written at once as type 8.
    fn head(&mut self) -> Option<(u8, Option<u64>)> {
        let [first] = self.array()?;
        let (major, low) = (first >> 5, first & 0x1f);
        if major == 7 {
            self.simple(low)?;
            return Some((8, None));
        }
        let argument = match low {
            0..=23 => u64::from(low),
            24 => u64::from(u8::from_be_bytes(self.array()?)),
            25 => u64::from(u16::from_be_bytes(self.array()?)),
            26 => u64::from(u32::from_be_bytes(self.array()?)),
            27 => u64::from_be_bytes(self.array()?),
            31 => return Some((major, None)),
            _ => return None,
        };
        Some((major, Some(argument)))
    }

    fn simple(&mut self, low: u8) -> Option<()> {
        let float = match low {
            20 | 21 => {
                self.out.push_str(if low == 21 { "true" } else { "false" });
                return Some(());
            }
            26 => f64::from(f32::from_be_bytes(self.array()?)),
            27 => f64::from_be_bytes(self.array()?),
            25 => {
                let _: [u8; 2] = self.array()?;
                f64::NAN
            }
            22 | 23 => f64::NAN,
            _ => return None,
        };
        let finite = float.is_finite().then(|| format!("{float:?}"));
        self.out.push_str(finite.as_deref().unwrap_or("null"));
        Some(())
    }

    fn sequence(&mut self, length: Option<u64>, depth: usize, map: bool) -> Option<()> {
        self.out.push(if map { '{' } else { '[' });
        let mut count = 0;
        while length.is_none_or(|length| count < length) {
            if length.is_none() && self.bytes.first() == Some(&0xff) {
                self.take(1)?;
                break;
            }
            if count > 0 {
                self.out.push(',');
            }
            if map {
                let (3, Some(length)) = self.head()? else { return None };
                let key = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
                self.quoted(&key);
                self.out.push(':');
            }
            self.item(depth + 1)?;
            count += 1;
        }
        self.out.push(if map { '}' } else { ']' });
        Some(())
    }

    fn quoted(&mut self, text: &str) {
        let text = serde_json::to_string(text).expect("text is always a JSON string");
        self.out.push_str(&text);
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*array)
    }

    fn take(&mut self, length: u64) -> Option<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(length).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_become_json() {
        let cases: [(&[u8], &str); 7] = [
            (&[0x82, 0x64, b's', b't', b'o', b'p', 0x20], r#"["stop",-1]"#),
            (&[0x9f, 0x01, 0xff], "[1]"),
            (&[0xa1, 0x61, b'a', 0xf5], r#"{"a":true}"#),
            (&[0x81, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "[1.5]"),
            (&[0x19, 0x01, 0x00], "256"),
            (&[0xf6], "null"),
            (&[0x42, 1, 2], "null"),
        ];
        for (bytes, text) in cases {
            assert_eq!(json(bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn damage_and_depth_give_nothing() {
        for bytes in [&[][..], &[0x63, b'a'], &[0x9b, 0xff, 0xff], &[0x81; 40], &[0xff], &[0x1f]] {
            assert_eq!(json(bytes), None, "{bytes:?}");
        }
        assert_eq!(json(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
