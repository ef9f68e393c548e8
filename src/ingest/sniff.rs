//! What a stream holds, judged by its first bytes and never by its name: yes, no, or not yet.

use memchr::memchr;

use super::CanonicalFormat;
use super::json::{Members, Pull};
use super::layouts::mapper::MapRule;
use super::proto::wire::{Payload, Wire};
use super::rows::{self, Form, Seen};

/// How many bytes are looked at first.
pub const HEAD: usize = 64 << 10;

/// How far the head grows where it does not suffice.
pub const MAX_HEAD: usize = 32 << 20;

/// How many records are looked into.
const LOOK: usize = 64;

/// What the content is, and so how it is cut into chunks and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// JSON, a value or several on each line.
    JsonLines,
    /// JSON, its values over any number of lines.
    JsonValues,
    /// A bare protobuf export request, or several concatenated.
    Proto,
    /// Messages behind 4-byte big-endian lengths, as the collector's file exporter writes them.
    Frames,
    /// Messages behind varint lengths.
    Delimited,
    /// Parquet.
    Parquet,
    /// Rows of some other tool's spans or calls, as text.
    Rows(Form),
    /// llmspan's own table as text.
    Canonical(CanonicalFormat),
}

impl Shape {
    /// Whether it can only be read as a whole.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Parquet | Self::Rows(_) | Self::Canonical(_))
    }

    /// How the report names it.
    pub const fn format(self) -> &'static str {
        match self {
            Self::JsonLines | Self::JsonValues => "otlp_json",
            Self::Proto => "otlp_proto",
            Self::Frames => "otlp frames",
            Self::Delimited => "otlp_proto delimited",
            Self::Parquet => "parquet",
            Self::Rows(form) => form.format(),
            Self::Canonical(_) => "llmspan table",
        }
    }
}

/// What the head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This.
    Is(Shape),
    /// Something that is not read: what it is.
    Not(&'static str),
    /// More bytes would tell.
    NotYet,
}

/// The compression that the bytes begin with.
pub fn compression(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        // A skippable frame of zstd.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some("zstd"),
        _ => None,
    }
}

/// What content with this head is; `complete` where the head is all of it.
pub fn sniff(head: &[u8], complete: bool, map: &[MapRule]) -> Answer {
    match head {
        [b'P', b'A', b'R', b'1', ..] => return Answer::Is(Shape::Parquet),
        [b'P', b'A', b'R', b'E', ..] => return Answer::Not("encrypted Parquet"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => return Answer::Not("an Arrow IPC file"),
        [b'O', b'b', b'j', 1, ..] => return Answer::Not("an Avro file"),
        [b'P', b'K', 3, 4, ..] => return Answer::Not("a zip archive"),
        [b'B', b'Z', b'h', ..] => return Answer::Not("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => return Answer::Not("xz"),
        _ if head.starts_with(b"SQLite format 3\0") => return Answer::Not("an SQLite database"),
        _ if head.get(257..262) == Some(b"ustar") => return Answer::Not("a tar archive"),
        _ => {}
    }
    // The tag of the only field of a request is a newline, and a length may be white space too.
    if head.first().is_some_and(u8::is_ascii_whitespace)
        && !head.trim_ascii_start().is_empty()
        && let Some(answer) = protobuf(head, complete)
    {
        return answer;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None if complete => Answer::Not("nothing but white space"),
        None => Answer::NotYet,
        Some(b'{' | b'[' | 0x1e) => json(text, complete, map),
        Some(_) if text.starts_with(b"data:") => Answer::Is(Shape::JsonLines),
        Some(_) => protobuf(head, complete).unwrap_or_else(|| other_text(text, map)),
    }
}

/// JSON: its layout shows in its first line.
fn json(text: &[u8], complete: bool, map: &[MapRule]) -> Answer {
    if is_console_dump(text) {
        return Answer::Not(CONSOLE_DUMP);
    }
    let first_line = memchr(b'\n', text).and_then(|end| text.get(..end)).unwrap_or(text);
    if !is_canonical_row(first_line) {
        match rows::sniff_json(text, map) {
            Seen::Rows => return Answer::Is(Shape::Rows(Form::Json)),
            Seen::Neither { cut: true } if !complete && text.len() < MAX_HEAD - HEAD => {
                return Answer::NotYet;
            }
            Seen::Neither { .. } | Seen::Otlp => {}
        }
    }
    let first = match memchr(b'\n', text) {
        Some(end) => text.get(..end).unwrap_or_default(),
        None if complete => text,
        None if text.len() >= MAX_HEAD - HEAD => return Answer::Is(Shape::JsonValues),
        None => return Answer::NotYet,
    };
    if is_canonical_row(first) {
        return Answer::Is(Shape::Canonical(CanonicalFormat::Ndjson));
    }
    let goes_on = matches!(first.trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':' | 0x1e));
    let is_lines = is_value(first) || !goes_on && lines_follow(text);
    Answer::Is(if is_lines { Shape::JsonLines } else { Shape::JsonValues })
}

/// Whether a line holds whole values.
fn is_value(line: &[u8]) -> bool {
    let mut pull = Pull::new(line);
    pull.skip().is_ok()
}

/// Whether one of the next lines is a whole value from its first column on.
fn lines_follow(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').skip(1).take(LOOK);
    lines.any(|line| line.starts_with(b"{\"") && is_value(line))
}

/// How a console dump is refused.
const CONSOLE_DUMP: &str = "a JavaScript console dump, which is no JSON and leaves out what lies \
                            deep: export with OTLPTraceExporter (OTLP over HTTP, JSON) to a \
                            collector's file exporter, or write JSON.stringify of each span's \
                            name, spanContext(), startTime, endTime and attributes instead";

/// `console.dir` of a span: keys without quotes.
fn is_console_dump(text: &[u8]) -> bool {
    let inside = text.trim_ascii_start().get(1..).unwrap_or_default().trim_ascii_start();
    let word = inside.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    text.first() == Some(&b'{')
        && inside.first().is_some_and(u8::is_ascii_alphabetic)
        && inside.get(word) == Some(&b':')
}

/// The columns that only llmspan's own table has together.
const CANONICAL: [&[u8]; 5] = [b"trace_id", b"span_id", b"start", b"duration_s", b"request_model"];

/// Whether a table has the columns that only llmspan's own table has together.
pub fn is_canonical(columns: &[&str]) -> bool {
    CANONICAL.iter().all(|known| columns.iter().any(|column| column.as_bytes() == *known))
}

/// A row of the canonical table, which is short: a line may be a whole request.
const MOST_ROW: usize = 1 << 16;

fn is_canonical_row(line: &[u8]) -> bool {
    let mut pull = Pull::new(line.get(..MOST_ROW).unwrap_or(line));
    let Ok(mut members) = pull.object() else { return false };
    let mut found = 0;
    while let Ok(Some(key)) = Members::next(&mut members, &mut pull) {
        found += usize::from(CANONICAL.contains(&key.inside));
        if pull.skip().is_err() {
            break;
        }
    }
    found == CANONICAL.len()
}

/// Text that is no JSON: only the canonical table as CSV is read, and lines behind a cut one.
fn other_text(text: &[u8], map: &[MapRule]) -> Answer {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let fields: Vec<&[u8]> = first
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .map(|field| field.strip_prefix(b"\"").unwrap_or(field))
        .map(|field| field.strip_suffix(b"\"").unwrap_or(field))
        .collect();
    if CANONICAL.iter().all(|column| fields.contains(column)) {
        return Answer::Is(Shape::Canonical(CanonicalFormat::Csv));
    }
    if lines_follow(text) {
        return Answer::Is(Shape::JsonLines);
    }
    if fields.len() > 1 && rows::sniff_csv(text, map) {
        return Answer::Is(Shape::Rows(Form::Csv));
    }
    let control = |byte: &u8| *byte < 0x20 && !byte.is_ascii_whitespace();
    if first.iter().any(control) {
        return Answer::Not("binary content of no known kind");
    }
    let commas = |line: &[u8]| line.iter().filter(|byte| **byte == b',').count();
    let second = lines.next().map_or(0, commas);
    Answer::Not(if fields.len() > 2 && second == commas(first) {
        "CSV that is neither llmspan's own table nor one whose columns make a call: a time, a \
         duration or first token, and a model or token counts (--map says which columns are which)"
    } else {
        "text that is not JSON"
    })
}

/// The protobuf layouts, judged by following them through the whole head and not by byte 0,
/// which all of them share.
fn protobuf(head: &[u8], complete: bool) -> Option<Answer> {
    let found = [
        (Shape::Frames, frames(head, length_be)),
        (Shape::Proto, request(head)),
        (Shape::Delimited, frames(head, length_varint)),
    ];
    if found.iter().all(|(_, fit)| *fit == Fit::No) {
        return None;
    }
    let whole = found.iter().find(|(_, fit)| *fit == Fit::Whole);
    match whole {
        Some((shape, _)) => Some(Answer::Is(*shape)),
        None if !complete && head.len() < MAX_HEAD && ambiguous(&found) => Some(Answer::NotYet),
        None => {
            let first = found.iter().find(|(_, fit)| *fit != Fit::No);
            first.map(|(shape, _)| Answer::Is(*shape))
        }
    }
}

fn ambiguous(found: &[(Shape, Fit)]) -> bool {
    found.iter().filter(|(_, fit)| *fit != Fit::No).count() > 1
}

/// How well bytes fit a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// They do not.
    No,
    /// They do as far as they go, and end within a record.
    Cut,
    /// They do as far as they were looked at.
    Long,
    /// They do, and end with a record.
    Whole,
}

/// The length of a frame, and the bytes behind it; none where the bytes end within it.
type Length = fn(&[u8]) -> Option<(u64, &[u8])>;

/// The collector's frame length.
pub fn length_be(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    Some((u64::from(u32::from_be_bytes(*length)), rest))
}

/// A varint frame length.
pub fn length_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut wire = Wire::new(bytes);
    let length = wire.varint().ok()?;
    Some((length, bytes.get(wire.at..)?))
}

/// A message that was cut before so many bytes cannot be told from others.
const LEAST_BEGUN: usize = 4;

fn frames(head: &[u8], length: Length) -> Fit {
    let mut rest = head;
    for record in 0..LOOK {
        if rest.is_empty() {
            return if record > 0 { Fit::Whole } else { Fit::No };
        }
        let Some((length, behind)) = length(rest) else {
            return if record > 0 { Fit::Cut } else { Fit::No };
        };
        let Ok(length) = usize::try_from(length) else { return Fit::No };
        if length > MAX_FRAME || length == 0 && record == 0 {
            return Fit::No;
        }
        match behind.split_at_checked(length) {
            Some((message, next)) if is_message(message, true) => rest = next,
            // Behind a whole record, the first bytes of the next tell nothing against it.
            None if is_message(behind, false) || (record > 0 && behind.len() < LEAST_BEGUN) => {
                return Fit::Cut;
            }
            _ => return Fit::No,
        }
    }
    Fit::Long
}

/// The largest frame that is believed.
pub const MAX_FRAME: usize = 1 << 30;

fn is_message(message: &[u8], whole: bool) -> bool {
    let json = matches!(message, [b'{' | b'[', ..]);
    json || compression(message).is_some()
        || match request(message) {
            Fit::Whole => true,
            Fit::Long => true,
            Fit::Cut => !whole,
            Fit::No => false,
        }
}

/// Whether bytes are a protobuf export request down to its groups by resource.
fn request(bytes: &[u8]) -> Fit {
    let mut wire = Wire::new(bytes);
    for _ in 0..LOOK {
        match wire.next() {
            Ok(None) => return Fit::Whole,
            Ok(Some((1, Payload::Bytes(group)))) if group_fits(group, true) => {}
            Ok(Some((1, Payload::Cut(group)))) if group_fits(group, false) => return Fit::Cut,
            Err(_) if wire.at >= bytes.len() && wire.at > 4 => return Fit::Cut,
            _ => return Fit::No,
        }
    }
    Fit::Long
}

/// A group of any of the three signals: a resource, groups by scope, a schema URL.
fn group_fits(group: &[u8], whole: bool) -> bool {
    let mut wire = Wire::new(group);
    for _ in 0..LOOK {
        match wire.next() {
            Ok(None) => return true,
            Ok(Some((_, Payload::Cut(_)))) => return !whole,
            Ok(Some((1 | 2 | 1000, Payload::Bytes(message)))) if is_wire(message) => {}
            Ok(Some((3, Payload::Bytes(url)))) if url.is_ascii() => {}
            Err(_) => return !whole && wire.at >= group.len(),
            _ => return false,
        }
    }
    true
}

fn is_wire(message: &[u8]) -> bool {
    let mut wire = Wire::new(message);
    for _ in 0..LOOK {
        match wire.next() {
            Ok(None) => return true,
            Ok(Some((_, Payload::Cut(_)))) | Err(_) => return false,
            Ok(Some(_)) => {}
        }
    }
    true
}
