//! The members of a span in OTLP JSON: a writer gives those of every span in one order, so that the
//! next key is guessed from the span before, and only looked at where the guess is wrong.

use super::pull::{Members, Pull, Step};

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
    /// Each from the comma before its key to the colon behind, as it is written.
    members: [(&'a [u8], Member); MOST],
}

impl<'a> Usual<'a> {
    /// The next member, which is the one of this place, the parser standing at its value; none at
    /// the end of the object.
    #[inline]
    pub(super) fn next(
        &mut self,
        place: usize,
        members: &mut Members,
        pull: &mut Pull<'a>,
    ) -> Step<Option<Member>> {
        let usual = self.members.get_mut(place);
        if let Some((written, member)) = usual.as_deref()
            && !written.is_empty()
            && pull.literal(written)
        {
            *members = Members::rest();
            return Ok(Some(*member));
        }
        let start = pull.at;
        let Some(key) = members.next(pull)? else { return Ok(None) };
        let member = Member::of(&key.bytes());
        if let Some(usual) = usual {
            *usual = (pull.since(start), member);
        }
        Ok(Some(member))
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
            while let Some(member) = usual.next(found.len(), &mut members, &mut pull).unwrap() {
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
    fn more_members_than_are_guessed_are_read_all_the_same() {
        let object = format!("{{{}\"kind\":3}}", "\"name\":[1],".repeat(2 * MOST));
        let [one, other] = read(&object.repeat(2)).try_into().unwrap();
        assert_eq!((one.len(), one.last()), (2 * MOST + 1, Some(&Member::Kind)));
        assert_eq!(one, other);
    }
}
