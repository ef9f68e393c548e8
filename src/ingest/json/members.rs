//! The members of a span in OTLP JSON, and the keys of its attributes: a writer gives those of
//! every span in one order, so that the next one is guessed from the span before, and only looked
//! at where the guess is wrong.

use super::pull::{Members, Pull, Step};
use crate::ingest::wanted::{Want, Wanted};

/// What a member of a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Member {
    TraceId,
    SpanId,
    ParentSpanId,
    Name,
    Kind,
    Start,
    End,
    DroppedEvents,
    Status,
    Attributes,
    Events,
    /// Nothing that is needed.
    #[default]
    Other,
}

impl Member {
    fn of(key: &[u8]) -> Self {
        match key {
            b"traceId" | b"trace_id" => Self::TraceId,
            b"spanId" | b"span_id" => Self::SpanId,
            b"parentSpanId" | b"parent_span_id" => Self::ParentSpanId,
            b"name" => Self::Name,
            b"kind" => Self::Kind,
            b"startTimeUnixNano" | b"start_time_unix_nano" => Self::Start,
            b"endTimeUnixNano" | b"end_time_unix_nano" => Self::End,
            b"droppedEventsCount" | b"dropped_events_count" => Self::DroppedEvents,
            b"status" => Self::Status,
            b"attributes" => Self::Attributes,
            b"events" => Self::Events,
            _ => Self::Other,
        }
    }
}

/// How many members are guessed; a span has no more, mostly.
const MOST: usize = 20;

/// The members of the last span, in order.
#[derive(Debug, Default)]
pub(super) struct Usual<'a> {
    members: [Guess<'a>; MOST],
    /// The place of the next member.
    place: usize,
    /// Where the last member began, if its value was not needed.
    skipped: Option<usize>,
}

/// A member as the last span had it.
#[derive(Debug, Default)]
struct Guess<'a> {
    /// From the comma before its key to the colon behind, as it is written.
    key: &'a [u8],
    /// The same to the end of its value, where that is not needed.
    whole: &'a [u8],
    member: Member,
}

impl<'a> Usual<'a> {
    /// Begins with the first member of a span.
    pub(super) fn restart(&mut self) {
        (self.place, self.skipped) = (0, None);
    }

    /// The next member, the parser standing at its value; none at the end of the object. What is
    /// not needed and as it was in the last span is passed over.
    #[inline]
    pub(super) fn next(
        &mut self,
        members: &mut Members,
        pull: &mut Pull<'a>,
    ) -> Step<Option<Member>> {
        if let Some(start) = self.skipped.take()
            && let Some(last) = self.place.checked_sub(1).and_then(|at| self.members.get_mut(at))
        {
            last.whole = pull.since(start);
        }
        while let Some(usual) = self.members.get(self.place)
            && !usual.whole.is_empty()
            && pull.whole(usual.whole)
        {
            *members = Members::rest();
            self.place += 1;
        }
        let start = pull.at;
        let usual = self.members.get_mut(self.place);
        self.place += 1;
        let member = match usual {
            Some(usual) if !usual.key.is_empty() && pull.literal(usual.key) => {
                *members = Members::rest();
                usual.member
            }
            usual => {
                let Some(key) = members.next(pull)? else { return Ok(None) };
                let member = Member::of(&key.bytes());
                if let Some(usual) = usual {
                    *usual = Guess { key: pull.since(start), whole: &[], member };
                }
                member
            }
        };
        self.skipped = (member == Member::Other).then_some(start);
        Ok(Some(member))
    }
}

/// The attributes of the last span, in order: each as it is written up to its value, and what is
/// made of that.
#[derive(Debug)]
pub(super) struct UsualNames<'a, 'w> {
    names: [(&'a [u8], Option<&'w Want>); MOST],
}

impl Default for UsualNames<'_, '_> {
    fn default() -> Self {
        Self { names: [(&[], None); MOST] }
    }
}

/// What stands around the name of an attribute in nearly every dump.
pub(super) const OPEN: &[u8] = b"{\"key\":\"";
/// What stands between its name and its value.
pub(super) const CLOSE: &[u8] = b"\",\"value\":";

impl<'a, 'w> UsualNames<'a, 'w> {
    /// The name of the attribute of this place and what is made of it, the parser standing at its
    /// value; nothing where it is written in another way.
    #[inline]
    pub(super) fn next(
        &mut self,
        place: usize,
        pull: &mut Pull<'a>,
        wanted: &'w Wanted,
    ) -> Option<(&'a [u8], Option<&'w Want>)> {
        let usual = self.names.get_mut(place);
        // Counting takes a look at every name.
        if let Some((written, want)) = usual.as_deref()
            && !written.is_empty()
            && !wanted.counts_unread()
            && pull.literal(written)
        {
            let name = written.get(OPEN.len()..written.len() - CLOSE.len())?;
            return Some((name, *want));
        }
        let start = pull.at;
        let name = pull.between(OPEN, CLOSE)?;
        let want = wanted.attr_bytes(name);
        if let Some(usual) = usual {
            *usual = (pull.since(start), want);
        }
        Some((name, want))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of objects one behind the other, as they are guessed and as they stand.
    fn read(text: &str) -> Vec<Vec<Member>> {
        let mut usual = Usual::default();
        let mut pull = Pull::new(text.as_bytes());
        let mut all = Vec::new();
        while pull.peek().is_ok() {
            let mut members = pull.object().unwrap();
            let mut found = Vec::new();
            usual.restart();
            while let Some(member) = usual.next(&mut members, &mut pull).unwrap() {
                found.push(member);
                pull.skip().unwrap();
            }
            all.push(found);
        }
        all
    }

    #[test]
    fn members_are_what_their_keys_say_whatever_was_guessed() {
        let first = r#"{"traceId":"a","spanId":"b","name":"c"}"#;
        let others = r#"{"spanId":"b", "name" : "c","kind":1}{}{"traceId":"a","spanI":"b"}"#;
        let turned = r#"{"trace\u0049d":"a","name":"x,\"spanId\":"}"#;
        use Member::{Kind, Name, Other, SpanId, TraceId};
        let expected = [
            vec![TraceId, SpanId, Name],
            vec![TraceId, SpanId, Name],
            vec![SpanId, Name, Kind],
            vec![],
            vec![TraceId, Other],
            vec![TraceId, Name],
            vec![TraceId, SpanId, Name],
        ];
        assert_eq!(read(&format!("{first}{first}{others}{turned}{first}")), expected);
    }

    #[test]
    fn what_is_not_needed_is_passed_over_only_where_it_is_the_same() {
        use Member::{Kind, Name, Other};
        let first = r#"{"flags":25,"x":{"y":[1]},"name":"c","kind":1}"#;
        let longer = r#"{"flags":256,"x":{"y":[2]},"name":"c","kind":1}"#;
        let spaced = r#"{"flags":256 ,"x":{"y":[2]} ,"name":"c","kind":1}"#;
        let last = r#"{"name":"c","flags":256}"#;
        let expected = [
            vec![Other, Other, Name, Kind],
            vec![Other, Other, Name, Kind],
            vec![Name, Kind],
            vec![Other, Other, Name, Kind],
            vec![Name, Other],
            vec![Name],
        ];
        assert_eq!(read(&format!("{first}{longer}{longer}{spaced}{last}{last}")), expected);
    }

    #[test]
    fn more_members_than_are_guessed_are_read_all_the_same() {
        let object = format!("{{{}\"kind\":3}}", "\"name\":[1],".repeat(2 * MOST));
        let [one, other] = read(&object.repeat(2)).try_into().unwrap();
        assert_eq!((one.len(), one.last()), (2 * MOST + 1, Some(&Member::Kind)));
        assert_eq!(one, other);
    }
}
