//! Reads the files: one thread opens, decompresses and cuts, the others read the chunks, and what
//! they give is put together in the order of the input.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::batch::{Batch, Room};
use super::buffer::Buffer;
use super::chunk::{CHUNK, Splitter};
use super::decompress::{Content, FLOOR, fault_reason};
use super::discover::{Found, Source};
use super::outcome::{FileOutcome, Place, Tally};
use super::skip::skip_line;
use super::sniff::{Answer, MAX_HEAD, Shape, sniff};
use super::wanted::Wanted;
use super::{CanonicalInput, HELP, Options, frame, json, parquet, proto, rows};
use crate::error::{Error, Result};

/// How much is read at a time, so that a record that is larger than a chunk is passed by little.
pub(super) const STEP: usize = 1 << 20;

/// How a file that the system does not let be read is refused.
pub const UNREADABLE: &str = "cannot be read";

/// How content on which a reader fails is counted.
const FAULT: &str = "content on which the reader failed";

/// A buffer of at most this size is used again.
const SPARE: usize = 4 * CHUNK;

/// Whole records of one file.
struct Chunk {
    file: usize,
    /// Place among all chunks.
    order: usize,
    /// Byte of the decompressed content at which it begins.
    offset: u64,
    shape: Shape,
    bytes: Buffer,
    /// Stored bytes that were taken since the chunk before.
    taken: u64,
}

/// What reading one chunk gave.
struct Read1 {
    file: usize,
    order: usize,
    offset: u64,
    lines: u64,
    part: Part,
}

enum Part {
    Batch(Box<Batch>),
    Whole(Box<Result<FileOutcome>>),
}

/// What opening and cutting one file gave, beside its chunks.
#[derive(Default)]
struct Opened {
    format: String,
    losses: Tally,
    /// Why nothing of it is read: what it is.
    refused: Option<String>,
    /// What ends the run: something that is not on this machine could not be had whole.
    failed: Option<Error>,
    /// llmspan's own table, which is read later and from where it lies.
    own: Option<FileOutcome>,
}

/// One file, read.
pub struct ReadFile {
    /// What it gave.
    pub outcome: FileOutcome,
    /// Why nothing of it could be read, in one sentence, and what to do about it.
    pub refused: Option<(String, String)>,
    /// What ends the run.
    pub failed: Option<Error>,
}

/// Reads every file; the result follows the order of the files whatever the thread count.
pub fn read_files(files: &[Found], wanted: &Wanted, options: &Options) -> Vec<ReadFile> {
    if let Some(progress) = &options.progress {
        // 0 where one of them is a stream of unknown length.
        let stored = files.iter().map(|file| file.source.stored_bytes()).sum::<Option<u64>>();
        progress.expect_bytes(stored.unwrap_or(0));
    }
    let (sender, receiver) = sync_channel(rayon::current_num_threads());
    let spare = Mutex::new(Vec::new());
    let room = Mutex::new(Room::default());
    let (opened, mut read) = std::thread::scope(|scope| {
        let spare = &spare;
        let opener = scope.spawn(move || {
            let taken = Rc::new(Cell::new(0));
            let mut cutter = Cutter { sender, spare, order: 0, options, taken };
            files.iter().enumerate().map(|(index, file)| cutter.file(index, file)).collect()
        });
        let read = read_chunks(receiver, files, wanted, options, (spare, &room));
        let opened: Vec<Opened> = opener.join().expect("opening a file does not panic");
        (opened, read)
    });
    read.sort_unstable_by_key(|part| part.order);
    assemble(files, opened, read)
}

fn read_chunks(
    receiver: Receiver<Chunk>,
    files: &[Found],
    wanted: &Wanted,
    options: &Options,
    (spare, room): (&Mutex<Vec<Buffer>>, &Mutex<Room>),
) -> Vec<Read1> {
    let read = |chunk: Chunk| {
        let Chunk { file, order, offset, shape, bytes, taken } = chunk;
        let name = files.get(file).map(|file| file.name.as_str()).unwrap_or_default();
        let (lines, part) = match shape {
            Shape::Parquet => {
                let read = parquet::read_mapped(name, bytes.into_vec(), wanted, &options.map);
                (0, Part::Whole(Box::new(read)))
            }
            Shape::Rows(form) => {
                let read = rows::read(name, &bytes, form, wanted, &options.map);
                (0, Part::Whole(Box::new(read)))
            }
            Shape::Canonical(format) => {
                let (file, bytes) = (name.to_owned(), bytes.into_vec());
                let table = CanonicalInput { file, bytes, path: None, format };
                let format = shape.format().to_owned();
                let outcome = FileOutcome { table: Some(table), format, ..Default::default() };
                (0, Part::Whole(Box::new(Ok(outcome))))
            }
            _ => {
                // Most chunks keep about as much as the one before.
                let expected = room.lock().map(|room| *room).unwrap_or_default();
                let mut batch = Batch::with_room(expected);
                let mut read = || read_chunk(shape, &bytes, wanted, options, &mut batch);
                // A fault of a reader, or of a library under it, is a loss and not the end.
                let lines = catch_unwind(AssertUnwindSafe(&mut read)).unwrap_or_else(|_| {
                    batch = Batch::default();
                    batch.tally.lost(FAULT, Place::Byte(0));
                    0
                });
                give_back(spare, bytes);
                if let Ok(mut room) = room.lock() {
                    *room = batch.room();
                }
                (lines, Part::Batch(Box::new(batch.finished())))
            }
        };
        if let Some(progress) = &options.progress {
            progress.read(taken, spans_of(&part));
        }
        Read1 { file, order, offset, lines, part }
    };
    receiver.into_iter().par_bridge().map(read).collect()
}

fn spans_of(part: &Part) -> u64 {
    match part {
        Part::Batch(batch) => batch.span_count,
        Part::Whole(outcome) => outcome.as_ref().as_ref().map_or(0, |outcome| outcome.span_count),
    }
}

fn read_chunk(
    shape: Shape,
    bytes: &[u8],
    wanted: &Wanted,
    options: &Options,
    batch: &mut Batch,
) -> u64 {
    let bound = options.max_expansion.saturating_mul(bytes.len() as u64).max(FLOOR);
    match shape {
        Shape::JsonLines => return json::read_lines(bytes, wanted, batch),
        Shape::JsonValues => json::read_values(bytes, wanted, batch),
        Shape::Proto => proto::read(bytes, 0, wanted, batch),
        Shape::Frames => frame::read(bytes, false, bound, wanted, batch),
        Shape::Delimited => frame::read(bytes, true, bound, wanted, batch),
        Shape::Parquet | Shape::Rows(_) | Shape::Canonical(_) => {}
    }
    0
}

fn give_back(spare: &Mutex<Vec<Buffer>>, bytes: Buffer) {
    if bytes.room() <= SPARE
        && let Ok(mut spare) = spare.lock()
    {
        spare.push(bytes.emptied());
    }
}

/// Opens files and cuts them, on its own thread.
struct Cutter<'s> {
    sender: SyncSender<Chunk>,
    spare: &'s Mutex<Vec<Buffer>>,
    order: usize,
    options: &'s Options,
    /// Stored bytes taken for chunks that are not sent yet.
    taken: Rc<Cell<u64>>,
}

/// Counts the stored bytes of a file.
struct Stored<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

impl Cutter<'_> {
    fn file(&mut self, index: usize, file: &Found) -> Opened {
        let mut opened = Opened::default();
        let done = match &file.source {
            Source::Stdin => self.stream(index, io::stdin().lock(), &mut opened),
            Source::File(path) => {
                opened.own = parquet::own_table(&file.name, path);
                if opened.own.is_some() {
                    return opened;
                }
                File::open(path).and_then(|raw| self.stream(index, raw, &mut opened))
            }
            Source::Remote(remote) => match remote.fetch(self.options.progress.as_deref()) {
                Ok(bytes) => self.stream(index, bytes.as_slice(), &mut opened),
                Err(error) => {
                    opened.failed = Some(error);
                    Ok(())
                }
            },
        };
        if let Err(error) = done {
            opened.refused = Some(format!("{UNREADABLE}: {error}"));
        }
        opened
    }

    fn stream(&mut self, index: usize, raw: impl Read, opened: &mut Opened) -> io::Result<()> {
        let raw = Stored { inner: raw, taken: Rc::clone(&self.taken) };
        let mut content = Content::open(raw, self.options.max_expansion)?;
        let shape = loop {
            if content.head.is_empty() && content.fault.is_none() {
                opened.refused = Some("is empty".to_owned());
                return Ok(());
            }
            match sniff(&content.head, content.complete, &self.options.map) {
                Answer::Is(shape) => break Some(shape),
                Answer::NotYet if !content.complete && content.head.len() < MAX_HEAD => {
                    content.grow((content.head.len() * 4).min(MAX_HEAD));
                }
                Answer::NotYet => break None,
                Answer::Not(what) => {
                    opened.refused = Some(format!("holds {what}"));
                    break None;
                }
            }
        };
        opened.format = named(shape.map_or("unknown", Shape::format), &content.layers);
        if let Some(fault) = &content.fault {
            let reason = fault_reason(fault, &content.layers);
            if shape.is_none() {
                opened.refused = Some(reason);
            } else {
                opened.losses.lost(&reason, Place::Byte(content.head.len() as u64));
            }
        }
        match shape {
            Some(shape) => self.cut(index, shape, content, opened),
            None if opened.refused.is_none() => {
                opened.refused = Some("holds content of no known kind".to_owned());
            }
            None => {}
        }
        Ok(())
    }

    fn cut(&mut self, file: usize, shape: Shape, content: Content<'_>, opened: &mut Opened) {
        let mut splitter = Splitter::new(shape);
        let mut offset = 0;
        let Content { mut rest, head, mut complete, layers, .. } = content;
        let mut buffer = Buffer::from(head);
        let mut end = if shape.is_whole() { 0 } else { splitter.cut(&buffer) };
        while !complete {
            if end > 0 && buffer.len() >= CHUNK {
                let mut next = self.spare.lock().ok().and_then(|mut s| s.pop()).unwrap_or_default();
                next.extend(buffer.get(end..).unwrap_or_default());
                buffer.truncate(end);
                let bytes = std::mem::replace(&mut buffer, next);
                if !self.send(file, shape, offset, bytes) {
                    return;
                }
                offset += end as u64;
                end = 0;
            }
            let (read, done) = buffer.read(rest.as_mut(), STEP);
            complete = read == 0 || done.is_err();
            if let Err(error) = done {
                let place = Place::Byte(offset + buffer.len() as u64);
                opened.losses.lost(&fault_reason(&error, &layers), place);
            }
            if !shape.is_whole() && !complete {
                end = splitter.cut_from(end, &buffer);
                if end == 0 && buffer.len() as u64 > self.options.max_record_bytes {
                    let bound = self.options.max_record_bytes >> 20;
                    let reason = format!(
                        "record of more than {bound} MiB, cut there (--max-record allows more)"
                    );
                    opened.losses.lost(&reason, Place::Byte(offset));
                    let sent = buffer.len() as u64;
                    if !self.send(file, shape, offset, std::mem::take(&mut buffer)) {
                        return;
                    }
                    // Only where lines are records is it known where the next one begins.
                    let lines = shape == Shape::JsonLines;
                    let behind = if lines { skip_line(rest.as_mut()) } else { None };
                    let Some((skipped, next)) = behind else { return };
                    offset += sent + skipped;
                    buffer = next.into();
                    splitter = Splitter::new(shape);
                }
            }
        }
        self.send(file, shape, offset, buffer);
    }

    fn send(&mut self, file: usize, shape: Shape, offset: u64, bytes: Buffer) -> bool {
        let order = self.order;
        self.order += 1;
        let taken = self.taken.take();
        self.sender.send(Chunk { file, order, offset, shape, bytes, taken }).is_ok()
    }
}

fn named(format: &str, layers: &[&str]) -> String {
    if layers.is_empty() { format.to_owned() } else { format!("{format} ({})", layers.join(", ")) }
}

/// Puts the parts of each file together; the parts are in order.
fn assemble(files: &[Found], opened: Vec<Opened>, read: Vec<Read1>) -> Vec<ReadFile> {
    let mut parts = read.into_iter().peekable();
    let mut opened = opened.into_iter();
    let mut done = Vec::with_capacity(files.len());
    for index in 0..files.len() {
        let opened = opened.next().unwrap_or_default();
        let outcome = FileOutcome { format: opened.format, ..Default::default() };
        let mut file = ReadFile {
            outcome: opened.own.unwrap_or(outcome),
            refused: opened.refused.map(|what| (what, HELP.to_owned())),
            failed: opened.failed,
        };
        let mut batch = Batch::default();
        let mut lines = 0;
        while let Some(part) = parts.next_if(|part| part.file == index) {
            match part.part {
                Part::Batch(part_batch) => batch.absorb(*part_batch, part.offset, lines),
                Part::Whole(outcome) => take_whole(*outcome, &mut file),
            }
            lines += part.lines;
        }
        file.outcome.span_count += batch.span_count;
        file.outcome.losses.absorb(&batch.tally, 0, 0);
        file.outcome.losses.absorb(&opened.losses, 0, 0);
        if file.outcome.table.is_none() && file.outcome.spans.spans.is_empty() {
            file.outcome.spans = batch.into_spans();
        }
        done.push(file);
    }
    done
}

fn take_whole(outcome: Result<FileOutcome>, file: &mut ReadFile) {
    match outcome {
        Ok(outcome) => {
            let format = std::mem::take(&mut file.outcome.format);
            file.outcome = outcome;
            // The compression that was around it is known only here.
            if let Some((_, layers)) = format.split_once(" (") {
                file.outcome.format = format!("{} ({layers}", file.outcome.format);
            }
        }
        Err(Error::Input { message, help, .. }) => file.refused = Some((message, help)),
        Err(error) => file.refused = Some((error.to_string(), error.help().to_owned())),
    }
}
