//! One span of OTLP JSON: the needed members are followed, the others skipped.

use super::any::{any_value, only_text, plain, skip_short};
use super::id;
use super::members::Member;
use super::pull::{Members, Pull, Step, Text};
use super::request::Reader;
use crate::ingest::batch::RawTimes;
use crate::ingest::span::{Span, SpanKind, StatusCode};
use crate::ingest::time;
use crate::ingest::wanted::{Take, Want, WantEvent};

/// What a span says of itself, still lying in the input.
#[derive(Debug, Default)]
struct Draft<'a> {
    trace_id: Text<'a>,
    span_id: Text<'a>,
    parent_span_id: Text<'a>,
    name: Text<'a>,
    kind: SpanKind,
    status: StatusCode,
    start: Text<'a>,
    end: Text<'a>,
    dropped_events: u32,
    /// Whether it has anything that only an OTLP span has.
    otlp: bool,
}

impl<'a, 'w> Reader<'a, 'w, '_> {
    /// Reads the span that the parser stands at.
    pub(super) fn span(&mut self) -> Step<()> {
        self.collector.clear();
        self.pull.peek()?;
        let start = self.pull.at;
        let mut draft = Draft::default();
        let mut members = self.pull.object()?;
        self.usual.restart();
        while let Some(member) = self.usual.next(&mut members, &mut self.pull)? {
            self.span_member(member, &mut draft)?;
        }
        if !draft.otlp && !self.grouped {
            let kind = super::foreign::classify(&mut Pull::new(self.pull.since(start)));
            self.batch.tally.lost(kind, self.place(start));
            return Ok(());
        }
        self.batch.span_count += 1;
        self.any_read = true;
        if self.collector.keeps(draft.kind, &draft.name.bytes()) {
            let span = Span {
                trace_id: id::decode(draft.trace_id),
                span_id: id::decode(draft.span_id),
                parent_span_id: id::decode(draft.parent_span_id),
                name: draft.name.owned(),
                kind: draft.kind,
                status: draft.status,
                dropped_events: draft.dropped_events,
                ..Span::default()
            };
            let time = |text: Text<'_>| time::parse(&text.bytes());
            let times = RawTimes { start: time(draft.start), end: time(draft.end), in_ns: false };
            self.batch.push(span, &self.collector, times, self.place(start));
        }
        Ok(())
    }

    fn span_member(&mut self, member: Member, draft: &mut Draft<'a>) -> Step<()> {
        let pull = &mut self.pull;
        match member {
            Member::TraceId => draft.trace_id = pull.scalar_text()?,
            Member::SpanId => draft.span_id = pull.scalar_text()?,
            Member::ParentSpanId => draft.parent_span_id = pull.scalar_text()?,
            Member::Name => draft.name = pull.scalar_text()?,
            Member::Kind => draft.kind = kind(&pull.scalar_text()?.bytes()),
            Member::Start => {
                draft.start = pull.scalar_text()?;
                draft.otlp = true;
            }
            Member::End => {
                draft.end = pull.scalar_text()?;
                draft.otlp = true;
            }
            Member::DroppedEvents => {
                let count = time::integer(&pull.scalar_text()?.bytes());
                draft.dropped_events = count.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            }
            Member::Status if pull.peek()? == b'{' => {
                let (written, status) = self.usual_status;
                draft.status = if !written.is_empty() && pull.literal(written) {
                    status
                } else {
                    let start = pull.at;
                    let status = self.status()?;
                    self.usual_status = (self.pull.since(start), status);
                    status
                };
            }
            Member::Attributes => self.attributes(None)?,
            Member::Events if pull.peek()? == b'[' => self.events()?,
            _ => pull.skip()?,
        }
        Ok(())
    }

    fn status(&mut self) -> Step<StatusCode> {
        let mut status = StatusCode::Unset;
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            if key.inside == b"code" {
                status = match &*self.pull.scalar_text()?.bytes() {
                    b"1" | b"STATUS_CODE_OK" => StatusCode::Ok,
                    b"2" | b"STATUS_CODE_ERROR" => StatusCode::Error,
                    _ => StatusCode::Unset,
                };
            } else {
                self.pull.skip()?;
            }
        }
        Ok(status)
    }

    /// Attributes of a span or resource, or of the event that is given: OTLP's list of keys and
    /// values, or a plain object.
    pub(super) fn attributes(&mut self, event: Option<&WantEvent>) -> Step<()> {
        match self.pull.peek()? {
            b'[' => {
                let mut elements = self.pull.array()?;
                let mut place = 0;
                while elements.next(&mut self.pull)? {
                    match event {
                        None => self.attribute(place)?,
                        Some(event) => self.event_attribute(event)?,
                    }
                    place += 1;
                }
                Ok(())
            }
            b'{' => {
                let mut members = self.pull.object()?;
                while let Some(key) = members.next(&mut self.pull)? {
                    self.attribute_value(&key.bytes(), event, true)?;
                }
                Ok(())
            }
            _ => self.pull.skip(),
        }
    }

    /// The attribute of this place among those of a span or resource.
    fn attribute(&mut self, place: usize) -> Step<()> {
        let wanted = self.collector.wanted();
        // Nearly every attribute is spelled like this.
        let Some((key, want)) = self.usual_names.next(place, &mut self.pull, wanted) else {
            let members = self.pull.object()?;
            return self.attribute_members(members, None, None);
        };
        self.value_of(want, false)?;
        if self.pull.literal(b"}") {
            return Ok(());
        }
        let name = Text { inside: key, escaped: false };
        self.attribute_members(Members::rest(), Some(name), None)
    }

    fn event_attribute(&mut self, event: &WantEvent) -> Step<()> {
        let members = self.pull.object()?;
        self.attribute_members(members, None, Some(event))
    }

    /// The members of an attribute, behind its name where that is known.
    fn attribute_members(
        &mut self,
        mut members: Members,
        mut name: Option<Text<'a>>,
        event: Option<&WantEvent>,
    ) -> Step<()> {
        let mut value_before = None;
        while let Some(member) = members.next(&mut self.pull)? {
            match (member.inside, name) {
                (b"key" | b"Key", _) => name = Some(self.pull.scalar_text()?),
                (b"value" | b"Value", Some(name)) => {
                    self.attribute_value(&name.bytes(), event, false)?;
                }
                (b"value" | b"Value", None) => {
                    value_before = Some(self.pull.clone());
                    self.pull.skip()?;
                }
                _ => self.pull.skip()?,
            }
        }
        if let (Some(name), Some(value)) = (name, value_before) {
            let behind = std::mem::replace(&mut self.pull, value);
            self.attribute_value(&name.bytes(), event, false)?;
            self.pull = behind;
        }
        Ok(())
    }

    fn attribute_value(
        &mut self,
        name: &[u8],
        event: Option<&WantEvent>,
        is_plain: bool,
    ) -> Step<()> {
        let Some(event) = event else {
            return self.value_of(self.collector.wanted().attr_bytes(name), is_plain);
        };
        let Some(id) = event.attr(name) else { return self.pull.skip() };
        let read = if is_plain { plain } else { any_value };
        if let Some(raw) = read(&mut self.pull)? {
            self.collector.event_attr(id, raw);
        }
        Ok(())
    }

    /// The value of an attribute of a span or resource, which may be wanted.
    fn value_of(&mut self, want: Option<&'w Want>, is_plain: bool) -> Step<()> {
        let Some(want) = want else { return skip_short(&mut self.pull) };
        // Where no path into it is wanted, only its first scalar is taken of an array.
        let is_scalar = !is_plain && matches!(want.take.as_slice(), [Take::Scalar(_)]);
        let text = if is_scalar { only_text(&mut self.pull) } else { None };
        let raw = match text {
            None if is_plain => plain(&mut self.pull)?,
            None => any_value(&mut self.pull)?,
            text => text,
        };
        if let Some(raw) = raw {
            self.collector.attr(want, raw);
        }
        Ok(())
    }

    fn events(&mut self) -> Step<()> {
        let mut elements = self.pull.array()?;
        while elements.next(&mut self.pull)? {
            self.event()?;
        }
        Ok(())
    }

    fn event(&mut self) -> Step<()> {
        let mut name = Text::default();
        let mut time_ns = 0;
        let mut attributes = None;
        let mut members = self.pull.object()?;
        while let Some(key) = members.next(&mut self.pull)? {
            match &*key.bytes() {
                b"name" => name = self.pull.scalar_text()?,
                b"timeUnixNano" | b"time_unix_nano" => {
                    time_ns = time::parse(&self.pull.scalar_text()?.bytes());
                }
                b"attributes" => {
                    attributes = Some(self.pull.clone());
                    self.pull.skip()?;
                }
                _ => self.pull.skip()?,
            }
        }
        let Some(want) = self.collector.wanted().event_bytes(&name.bytes()) else { return Ok(()) };
        self.collector.event(want, time_ns);
        if let (true, Some(attributes)) = (want.wants_attrs(), attributes) {
            let behind = std::mem::replace(&mut self.pull, attributes);
            self.attributes(Some(want))?;
            self.pull = behind;
        }
        Ok(())
    }
}

/// The kind as OTLP's number, or by its name.
fn kind(text: &[u8]) -> SpanKind {
    match text {
        b"1" | b"SPAN_KIND_INTERNAL" | b"INTERNAL" => SpanKind::Internal,
        b"2" | b"SPAN_KIND_SERVER" | b"SERVER" => SpanKind::Server,
        b"3" | b"SPAN_KIND_CLIENT" | b"CLIENT" => SpanKind::Client,
        b"4" | b"SPAN_KIND_PRODUCER" | b"PRODUCER" => SpanKind::Producer,
        b"5" | b"SPAN_KIND_CONSUMER" | b"CONSUMER" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}
