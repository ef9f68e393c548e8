//! Makes text from spans inert: no control or invisible character reaches a terminal or a page.
//!
//! Names, models and attribute values come from other people's processes. Every renderer works on
//! a copy of the conclusion that went through [`inert`], so none can forget a field.

use std::collections::BTreeMap;

use crate::diagnosis::cost::{Cost, Money};
pub use crate::diagnosis::printable::is_unprintable;
use crate::diagnosis::{
    Charts, CitedCall, Counted, CountedSlice, Coverage, Diagnosis, Evidence, Ingest, IngestFile,
    Loss, RankedCause, RuledOut, Series, SignalChange, Step, Term, Timeline, Undecidable,
    Waterfall,
};

/// Longest text of any kind that a person is shown, in characters; JSON keeps the whole.
const LONGEST: usize = 1200;

/// The text on one line, with unprintable characters written out as escapes.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' if out.ends_with(' ') => {}
            '\n' | '\r' | '\t' => out.push(' '),
            _ if is_unprintable(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// A copy in which every text is inert.
pub fn inert(diagnosis: &Diagnosis) -> Diagnosis {
    let mut copy = diagnosis.clone();
    texts_of(&mut copy, &mut |text| {
        let clean = line(text);
        if clean != *text {
            *text = clean;
        }
    });
    copy
}

/// Calls `change` on every text of the conclusion. A field added to it does not compile until it
/// stands here.
fn texts_of(diagnosis: &mut Diagnosis, change: &mut dyn FnMut(&mut String)) {
    let Diagnosis {
        schema: _,
        window: _,
        baseline: _,
        verdict: _,
        headline,
        diagnoses,
        ruled_out,
        undecidable,
        signals,
        waterfall,
        cost,
        path,
        timeline,
        counted,
        charts,
        notes,
        coverage,
        ingest,
        other_spikes,
    } = diagnosis;
    change(headline);
    diagnoses.iter_mut().for_each(|cause| ranked(cause, change));
    for RuledOut { cause: _, because } in ruled_out {
        change(because);
    }
    for Undecidable { cause: _, missing, because } in undecidable {
        missing.iter_mut().for_each(&mut *change);
        change(because);
    }
    for SignalChange {
        signal,
        baseline: _,
        window: _,
        ratio_low: _,
        ratio_high: _,
        usual_ratio: _,
        change: _,
    } in signals
    {
        change(signal);
    }
    if let Some(found) = waterfall {
        waterfall_texts(found, change);
    }
    cost.iter_mut().for_each(|cost| cost_texts(cost, change));
    for Step { question, reading, answer } in path {
        [question, reading, answer].into_iter().for_each(&mut *change);
    }
    if let Some(found) = timeline {
        timeline_texts(found, change);
    }
    counted.iter_mut().for_each(|found| counted_texts(found, change));
    charts.iter_mut().for_each(|found| charts_texts(found, change));
    notes.iter_mut().for_each(&mut *change);
    for Coverage { column, baseline_share: _, window_share: _ } in coverage {
        change(column);
    }
    ingest_texts(ingest, change);
    other_spikes.iter_mut().for_each(|other| texts_of(other, change));
}

fn cost_texts(cost: &mut Cost, change: &mut dyn FnMut(&mut String)) {
    let Cost { calls: _, left_out: _, window: _, usual: _, money } = cost;
    if let Some(Money { currency, prices_as_of, .. }) = money {
        [currency, prices_as_of].into_iter().for_each(&mut *change);
    }
}

fn ranked(cause: &mut RankedCause, change: &mut dyn FnMut(&mut String)) {
    let RankedCause {
        rank: _,
        cause: _,
        owner: _,
        confidence: _,
        share: _,
        segment,
        onset: _,
        summary,
        evidence,
        affected_calls: _,
        segment_calls: _,
        request_ids,
        next_steps,
    } = cause;
    keys_and_values(segment, change);
    change(summary);
    // A query is ASCII as it is made, and whole: cut or escaped it would ask something else.
    for Evidence { signal, baseline: _, window: _, low: _, high: _, note, query: _ } in evidence {
        change(signal);
        note.iter_mut().for_each(&mut *change);
    }
    for call in request_ids {
        cited(call, change);
    }
    next_steps.iter_mut().for_each(change);
}

fn cited(call: &mut CitedCall, change: &mut dyn FnMut(&mut String)) {
    let CitedCall {
        provider,
        request_id,
        response_id,
        trace_id,
        span_id,
        start: _,
        signal,
        observed_s: _,
        expected_s: _,
    } = call;
    change(request_id);
    change(signal);
    [provider, response_id, trace_id, span_id].into_iter().flatten().for_each(change);
}

fn waterfall_texts(waterfall: &mut Waterfall, change: &mut dyn FnMut(&mut String)) {
    let Waterfall {
        segment,
        signal,
        baseline_s: _,
        window_s: _,
        tail_baseline_s: _,
        tail_window_s: _,
        terms,
    } = waterfall;
    keys_and_values(segment, change);
    change(signal);
    for Term { id, label, mean_s: _, low_s: _, high_s: _, tail_s: _, share: _ } in terms {
        [id, label].into_iter().for_each(&mut *change);
    }
}

fn timeline_texts(timeline: &mut Timeline, change: &mut dyn FnMut(&mut String)) {
    let Timeline {
        start: _,
        bin_s: _,
        window_from: _,
        window_to: _,
        onset_bin: _,
        segment,
        series,
    } = timeline;
    keys_and_values(segment, change);
    for Series { signal, values: _ } in series {
        change(signal);
    }
}

fn counted_texts(counted: &mut Counted, change: &mut dyn FnMut(&mut String)) {
    for CountedSlice { segment, window: _, baseline: _, signals, series } in &mut counted.slices {
        keys_and_values(segment, change);
        signals.iter_mut().for_each(|signal| change(&mut signal.signal));
        series.iter_mut().for_each(|series| change(&mut series.signal));
    }
}

fn charts_texts(charts: &mut Charts, change: &mut dyn FnMut(&mut String)) {
    let Charts { segment, scatters, distributions, shares } = charts;
    keys_and_values(segment, change);
    for scatter in scatters {
        [&mut scatter.x, &mut scatter.y].into_iter().for_each(&mut *change);
    }
    for distribution in distributions {
        change(&mut distribution.signal);
    }
    for of in shares {
        change(&mut of.column);
        of.values.iter_mut().for_each(|series| change(&mut series.value));
    }
}

fn ingest_texts(ingest: &mut Ingest, change: &mut dyn FnMut(&mut String)) {
    let Ingest { files, spans: _, calls: _, dialects, folded, rejected, .. } = ingest;
    for IngestFile { file, format, spans: _, losses } in files {
        [file, format].into_iter().for_each(&mut *change);
        for Loss { reason, count: _, first, lost: _ } in losses {
            [reason, first].into_iter().for_each(&mut *change);
        }
    }
    for (dialect, _) in dialects {
        change(dialect);
    }
    for counts in [folded, rejected] {
        let taken = std::mem::take(counts);
        counts.extend(taken.into_iter().map(|(mut key, value)| {
            change(&mut key);
            (key, value)
        }));
    }
}

fn keys_and_values(map: &mut BTreeMap<String, String>, change: &mut dyn FnMut(&mut String)) {
    let taken = std::mem::take(map);
    map.extend(taken.into_iter().map(|(mut key, mut value)| {
        change(&mut key);
        change(&mut value);
        (key, value)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible_text() {
        assert_eq!(line("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(line("a\nb\tc"), "a b c");
        assert_eq!(line("\u{202e}gnp.exe\u{9b}2J"), "\\u{202e}gnp.exe\\u{9b}2J");
    }

    #[test]
    fn other_scripts_pass_unchanged() {
        assert_eq!(line("模型 Über-Prompt ελ"), "模型 Über-Prompt ελ");
    }

    #[test]
    fn a_name_of_a_megabyte_is_cut() {
        assert_eq!(line(&"x".repeat(1_000_000)).chars().count(), LONGEST + 1);
    }
}
