//! The derived columns of one row: tokens, times, place, status.

use crate::calls::clues::says_timeout;
use crate::calls::draft::Draft;
use crate::calls::habits::{CacheHabits, Habit};
use crate::calls::parse::ZERO_USAGE;
use crate::calls::trace::Row;
use crate::calls::{Call, Cell};
use crate::dialects::{Absent, Dialect, Input, Streaming, Zero, hosts};
use crate::schema::Col;

/// Derives every column of a row; its attempts must be settled.
pub fn derive(row: &mut Row, habits: &CacheHabits, hosts: &mut hosts::Seen) {
    let dialect = row.draft.dialect;
    place(&mut row.draft.call, hosts);
    status(&mut row.draft, &row.attempts);
    tokens(&mut row.draft, dialect, habits);
    times(&mut row.draft, dialect);
    if row.draft.call.has(Col::CacheMissReason) {
        row.draft.call.set_word(Col::CacheMissReasonSource, "span");
    }
    acceptance(&mut row.draft.call);
    operation(&mut row.draft.call);
}

/// Who served it and where: a host name knows better than the SDK that was used.
fn place(call: &mut Call, hosts: &mut hosts::Seen) {
    let Some(host) = call.text(Col::ServerAddress) else { return };
    let (provider, region) = hosts.place(host);
    if let Some(provider) = provider
        && call.text(Col::Provider) != Some(provider)
    {
        call.set_word(Col::Provider, provider);
    }
    if let Some(region) = region
        && !call.has(Col::Region)
    {
        call.set_text(Col::Region, region);
    }
}

fn operation(call: &mut Call) {
    let Some(written) = call.text(Col::Operation) else { return };
    let name = match written {
        "text_completion" | "completion" | "completions" => "text_completion",
        "generate_content" => "generate_content",
        _ => "chat",
    };
    if written != name {
        call.set_word(Col::Operation, name);
    }
}

fn acceptance(call: &mut Call) {
    if let (None, Some(accepted), Some(proposed)) = (
        call.number(Col::SpecAcceptanceRatio),
        call.number(Col::SpecAcceptedTokens),
        call.number(Col::SpecProposedTokens),
    ) && proposed > 0.0
        && accepted <= proposed
    {
        call.set(Col::SpecAcceptanceRatio, Cell::Float(accepted / proposed));
    }
}

/// `ok`, `error`, `timeout` or `cancelled`.
fn status(draft: &mut Draft, attempts: &[Draft]) {
    let broken = attempts.last().filter(|last| super::attempts::failed(last));
    if let Some(last) = broken {
        draft.clues.failed = true;
        draft.clues.timed_out |= last.call.text(Col::ErrorType).is_some_and(says_timeout);
    }
    let call = &draft.call;
    let http = call.int(Col::HttpStatus);
    let error = call.text(Col::ErrorType).map(str::to_ascii_lowercase);
    let finish = call.text(Col::FinishReason).unwrap_or_default();
    let failed = draft.clues.failed
        || error.is_some()
        || http.is_some_and(|status| status >= 400)
        || matches!(finish, "error" | "failed");
    let error = error.unwrap_or_default();
    let cancelled = ["cancel", "abort", "disconnect", "generatorexit"];
    let status = if !failed {
        "ok"
    } else if draft.clues.timed_out || says_timeout(&error) || matches!(http, Some(408 | 504)) {
        "timeout"
    } else if http == Some(499) || cancelled.iter().any(|word| error.contains(word)) {
        "cancelled"
    } else {
        "error"
    };
    if failed
        && draft.call.text(Col::ErrorType).is_none()
        && let Some(class) = attempts.last().and_then(|last| last.call.text(Col::ErrorType))
    {
        let class = class.to_owned();
        draft.call.set_text(Col::ErrorType, &class);
    }
    draft.call.set_word(Col::Status, status);
}

fn tokens(draft: &mut Draft, dialect: &Dialect, habits: &CacheHabits) {
    let habit = habits.get(draft);
    let accounting = dialect.tokens;
    no_usage_written_as_zero(draft);
    no_count_of_a_broken_answer(draft);
    if accounting.zero_cache == Zero::Learned
        && draft.call.int(Col::CacheReadTokens) == Some(0)
        && !habit.positive
    {
        draft.call.set(Col::CacheReadTokens, Cell::Null);
    }
    let read = draft.call.int(Col::CacheReadTokens).unwrap_or(0);
    let write = draft.call.int(Col::CacheWriteTokens).unwrap_or(0);
    let clues = &draft.clues;
    let output = add(draft.call.int(Col::OutputTokens), clues.more_output);
    let said = draft.call.int(Col::InputTokens);
    let without_cache = add(clues.input_without_cache, clues.more_input);
    let input = match (said, without_cache) {
        (Some(said), _) => {
            let anthropic = draft.call.text(Col::Provider) == Some("anthropic");
            let exclusive = accounting.input == Input::AsProvider && anthropic
                || read.saturating_add(write) > said
                || total_says_exclusive(said, output, read + write, clues.total_tokens);
            Some(if exclusive { said + read + write } else { said })
        }
        (None, Some(rest)) if total_says_whole(rest, output, clues.total_tokens) => Some(rest),
        (None, Some(rest)) => Some(rest + read + write),
        (None, None) => None,
    };
    draft.call.set(Col::InputTokens, int_cell(input));
    draft.call.set(Col::OutputTokens, int_cell(with_reasoning(draft, input, output)));
    cached(draft, accounting.absent_cache, habit);
}

/// Some libraries write zeros where the provider sent no usage.
fn no_usage_written_as_zero(draft: &mut Draft) {
    let call = &mut draft.call;
    if call.int(Col::InputTokens) == Some(0) && draft.clues.input_without_cache.is_none() {
        call.set(Col::InputTokens, Cell::Null);
        draft.rejected.push(ZERO_USAGE);
        if call.int(Col::CacheReadTokens) == Some(0) {
            call.set(Col::CacheReadTokens, Cell::Null);
        }
        if call.int(Col::OutputTokens) == Some(0) {
            call.set(Col::OutputTokens, Cell::Null);
        }
    }
}

/// Anthropic's stream opens with a count of its own; the true one comes at its end.
fn no_count_of_a_broken_answer(draft: &mut Draft) {
    let broken = draft.call.text(Col::Status) != Some("ok") && !draft.call.has(Col::FinishReason);
    if broken && draft.call.text(Col::Provider) == Some("anthropic") {
        draft.call.set(Col::OutputTokens, Cell::Null);
    }
}

fn add(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

fn int_cell(int: Option<i64>) -> Cell<'static> {
    int.map_or(Cell::Null, Cell::Int)
}

fn total_says_whole(input: i64, output: Option<i64>, total: Option<i64>) -> bool {
    output.zip(total).is_some_and(|(output, total)| total == input.saturating_add(output))
}

fn total_says_exclusive(input: i64, output: Option<i64>, cached: i64, total: Option<i64>) -> bool {
    match (output, total) {
        (Some(output), Some(total)) => cached > 0 && total == input + output + cached,
        _ => false,
    }
}

/// Output with the reasoning that a provider counts beside it.
fn with_reasoning(draft: &Draft, input: Option<i64>, output: Option<i64>) -> Option<i64> {
    let beside = match (input, output, draft.call.int(Col::ReasoningTokens)) {
        (Some(input), Some(output), Some(reasoning)) if reasoning > 0 => {
            let all = input.saturating_add(output).saturating_add(reasoning);
            (reasoning > output || draft.clues.total_tokens == Some(all)).then_some(reasoning)
        }
        _ => None,
    };
    add(output, beside)
}

#[allow(clippy::cast_precision_loss, reason = "token counts stay below 2^53")]
#[allow(clippy::cast_possible_truncation, reason = "a share of a token count")]
fn cached(draft: &mut Draft, absent: Absent, habit: Habit) {
    let call = &mut draft.call;
    let Some(input) = call.int(Col::InputTokens) else {
        call.set(Col::CacheHitRatio, Cell::Null);
        return;
    };
    let told = call.int(Col::CacheReadTokens);
    let by_ratio =
        call.number(Col::CacheHitRatio).map(|ratio| (ratio * input as f64).round() as i64);
    let silence = match absent {
        Absent::Zero => Some(0),
        Absent::Learned if habit.positive && !habit.zero => Some(0),
        Absent::Learned | Absent::Unknown => None,
    };
    let read = told.or(by_ratio).or(silence);
    if read.is_some_and(|read| read > input) {
        draft.rejected.push("cached tokens above the prompt");
        call.set(Col::CacheReadTokens, Cell::Null);
        call.set(Col::CacheHitRatio, Cell::Null);
        return;
    }
    call.set(Col::CacheReadTokens, int_cell(read));
    call.set(Col::UncachedTokens, int_cell(read.map(|read| input - read)));
    let ratio = read.filter(|_| input > 0).map(|read| read as f64 / input as f64);
    call.set(Col::CacheHitRatio, ratio.map_or(Cell::Null, Cell::Float));
}

fn float_cell(float: Option<f64>) -> Cell<'static> {
    float.map_or(Cell::Null, Cell::Float)
}

fn times(draft: &mut Draft, dialect: &Dialect) {
    // On the application's own span the times are those of the whole request.
    let foreign = draft.kind == crate::ingest::SpanKind::Server && dialect.id == "litellm";
    let duration = draft.duration_s().filter(|_| !foreign);
    draft.call.set(Col::DurationS, float_cell(duration));
    let whole = draft.chunks.clone().filter(|chunks| chunks.dropped == 0);
    if let Some(chunks) = &whole {
        draft.call.set(Col::ChunkCount, Cell::Int(i64::from(chunks.count)));
        if !draft.call.has(Col::TtftS) {
            draft.call.set(Col::TtftS, Cell::Float(chunks.first_s));
        }
        if let Some(gaps) = chunks.gaps_s {
            for (col, gap) in [Col::ItlP50S, Col::ItlP95S, Col::ItlP99S].into_iter().zip(gaps) {
                if !draft.call.has(col) {
                    draft.call.set(col, Cell::Float(gap));
                }
            }
        }
    }
    streaming(draft, dialect);
    first_chunk(draft, duration);
    decode(draft, duration, whole.map(|chunks| chunks.last_s - chunks.first_s));
    inter_token(draft);
}

fn streaming(draft: &mut Draft, dialect: &Dialect) {
    if draft.call.has(Col::Streaming) {
        return;
    }
    let ok = draft.call.text(Col::Status) == Some("ok");
    let told = if draft.call.has(Col::TtftS) || draft.chunks.is_some() {
        Some(true)
    } else {
        match dialect.streaming {
            Streaming::AbsentIsFalse => Some(false),
            Streaming::TtftTells if ok => Some(false),
            Streaming::TtftTells | Streaming::Said => None,
        }
    };
    draft.call.set(Col::Streaming, told.map_or(Cell::Null, Cell::Bool));
}

/// Drops a first chunk that cannot be true.
fn first_chunk(draft: &mut Draft, duration: Option<f64>) {
    let Some(ttft) = draft.call.number(Col::TtftS) else {
        if draft.clues.ttft_after_headers_s.is_some()
            && draft.call.flag(Col::Streaming) != Some(false)
        {
            draft.rejected.push("first chunk counted from the headers");
        }
        return;
    };
    let after_end = duration.is_some_and(|duration| ttft > duration + 1e-3);
    if draft.call.flag(Col::Streaming) == Some(false) {
        draft.rejected.push("first chunk on a call that did not stream");
    } else if after_end {
        draft.rejected.push("first chunk after the end of the call");
    } else {
        return;
    }
    draft.call.set(Col::TtftS, Cell::Null);
}

fn decode(draft: &mut Draft, duration: Option<f64>, by_chunks: Option<f64>) {
    let ok = draft.call.text(Col::Status) == Some("ok");
    let Some(ttft) = draft.call.number(Col::TtftS) else {
        if draft.call.flag(Col::Streaming) != Some(true) {
            draft.call.set(Col::DecodeS, Cell::Null);
        }
        return;
    };
    if let Some(told) = draft.call.number(Col::DecodeS) {
        let beyond = duration.is_some_and(|duration| ttft + told > duration * 1.01 + 0.005);
        if beyond {
            draft.rejected.push("decode time beyond the end of the call");
            draft.call.set(Col::DecodeS, Cell::Null);
        } else {
            return;
        }
    }
    let finish = draft.clues.finish_s.filter(|finish| {
        *finish >= ttft && duration.is_none_or(|duration| *finish <= duration + 1e-3)
    });
    let rest = by_chunks
        .or_else(|| finish.map(|finish| finish - ttft))
        .or_else(|| duration.filter(|_| ok).map(|duration| duration - ttft));
    draft.call.set(Col::DecodeS, float_cell(rest.map(|rest| rest.max(0.0))));
}

/// Mean time per output token after the first; null where the tokens of the decode time are not
/// known: reasoning may have come before the first chunk, and a broken call tells no count.
#[allow(clippy::cast_precision_loss, reason = "token counts stay below 2^53")]
fn inter_token(draft: &mut Draft) {
    if draft.call.has(Col::ItlS) {
        return;
    }
    let reasoned = draft.call.int(Col::ReasoningTokens).is_some_and(|tokens| tokens > 0);
    let ok = draft.call.text(Col::Status) == Some("ok");
    let Some(output) = draft.call.int(Col::OutputTokens).filter(|output| *output >= 2) else {
        return;
    };
    if !ok || reasoned {
        return;
    }
    let by_decode =
        draft.call.number(Col::DecodeS).filter(|s| *s > 0.0).map(|s| s / (output - 1) as f64);
    let itl = by_decode.or_else(|| {
        // Events beyond the SDK's cap were dropped, the oldest first: the tail still tells the
        // pace, and all events together how many tokens a chunk holds.
        let tail =
            draft.chunks.as_ref().filter(|chunks| chunks.dropped > 0 && chunks.count >= 2)?;
        let per_chunk_s = (tail.last_s - tail.first_s) / f64::from(tail.count - 1);
        let chunks = f64::from(tail.count) + f64::from(tail.dropped);
        Some(per_chunk_s * chunks / output as f64)
    });
    draft.call.set(Col::ItlS, float_cell(itl.filter(|itl| *itl > 0.0)));
}
