//! Reads what a server counted of every call.

use serde_json::Value;

use super::sql::Bins;
use crate::diagnosis::{ServerCell, ServerCounts};

/// The counts out of the answer to [`super::sql::Asking::tally`]; `None` where it is none.
pub fn parse(answer: &[u8], one_in: u64, bins: &Bins) -> Option<ServerCounts> {
    let text = std::str::from_utf8(answer).ok()?;
    let cells = text.lines().filter(|line| !line.is_empty()).map(cell);
    Some(ServerCounts {
        one_in,
        origin_ns: bins.origin_ns,
        bin_ns: bins.length_ns,
        of_calls: false,
        cells: cells.collect::<Option<Vec<ServerCell>>>()?,
    })
}

fn cell(line: &str) -> Option<ServerCell> {
    let row: Vec<Value> = serde_json::from_str(line).ok()?;
    let [bin, inside, service, model, span_name, scope, spans, sampled, failed, rest @ ..] =
        row.as_slice()
    else {
        return None;
    };
    let [input_tokens, output_tokens, duration, ttft] = rest else { return None };
    let words = |value: &Value| value.as_str().map(str::to_owned);
    Some(ServerCell {
        bin: whole(bin)?,
        in_window: whole(inside)? != 0,
        service: words(service)?,
        model: words(model)?,
        kind: (words(span_name)?, words(scope)?),
        spans: whole(spans)?.try_into().ok()?,
        sampled: whole(sampled)?.try_into().ok()?,
        failed: whole(failed)?.try_into().ok()?,
        input_tokens: input_tokens.as_f64(),
        output_tokens: output_tokens.as_f64(),
        duration: classes(duration)?,
        ttft: classes(ttft)?,
    })
}

/// A whole number, which servers write as text where it has 64 bits.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

fn classes(value: &Value) -> Option<Vec<(i32, u64)>> {
    let class = |(class, count): (&String, &Value)| {
        Some((class.parse().ok()?, whole(count)?.try_into().ok()?))
    };
    value.as_object()?.iter().map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_numbers_and_as_text() {
        let bins = Bins { length_ns: 60, origin_ns: 7, window: None };
        let answer = br#"["12", 1, "rag", "gpt", "chat", "", "5", 2, 1, 10, null, {"-3":"4"}, {}]"#;
        let counts = parse(answer, 3, &bins).unwrap();
        let cell = &counts.cells[0];
        assert_eq!((cell.bin, cell.spans, cell.sampled, cell.failed), (12, 5, 2, 1));
        assert_eq!((cell.input_tokens, cell.output_tokens), (Some(10.0), None));
        assert_eq!(cell.duration, [(-3, 4)]);
        assert!(parse(b"[1]", 3, &bins).is_none());
    }
}
