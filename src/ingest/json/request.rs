//! The containers of OTLP JSON: requests, the wrappers of query APIs, groups by resource and
//! scope, bare spans.

use super::foreign;
use super::members::{Usual, UsualNames};
use super::pull::{Odd, Pull, Step, Text};
use crate::ingest::batch::Batch;
use crate::ingest::collect::Collector;
use crate::ingest::outcome::Place;
use crate::ingest::span::{AttrId, Scope, StatusCode, Value};
use crate::ingest::wanted::Wanted;

/// How many wrappers may lie around a request.
const MAX_WRAPPERS: u32 = 4;

/// Reads the values of one chunk into a batch.
pub(super) struct Reader<'a, 'w, 'b> {
    pub(super) pull: Pull<'a>,
    pub(super) collector: Collector<'a, 'w>,
    pub(super) batch: &'b mut Batch,
    /// Where everything that is read is said to be; the byte of the chunk where not given.
    pub(super) fixed: Option<Place>,
    /// Whether the value gave anything, be it only a signal to skip.
    pub(super) any_read: bool,
    /// Whether the spans stand in an OTLP request, and so are spans whatever they lack.
    pub(super) grouped: bool,
    /// How the members of spans follow each other.
    pub(super) usual: Usual<'a>,
    /// How their attributes follow each other.
    pub(super) usual_names: UsualNames<'a, 'w>,
    /// The status of the last span as it is written, and what it says.
    pub(super) usual_status: (&'a [u8], StatusCode),
}

impl<'a, 'w, 'b> Reader<'a, 'w, 'b> {
    pub(super) fn new(bytes: &'a [u8], wanted: &'w Wanted, batch: &'b mut Batch) -> Self {
        let collector = Collector::new(wanted);
        Self {
            pull: Pull::new(bytes),
            collector,
            batch,
            fixed: None,
            any_read: false,
            grouped: false,
            usual: Usual::default(),
            usual_names: UsualNames::default(),
            usual_status: (&[], StatusCode::Unset),
        }
    }

    /// How the report names this byte of the chunk.
    pub(super) fn place(&self, at: usize) -> Place {
        self.fixed.unwrap_or(Place::Byte(at as u64))
    }

    /// Reads one top-level value.
    pub(super) fn record(&mut self) -> Step<()> {
        if self.pull.peek()? != b'{' {
            return Err(Odd::Syntax);
        }
        let start = self.pull.at;
        self.any_read = false;
        self.grouped = false;
        self.container(0)?;
        if !self.any_read && self.pull.at > start + 2 {
            let kind = foreign::classify(&mut Pull::new(self.pull.since(start)));
            self.batch.tally.lost(kind, self.place(start));
        }
        Ok(())
    }

    fn container(&mut self, wrappers: u32) -> Step<()> {
        match self.pull.peek()? {
            b'{' if wrappers <= MAX_WRAPPERS => self.container_object(wrappers),
            b'[' if wrappers <= MAX_WRAPPERS => {
                let mut elements = self.pull.array()?;
                while elements.next(&mut self.pull)? {
                    self.container(wrappers + 1)?;
                }
                Ok(())
            }
            _ => self.pull.skip(),
        }
    }

    fn container_object(&mut self, wrappers: u32) -> Step<()> {
        let start = self.pull.clone();
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            match &*key.bytes() {
                b"resourceSpans" | b"resource_spans" | b"batches" | b"ResourceSpans" => {
                    self.any_read = true;
                    self.each(Self::resource_spans)?;
                }
                b"resourceLogs" | b"resource_logs" => self.other_signal("logs")?,
                b"resourceMetrics" | b"resource_metrics" => self.other_signal("metrics")?,
                b"resourceProfiles" | b"resource_profiles" => self.other_signal("profiles")?,
                b"trace" | b"result" | b"data" | b"payload" | b"body" => {
                    self.container(wrappers + 1)?;
                }
                b"scopeSpans"
                | b"scope_spans"
                | b"instrumentationLibrarySpans"
                | b"instrumentation_library_spans" => {
                    self.any_read = true;
                    self.pull = start;
                    return self.resource_spans();
                }
                b"spans" => {
                    self.pull = start;
                    let mark = self.batch.mark();
                    let done = self.scope_spans();
                    self.any_read = true;
                    self.batch.close_resource(mark, Vec::new);
                    return done;
                }
                // A trace that tells its own id beside its spans.
                b"traceId" | b"trace_id" if holds_spans(&start) => self.pull.skip()?,
                b"traceId"
                | b"trace_id"
                | b"spanId"
                | b"span_id"
                | b"startTimeUnixNano"
                | b"start_time_unix_nano"
                | b"traceID"
                | b"spanID" => {
                    self.pull = start;
                    return self.bare_span();
                }
                _ => self.pull.skip()?,
            }
        }
        Ok(())
    }

    fn other_signal(&mut self, signal: &str) -> Step<()> {
        self.any_read = true;
        let place = self.place(self.pull.at);
        self.pull.skip()?;
        self.batch.tally.noted(signal, place);
        Ok(())
    }

    /// A span outside of any group: its resource and scope are not known.
    fn bare_span(&mut self) -> Step<()> {
        let mark = self.batch.mark();
        let done = self.span();
        // What it is not has been counted.
        self.any_read = true;
        self.batch.close_scope(mark, Scope::default);
        self.batch.close_resource(mark, Vec::new);
        done
    }

    /// Every element of an array; null or anything else holds none.
    fn each(&mut self, read: impl Fn(&mut Self) -> Step<()>) -> Step<()> {
        if self.pull.peek()? != b'[' {
            return self.pull.skip();
        }
        let mut elements = self.pull.array()?;
        while elements.next(&mut self.pull)? {
            if self.pull.peek()? == b'{' {
                read(self)?;
            } else {
                self.pull.skip()?;
            }
        }
        Ok(())
    }

    /// The spans of one resource. Where the input ends or stops making sense, the spans that were
    /// read before stand.
    fn resource_spans(&mut self) -> Step<()> {
        let mark = self.batch.mark();
        let mut resource = None;
        self.grouped = true;
        let done = self.resource_members(&mut resource);
        let attrs = resource.map(|resource| self.resource_attrs(resource));
        self.batch.close_resource(mark, || attrs.unwrap_or_default());
        done
    }

    fn resource_members(&mut self, resource: &mut Option<Pull<'a>>) -> Step<()> {
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            match &*key.bytes() {
                b"resource" if self.pull.peek()? == b'{' => {
                    let at = self.pull.clone();
                    self.pull.skip()?;
                    *resource = Some(at);
                }
                b"scopeSpans"
                | b"scope_spans"
                | b"ScopeSpans"
                | b"instrumentationLibrarySpans"
                | b"instrumentation_library_spans" => self.each(Self::scope_spans)?,
                _ => self.pull.skip()?,
            }
        }
        Ok(())
    }

    fn resource_attrs(&mut self, resource: Pull<'a>) -> Vec<(AttrId, Value)> {
        self.collector.clear();
        let behind = std::mem::replace(&mut self.pull, resource);
        // The resource was crossed once: it is balanced.
        let _ = self.resource_object();
        self.pull = behind;
        self.collector.attrs()
    }

    fn resource_object(&mut self) -> Step<()> {
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            if &*key.bytes() == b"attributes" {
                self.attributes(None)?;
            } else {
                self.pull.skip()?;
            }
        }
        Ok(())
    }

    fn scope_spans(&mut self) -> Step<()> {
        let mark = self.batch.mark();
        let mut scope = (Text::default(), Text::default());
        let done = self.scope_members(&mut scope);
        let (name, version) = scope;
        self.batch.close_scope(mark, || Scope { name: name.owned(), version: version.owned() });
        done
    }

    fn scope_members(&mut self, scope: &mut (Text<'a>, Text<'a>)) -> Step<()> {
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            match &*key.bytes() {
                b"scope" | b"instrumentationLibrary" | b"instrumentation_library"
                    if self.pull.peek()? == b'{' =>
                {
                    let mut members = self.pull.object()?;
                    while let Some(key) = members.next(&mut self.pull)? {
                        match key.inside {
                            b"name" => scope.0 = self.pull.scalar_text()?,
                            b"version" => scope.1 = self.pull.scalar_text()?,
                            _ => self.pull.skip()?,
                        }
                    }
                }
                b"spans" | b"Spans" => self.each(Self::span)?,
                _ => self.pull.skip()?,
            }
        }
        Ok(())
    }
}

/// Whether an object has a member that holds spans.
fn holds_spans(object: &Pull<'_>) -> bool {
    let mut pull = object.clone();
    let mut read = || -> Step<bool> {
        let mut members = pull.object()?;
        while let Some(key) = members.next(&mut pull)? {
            if key.inside == b"spans" && pull.peek()? == b'[' {
                return Ok(true);
            }
            pull.skip()?;
        }
        Ok(false)
    };
    read().unwrap_or(false)
}

/// How the report counts a value that could not be read to its end.
pub(super) const fn reason(odd: Odd) -> &'static str {
    match odd {
        Odd::End => "JSON cut short",
        Odd::Syntax => "not JSON",
    }
}
