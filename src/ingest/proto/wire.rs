//! A checked walk over protobuf wire format: gives the fields one by one, copies nothing.

/// The payload of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Payload<'a> {
    /// Varint.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Bytes, text or a message.
    Bytes(&'a [u8]),
    /// Bytes of which the input holds only these: it ends too early.
    Cut(&'a [u8]),
}

/// The input does not go on as wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Where the walk stands.
#[derive(Debug, Clone)]
pub struct Wire<'a> {
    bytes: &'a [u8],
    /// The next byte.
    pub at: usize,
}

impl<'a> Wire<'a> {
    /// At the start of a message.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next field; none at the end of the message.
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<(u32, Payload<'a>)>, Broken> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = u32::try_from(tag >> 3).map_err(|_| Broken)?;
        if field == 0 {
            return Err(Broken);
        }
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.fixed()?)),
            5 => Payload::Fixed32(u32::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                match rest.get(..length) {
                    Some(bytes) => {
                        self.at += length;
                        Payload::Bytes(bytes)
                    }
                    None => {
                        self.at = self.bytes.len();
                        Payload::Cut(rest)
                    }
                }
            }
            _ => return Err(Broken),
        };
        Ok(Some((field, payload)))
    }

    /// A varint of at most ten bytes.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Broken> {
        // Nearly every tag and length is one byte.
        if let Some(byte) = self.bytes.get(self.at)
            && *byte < 0x80
        {
            self.at += 1;
            return Ok(u64::from(*byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(Broken)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        self.at += N;
        bytes.copied().ok_or(Broken)
    }
}
