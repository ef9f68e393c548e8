//! The text for the provider's support form.
//!
//! It goes to another company, so it is made of figures and of what the provider knows anyway:
//! models, regions, pools, request ids and times. Free text of the diagnosis and slices by
//! service, tenant, prompt or anything else of the customer's own never enter it.

mod form;
mod ruled_out;

use std::collections::BTreeMap;

use form::Form;

use super::{neutral, numbers, wording};
use crate::diagnosis::{
    CitedCall, Diagnosis, Owner, Period, RankedCause, ShareSeries, Shares, Verdict,
};

/// Attributes of a slice that the provider knows, and how they are called in the text.
const SHARED: [(&str, &str); 8] = [
    ("gen_ai.request.model", "model"),
    ("gen_ai.response.model", "served model"),
    ("gen_ai.provider.region", "region"),
    ("gen_ai.provider.pool_id", "pool"),
    ("openai.response.system_fingerprint", "fingerprint"),
    ("gen_ai.response.system_fingerprint", "fingerprint"),
    ("openai.response.service_tier", "service tier"),
    ("server.address", "endpoint"),
];
/// Columns of the routing that the provider knows, and how they are called in the text.
const ROUTING: [(&str, &str); 6] = [
    ("request_model", "Model asked for"),
    ("response_model", "Model served"),
    ("region", "Region"),
    ("pool_id", "Deployment or pool"),
    ("system_fingerprint", "Fingerprint"),
    ("service_tier", "Service tier"),
];
/// Latency signals of the ticket, in reading order.
const SIGNALS: [&str; 8] = [
    "ttft_p50_s",
    "ttft_p95_s",
    "itl_p50_s",
    "itl_p95_s",
    "duration_p50_s",
    "duration_p95_s",
    "error_share",
    "timeout_share",
];

/// The ticket for one provider: the one named, or the one with the most calls to cite. At most
/// `max_ids` request ids are listed, worst first. Ends in a newline.
pub fn render(diagnosis: &Diagnosis, provider: Option<&str>, max_ids: usize) -> String {
    let Some(cause) = subject(diagnosis) else { return nothing(diagnosis) };
    let provider = provider.map(str::to_owned);
    let provider = provider.or_else(|| most_cited(cause)).or_else(|| most_called(diagnosis));
    let form = Form::of(provider.as_deref().unwrap_or_default());
    let mut text = String::new();
    caution(&mut text, diagnosis, cause);
    text.push_str(&format!("Subject: {}\n", title(diagnosis, cause)));
    what(&mut text, diagnosis, cause, &form.title(provider.as_deref()));
    figures(&mut text, diagnosis, cause);
    routing(&mut text, diagnosis);
    ids(&mut text, cause, provider.as_deref(), form, max_ids);
    excluded(&mut text, diagnosis);
    text.push_str("\nOur question\n");
    text.push_str(&format!("  {}\n", form::question(cause.cause)));
    text.push_str("\nTo be filled in by hand, for no span should carry it\n");
    for line in form.fill_in {
        text.push_str(&format!("  {line}:\n"));
    }
    text
}

/// The first cause that the provider can do something about; else the first.
fn subject(diagnosis: &Diagnosis) -> Option<&RankedCause> {
    let causes = &diagnosis.diagnoses;
    causes.iter().find(|cause| is_theirs(cause.owner)).or_else(|| causes.first())
}

const fn is_theirs(owner: Owner) -> bool {
    matches!(owner, Owner::ProviderBatch | Owner::ProviderInfrastructure)
}

fn nothing(diagnosis: &Diagnosis) -> String {
    let why = match diagnosis.verdict {
        Verdict::Spike => "no cause of it could be told",
        Verdict::NoSpike => "calls were no slower than normal traffic makes them",
        Verdict::InsufficientData => "there is not enough data to say anything",
    };
    let period = wording::period(&diagnosis.window);
    format!("There is nothing to put before a provider about {period}: {why}.\n")
}

/// For the person who sends it, in brackets: when the ticket may not be the provider's business.
fn caution(text: &mut String, diagnosis: &Diagnosis, cause: &RankedCause) {
    let Some(first) = diagnosis.diagnoses.first() else { return };
    let sure = numbers::probability(first.confidence);
    let (id, owner) = (first.cause.id(), wording::owner(first.owner));
    if !is_theirs(cause.owner) {
        text.push_str(&format!(
            "[Before sending: the cause is not the provider's. {id}, {owner}, {sure} sure. Delete \
             this line only if you know better.]\n\n"
        ));
    } else if first.rank != cause.rank {
        text.push_str(&format!(
            "[Before sending: the first cause is {id}, {owner}, {sure} sure. This ticket is about \
             the one ranked {}: {}, {} sure.]\n\n",
            cause.rank,
            cause.cause.id(),
            numbers::probability(cause.confidence)
        ));
    }
}

/// `Slower responses since 2026-11-03 14:02:10 UTC: TTFT p95 610 ms to 2,020 ms`.
fn title(diagnosis: &Diagnosis, cause: &RankedCause) -> String {
    let since = numbers::day_and_clock(cause.onset);
    let known = diagnosis.signals.iter().filter_map(|signal| {
        let (baseline, window) = (signal.baseline?, signal.window?);
        let is_time = SIGNALS.contains(&&*signal.signal) && signal.signal.ends_with("_s");
        (is_time && baseline > 0.0).then_some((signal, baseline, window))
    });
    let worst = known.max_by(|a, b| (a.2 / a.1).total_cmp(&(b.2 / b.1)));
    let figure = worst.map_or_else(String::new, |(signal, baseline, window)| {
        let show = |value| wording::quantity(&signal.signal, value);
        let name = wording::signal(&signal.signal);
        format!(": {name} {} to {}", show(baseline), show(window))
    });
    format!("Slower responses since {since} UTC{figure}")
}

fn what(text: &mut String, diagnosis: &Diagnosis, cause: &RankedCause, provider: &str) {
    text.push_str("\nWhat changed\n");
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<18}{value}\n"));
    line("Observed", &capital(cause.cause.label()));
    line("Since", &format!("{} UTC", numbers::day_and_clock(cause.onset)));
    line("Window", &period(&diagnosis.window));
    if let Some(baseline) = &diagnosis.baseline {
        line("Compared with", &period(baseline));
    }
    line("Provider", provider);
    let slice = shared(&cause.segment);
    let slice = if slice.is_empty() { slice } else { format!(" ({slice})") };
    let all = wording::calls(cause.segment_calls);
    let slowed = match cause.affected_calls {
        0 => format!("not to be told call by call; of {all}{slice}"),
        count => format!("{} of {all}{slice}", numbers::len(count)),
    };
    line("Slowed", &slowed);
}

/// `2026-11-03 14:00 to 14:15 UTC, 812 calls`.
fn period(period: &Period) -> String {
    format!("{}, {}", wording::period(period), wording::calls(period.calls))
}

/// The part of a slice that the provider knows; the rest is the customer's own.
fn shared(segment: &BTreeMap<String, String>) -> String {
    let known = segment.iter().filter_map(|(name, value)| {
        let (_, word) = SHARED.iter().find(|(shared, _)| shared == name)?;
        Some(format!("{word} {}", neutral::line(value)))
    });
    known.collect::<Vec<_>>().join(", ")
}

/// Latency and evidence, baseline beside window.
fn figures(text: &mut String, diagnosis: &Diagnosis, cause: &RankedCause) {
    let mut rows = Vec::new();
    let mut row = |signal: &str, baseline: Option<f64>, window: Option<f64>, range: String| {
        if baseline.is_some() || window.is_some() {
            let shown = |value| wording::known(signal, value);
            rows.push([wording::signal(signal), shown(baseline), shown(window), range]);
        }
    };
    for name in SIGNALS {
        if let Some(signal) = diagnosis.signals.iter().find(|signal| signal.signal == name) {
            row(name, signal.baseline, signal.window, String::new());
        }
    }
    for evidence in &cause.evidence {
        let name = &*evidence.signal;
        if ours(name) && !SIGNALS.contains(&name) {
            let range = wording::interval(name, evidence.low, evidence.high);
            row(name, evidence.baseline, evidence.window, range);
        }
    }
    if !rows.is_empty() {
        text.push_str("\nFigures\n");
        let interval = if rows.iter().any(|row| !row[3].is_empty()) { "95 % interval" } else { "" };
        rows.insert(0, ["", "baseline", "window", interval].map(str::to_owned));
        table(text, &rows);
    }
}

/// Whether a name is one of this program's signals and not a name from somebody's spans.
fn ours(signal: &str) -> bool {
    const STEMS: [&str; 20] = [
        "ttft",
        "itl",
        "duration",
        "queue",
        "prefill",
        "decode",
        "server",
        "batch",
        "running",
        "waiting",
        "spec",
        "acceptance",
        "cache",
        "uncached",
        "calls",
        "output",
        "region",
        "pool",
        "fingerprint",
        "model",
    ];
    STEMS.iter().any(|stem| signal.starts_with(stem))
        && signal
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Models, regions, pools: their shares of the calls, baseline and window.
fn routing(text: &mut String, diagnosis: &Diagnosis) {
    let Some(charts) = &diagnosis.charts else { return };
    let find = |column: &str| charts.shares.iter().find(|shares| shares.column == column);
    let known: Vec<(&str, &Shares)> =
        ROUTING.iter().filter_map(|(column, word)| Some((*word, find(column)?))).collect();
    if known.is_empty() {
        return;
    }
    text.push_str("\nModels and regions, share of the calls in baseline and window\n");
    let mut rows = vec![["", "", "baseline", "window"].map(str::to_owned)];
    for (word, shares) in known {
        let mut name = word;
        for series in &shares.values {
            let shown = |share| wording::known("call_share", share);
            rows.push([
                std::mem::take(&mut name).to_owned(),
                neutral::line(&series.value),
                shown(series.baseline),
                shown(series.window),
            ]);
        }
        if shares.left_out > 0 {
            let others = format!("and {} others", numbers::len(shares.left_out));
            rows.push([String::new(), others, String::new(), String::new()]);
        }
    }
    table(text, &rows);
}

/// The provider that served most of the window's calls.
fn most_called(diagnosis: &Diagnosis) -> Option<String> {
    let shares = &diagnosis.charts.as_ref()?.shares;
    let providers = shares.iter().find(|shares| shares.column == "provider")?;
    let most = providers.values.iter().max_by(|a, b| {
        let of = |series: &ShareSeries| series.window.unwrap_or(0.0);
        of(a).total_cmp(&of(b)).then_with(|| b.value.cmp(&a.value))
    });
    most.map(|series| series.value.clone())
}

/// The provider with the most calls to cite; the first by name among equals.
fn most_cited(cause: &RankedCause) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for provider in cause.request_ids.iter().filter_map(|call| call.provider.as_deref()) {
        *counts.entry(provider).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map(|(name, _)| (*name).to_owned())
}

fn ids(
    text: &mut String,
    cause: &RankedCause,
    provider: Option<&str>,
    form: &Form,
    max_ids: usize,
) {
    let of_them = |call: &&CitedCall| match (provider, call.provider.as_deref()) {
        (Some(asked), Some(issued)) => {
            std::ptr::eq(Form::of(issued), form) && form.covers(asked, issued)
        }
        _ => true,
    };
    let theirs: Vec<&CitedCall> = cause.request_ids.iter().filter(of_them).collect();
    let shown = theirs.get(..max_ids).unwrap_or(&theirs);
    text.push_str(&format!("\nRequests, worst first ({})\n", form.id));
    if shown.is_empty() {
        text.push_str("  None of our spans of the slowed calls carries this id.\n");
        return;
    }
    let head =
        ["request id", "started (UTC)", "figure", "took", "expected", "response id", "trace id"];
    let mut rows = vec![head.map(str::to_owned)];
    let known = |id: &Option<String>| id.as_deref().map_or_else(|| "–".to_owned(), neutral::line);
    for call in shown {
        let stem = call.signal.strip_suffix("_s").unwrap_or(&call.signal);
        rows.push([
            neutral::line(&call.request_id),
            call.start.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            wording::signal(stem),
            numbers::seconds(call.observed_s),
            numbers::seconds(call.expected_s),
            known(&call.response_id),
            known(&call.trace_id),
        ]);
    }
    table(text, &rows);
    let listed = numbers::len(shown.len());
    text.push_str(&format!(
        "  {listed} listed of {} slowed.\n",
        wording::calls(cause.affected_calls)
    ));
}

fn excluded(text: &mut String, diagnosis: &Diagnosis) {
    let out: Vec<&str> =
        diagnosis.ruled_out.iter().filter_map(|out| ruled_out::phrase(out.cause)).collect();
    if out.is_empty() {
        return;
    }
    text.push_str("\nRuled out on our side as the cause\n");
    for phrase in out {
        text.push_str(&format!("  - {phrase}\n"));
    }
}

/// Rows in aligned columns; the last is not padded.
fn table<const N: usize>(text: &mut String, rows: &[[String; N]]) {
    use unicode_width::UnicodeWidthStr;
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str("  ");
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
