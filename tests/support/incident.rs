//! An incident with every part filled: calls drawn from simple physics, the plots taken from them
//! as the pipeline does, the conclusion written by hand.
//!
//! A prompt edit loses the cache of `rag-answer` two minutes into the window, and a third of its
//! calls move to another region.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use llmspan::calls::{Call, CallTable, Cell};
use llmspan::diagnosis::*;
use llmspan::schema::Col;
use llmspan::verdict::charts::{Subject, axis_of, charts};

const NS: i64 = 1_000_000_000;
const CALLS: i64 = 4_016;

/// The instant `minutes` after 12:45.
pub fn at(minutes: f64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-03T12:45:00Z".parse().unwrap();
    start + TimeDelta::milliseconds((minutes * 60_000.0) as i64)
}

/// Evenly spread figures between 0 and 1, the same every time.
fn draw(index: i64, salt: u64) -> f64 {
    let mut word = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

/// The calls, five quarters of an hour of baseline and a quarter of window and ten minutes after.
pub fn table() -> CallTable {
    let calls = (0..CALLS).map(|index| {
        let minutes = index as f64 * 100.0 / CALLS as f64;
        let hit = (77.2..91.0).contains(&minutes);
        let tail = -(1.0 - draw(index, 3)).ln();
        let prompt = 1_500.0 * 20_f64.powf(draw(index, 1)) + 900.0;
        let read = if hit { prompt * 0.41 } else { prompt * 0.96 };
        let uncached = (prompt - read).round();
        let moved = hit && draw(index, 9) < 0.33;
        let ttft = 0.2 + uncached * 1.3e-4 * (0.8 + 0.4 * draw(index, 2)) + 0.08 * tail;
        let ttft = if moved { ttft * 1.25 } else { ttft };
        let itl = 0.016 + 0.008 * draw(index, 4) + 0.004 * tail;
        let output = (10.0 + 110.0 * draw(index, 5)).round();
        let mut call = Call::default();
        call.set(Col::Start, Cell::Int(at(minutes).timestamp_nanos_opt().unwrap()));
        call.set_text(Col::TraceId, &format!("{index:032x}"));
        call.set_text(Col::SpanId, &format!("{index:016x}"));
        call.set_text(Col::RequestModel, "claude-opus-4-1");
        call.set_text(Col::ResponseModel, "claude-opus-4-1-20250805");
        call.set_text(Col::Status, if draw(index, 7) < 0.006 { "timeout" } else { "ok" });
        call.set_text(Col::Region, if moved { "eu-west-1" } else { "us-east-1" });
        if draw(index, 6) < 0.92 {
            call.set_text(Col::PromptVersion, if minutes < 77.2 { "v41" } else { "v42" });
        }
        if hit {
            let reason = if draw(index, 8) < 0.9 { "prompt_changed" } else { "cold" };
            call.set_text(Col::CacheMissReason, reason);
        }
        call.set(Col::TtftS, Cell::Float(ttft));
        call.set(Col::ItlS, Cell::Float(itl));
        call.set(Col::DurationS, Cell::Float(ttft + itl * output));
        call.set(Col::InputTokens, Cell::Int(prompt as i64));
        call.set(Col::CacheReadTokens, Cell::Int(read as i64));
        call.set(Col::UncachedTokens, Cell::Int(uncached as i64));
        call.set(Col::CacheHitRatio, Cell::Float(read / prompt));
        call.set(Col::OutputTokens, Cell::Int(output as i64));
        call.set(Col::SpecProposedTokens, Cell::Int(output as i64));
        call.set(Col::SpecAcceptedTokens, Cell::Int((output * 0.6) as i64));
        call
    });
    CallTable::from_calls(calls.collect())
}

/// The slice of the first cause.
pub fn segment() -> BTreeMap<String, String> {
    BTreeMap::from([("service.name".to_owned(), "rag-answer".to_owned())])
}

fn signal(
    name: &str,
    figures: (f64, f64),
    ratio: (f64, f64),
    usual: f64,
    change: Change,
) -> SignalChange {
    SignalChange {
        signal: name.to_owned(),
        baseline: Some(figures.0),
        window: Some(figures.1),
        ratio_low: Some(ratio.0),
        ratio_high: Some(ratio.1),
        usual_ratio: Some(usual),
        change,
    }
}

/// Level and tail of what the calls took, with intervals as wide as such figures have.
fn signals(charts: &Charts) -> Vec<SignalChange> {
    let mut signals = Vec::new();
    for spread in &charts.distributions {
        let stem = spread.signal.trim_end_matches("_s");
        let (baseline, window) = (&spread.baseline, &spread.window);
        for (part, figures, wide, usual) in [
            ("p50", (baseline.p50, window.p50), 0.04, 1.09),
            ("p95", (baseline.p95, window.p95), 0.09, 1.18),
        ] {
            let ratio = figures.1 / figures.0;
            let change = if ratio > usual { Change::Rose } else { Change::Held };
            let range = (ratio * (1.0 - wide), ratio * (1.0 + wide));
            signals.push(signal(&format!("{stem}_{part}_s"), figures, range, usual, change));
        }
    }
    signals.push(signal("error_share", (0.004, 0.006), (0.4, 3.2), 2.4, Change::Unclear));
    signals.push(SignalChange {
        signal: "timeout_share".to_owned(),
        baseline: None,
        window: None,
        ratio_low: None,
        ratio_high: None,
        usual_ratio: None,
        change: Change::Unknown,
    });
    signals
}

/// The mean duration of the calls that started between two minutes.
fn mean_s(table: &CallTable, from: f64, to: f64) -> f64 {
    let ns = |minutes: f64| at(minutes).timestamp_nanos_opt().unwrap();
    let rows = table.starts_ns().into_iter().zip(table.numbers(Col::DurationS));
    let of: Vec<f64> =
        rows.filter(|row| (ns(from)..ns(to)).contains(&row.0)).map(|row| row.1).collect();
    of.iter().sum::<f64>() / of.len() as f64
}

fn waterfall(table: &CallTable) -> Waterfall {
    let (baseline_s, window_s) = (mean_s(table, 0.0, 73.0), mean_s(table, 75.0, 90.0));
    let added_s = window_s - baseline_s;
    let term = |id: &str, label: &str, share: f64, half: f64| Term {
        id: id.to_owned(),
        label: label.to_owned(),
        mean_s: added_s * share,
        low_s: Some(added_s * (share - half)),
        high_s: Some(added_s * (share + half)),
        tail_s: Some(added_s * share * 1.8),
        share: Some(share),
    };
    Waterfall {
        segment: segment(),
        signal: "duration_s".to_owned(),
        baseline_s,
        window_s,
        tail_baseline_s: Some(baseline_s * 2.1),
        tail_window_s: Some(baseline_s * 2.1 + added_s * 1.8),
        terms: vec![
            term("traffic_mix", "other mix of calls", -0.07, 0.03),
            term("prompt_length", "longer prompts", 0.09, 0.04),
            term("cache_misses", "cache misses", 0.78, 0.12),
            term("output_length", "longer answers", 0.05, 0.06),
            term("routing", "other region", 0.07, 0.02),
            term("same_work", "slower at the same work", 0.08, 0.08),
        ],
    }
}

fn evidence(signal: &str, baseline: f64, window: f64, low: f64, high: f64, note: &str) -> Evidence {
    Evidence {
        query: Some(Query {
            gives: Gives::Figures,
            sql: "SELECT period, avg(ttft_s) AS value\nFROM 'calls.parquet' WHERE tenant < 'a'"
                .to_owned(),
        }),
        signal: signal.to_owned(),
        baseline: Some(baseline),
        window: Some(window),
        low: Some(low),
        high: Some(high),
        note: (!note.is_empty()).then(|| note.to_owned()),
    }
}

/// A cited call; ids differ by `seed`.
pub fn cited(provider: &str, seed: usize) -> CitedCall {
    CitedCall {
        provider: Some(provider.to_owned()),
        request_id: format!("req_011CVgxNxIlZkbUJRbc{seed:05}"),
        response_id: Some(format!("msg_01XFDUDYJgAACzvnptvVo{seed:04}")),
        trace_id: Some(format!("{:032x}", 0x75f0_be0f_8302_41a7_df03_u128 * (seed as u128 + 3))),
        span_id: Some(format!("{seed:016x}")),
        start: at(77.5 + (seed * 7 % 20) as f64 * 0.61),
        signal: "ttft_s".to_owned(),
        observed_s: 3.1 - 0.05 * seed as f64,
        expected_s: 0.31,
    }
}

fn first() -> RankedCause {
    RankedCause {
        rank: 1,
        cause: Cause::CacheMissPromptChanged,
        owner: Owner::YourPrompt,
        confidence: 0.93,
        share: 0.78,
        segment: segment(),
        onset: at(77.1667),
        summary: "The cached prefix of rag-answer changed with prompt v42: cache reads fell from \
                  96 % of the prompt to 41 %. At the same uncached tokens TTFT held, and so did \
                  inter-token latency."
            .to_owned(),
        evidence: vec![
            evidence("cache_hit_ratio", 0.96, 0.41, 0.36, 0.46, ""),
            evidence("cache_write_tokens_per_call", 212.0, 18_940.0, 15_100.0, 22_400.0, ""),
            evidence(
                "prompt_version_share",
                0.0,
                0.99,
                0.98,
                1.0,
                "v41 → v42, first seen 14:02:08",
            ),
            evidence("ttft_at_same_work_ratio", 1.0, 1.04, 0.97, 1.11, "held"),
            evidence("itl_p95_s", 0.033, 0.033, 0.031, 0.035, "held within ±6 %"),
        ],
        affected_calls: 487,
        segment_calls: 603,
        request_ids: (0..20).map(|seed| cited("anthropic", seed)).collect(),
        next_steps: vec![
            "Diff prompt rag-answer v41 against v42: the cached prefix must stay byte-equal."
                .to_owned(),
            "Until then expect 3.1 times the input cost for this service.".to_owned(),
        ],
    }
}

fn second() -> RankedCause {
    RankedCause {
        rank: 2,
        cause: Cause::RegionChange,
        owner: Owner::ProviderInfrastructure,
        confidence: 0.41,
        share: 0.07,
        segment: BTreeMap::from([("gen_ai.provider.region".to_owned(), "eu-west-1".to_owned())]),
        onset: at(77.3),
        summary: "A third of the calls were served from eu-west-1, where TTFT at the same work \
                  is 1.25 times that of us-east-1."
            .to_owned(),
        evidence: vec![evidence("region_share", 0.0, 0.33, 0.29, 0.37, "eu-west-1")],
        affected_calls: 61,
        segment_calls: 175,
        request_ids: (30..33).map(|seed| cited("anthropic", seed)).collect(),
        next_steps: vec!["Ask the provider why us-east-1 was left at 14:02.".to_owned()],
    }
}

fn ingest() -> Ingest {
    let losses = vec![
        Loss { reason: "logs".into(), count: 2, first: "line 17".into(), lost: false },
        Loss { reason: "truncated".into(), count: 1, first: "byte 918,223".into(), lost: true },
    ];
    let file = |name: &str, spans, losses| IngestFile {
        file: name.to_owned(),
        format: "otlp_json (gzip)".to_owned(),
        spans,
        losses,
    };
    Ingest {
        files: vec![
            file("spans-1.json.gz", 900_100, losses),
            file("spans-2.json.gz", 304_451, vec![]),
        ],
        spans: 1_204_551,
        calls: 4_016,
        dialects: vec![("openllmetry".to_owned(), 3_812), ("anthropic-sdk".to_owned(), 204)],
        folded: BTreeMap::from([("framework wrappers".to_owned(), 3_998)]),
        rejected: BTreeMap::from([("TTFT beyond the duration".to_owned(), 4)]),
        rejected_of: Vec::new(),
        counted: Vec::new(),
    }
}

/// The signals by the minute, from half an hour before the window to ten minutes after it.
fn timeline(table: &CallTable) -> Timeline {
    let (first, bins) = (30, 70);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); bins];
    for (row, start) in table.starts_ns().into_iter().enumerate() {
        let minutes = (start - at(f64::from(first)).timestamp_nanos_opt().unwrap()) / (60 * NS);
        if let Some(bin) = usize::try_from(minutes).ok().and_then(|bin| rows.get_mut(bin)) {
            bin.push(row);
        }
    }
    let quantile = |col: Col, q: f64| {
        let values = table.numbers(col);
        let of = |rows: &Vec<usize>| {
            let mut known: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
            known.sort_by(f64::total_cmp);
            known.get(((known.len() as f64) * q) as usize).copied()
        };
        rows.iter().map(of).collect::<Vec<_>>()
    };
    let ratio = |part: Col, whole: Col| {
        let (part, whole) = (table.numbers(part), table.numbers(whole));
        let sum = |of: &[f64], rows: &[usize]| rows.iter().map(|row| of[*row]).sum::<f64>();
        rows.iter().map(|rows| Some(sum(&part, rows) / sum(&whole, rows))).collect::<Vec<_>>()
    };
    let status = table.codes(Col::Status.name());
    let failed = |rows: &Vec<usize>| {
        let count = rows.iter().filter(|row| status.get(**row) != Some("ok")).count();
        Some(count as f64 / rows.len() as f64)
    };
    let series = |signal: &str, values: Vec<Option<f64>>| Series { signal: signal.into(), values };
    Timeline {
        start: at(f64::from(first)),
        bin_s: 60.0,
        window_from: 45,
        window_to: 60,
        onset_bin: Some(47),
        segment: segment(),
        series: vec![
            series("ttft_p50_s", quantile(Col::TtftS, 0.5)),
            series("ttft_p95_s", quantile(Col::TtftS, 0.95)),
            series("itl_p50_s", quantile(Col::ItlS, 0.5)),
            series("itl_p95_s", quantile(Col::ItlS, 0.95)),
            series("duration_p50_s", quantile(Col::DurationS, 0.5)),
            series("duration_p95_s", quantile(Col::DurationS, 0.95)),
            series("calls_per_minute", rows.iter().map(|rows| Some(rows.len() as f64)).collect()),
            series("cache_hit_ratio", ratio(Col::CacheReadTokens, Col::InputTokens)),
            series(
                "spec_acceptance_ratio",
                ratio(Col::SpecAcceptedTokens, Col::SpecProposedTokens),
            ),
            series("error_share", rows.iter().map(failed).collect()),
        ],
    }
}

fn path() -> Vec<Step> {
    let step = |question: &str, reading: &str, answer: &str| Step {
        question: question.to_owned(),
        reading: reading.to_owned(),
        answer: answer.to_owned(),
    };
    vec![
        step("Did anything move beyond the usual?", "TTFT p95 3.8×, usual 1.2×", "A spike."),
        step("Did TTFT move alone?", "ITL p95 1.02× [0.95×, 1.08×]", "TTFT only: prefill."),
        step(
            "At the same uncached tokens?",
            "1.04× [0.97×, 1.11×]",
            "The work grew, the service held: cache or prompt length.",
        ),
        step("Why did the cache miss?", "v41 → v42 at 14:02:08", "The prompt changed."),
    ]
}

fn coverage() -> Vec<Coverage> {
    ["ttft_s", "itl_s", "cache_hit_ratio", "request_id", "region", "queue_wait_s"]
        .iter()
        .zip([0.98, 0.97, 1.0, 0.995, 1.0, 0.0])
        .map(|(column, share)| Coverage {
            column: (*column).to_owned(),
            baseline_share: share,
            window_share: share * 0.99,
        })
        .collect()
}

/// The conclusion, with its plots.
pub fn diagnosis() -> Diagnosis {
    let table = table();
    let ns = |minutes: f64| at(minutes).timestamp_nanos_opt().unwrap() / NS * NS;
    let timeline = timeline(&table);
    let normal = ns(0.0)..ns(73.0);
    let subject = Subject {
        table: &table,
        window: ns(75.0)..ns(90.0),
        baseline: std::slice::from_ref(&normal),
        slice: None,
        segment: segment(),
        axis: axis_of(&timeline),
        miss_reasons: None,
    };
    let out = |cause, because: &str| RuledOut { cause, because: because.to_owned() };
    let charts = charts(&subject);
    let signals = signals(&charts);
    let calls = (charts.distributions[0].baseline.calls, charts.distributions[0].window.calls);
    Diagnosis {
        schema: SCHEMA,
        window: Period { start: at(75.0), end: at(90.0), calls: calls.1 },
        baseline: Some(Period { start: at(0.0), end: at(73.0), calls: calls.0 }),
        verdict: Verdict::Spike,
        headline: format!(
            "TTFT p95 of rag-answer rose from {:.0} ms to {:.0} ms; inter-token latency held.",
            charts.distributions[0].baseline.p95 * 1e3,
            charts.distributions[0].window.p95 * 1e3
        ),
        diagnoses: vec![first(), second()],
        ruled_out: vec![
            out(Cause::DecodeContention, "ITL held: 33 ms to 33 ms at p95."),
            out(Cause::CapacityEvent, "Calls outside rag-answer held: TTFT 1.02×, ITL 0.99×."),
            out(Cause::LoadSurge, "40 calls a minute before, 40 in the window."),
        ],
        undecidable: vec![Undecidable {
            cause: Cause::AcceptanceDropDraftSwap,
            missing: vec!["gen_ai.speculative.acceptance_rate".to_owned()],
            because: "No span carries draft acceptance.".to_owned(),
        }],
        signals,
        waterfall: Some(waterfall(&table)),
        cost: None,
        path: path(),
        timeline: Some(timeline),
        counted: None,
        charts: Some(charts),
        notes: vec!["The window is 2 min 10 s longer than the spike at its start.".to_owned()],
        coverage: coverage(),
        ingest: ingest(),
        other_spikes: vec![],
    }
}

/// The conclusion in which every text that comes from data is this one.
pub fn with_every_text(text: &str) -> Diagnosis {
    let mut all = diagnosis();
    let evil = || text.to_owned();
    all.headline = evil();
    all.notes = vec![evil()];
    for cause in &mut all.diagnoses {
        cause.summary = evil();
        cause.segment = BTreeMap::from([(evil(), evil())]);
        cause.next_steps = vec![evil()];
        for evidence in &mut cause.evidence {
            evidence.signal = evil();
            evidence.note = Some(evil());
        }
        for call in &mut cause.request_ids {
            call.request_id = evil();
            call.signal = evil();
            for field in
                [&mut call.provider, &mut call.response_id, &mut call.trace_id, &mut call.span_id]
            {
                *field = Some(evil());
            }
        }
    }
    all.ruled_out.iter_mut().for_each(|out| out.because = evil());
    for open in &mut all.undecidable {
        open.because = evil();
        open.missing = vec![evil()];
    }
    all.signals.iter_mut().for_each(|signal| signal.signal = evil());
    all.coverage.iter_mut().for_each(|coverage| coverage.column = evil());
    all.path = vec![Step { question: evil(), reading: evil(), answer: evil() }];
    if let Some(waterfall) = &mut all.waterfall {
        waterfall.segment = BTreeMap::from([(evil(), evil())]);
        waterfall.signal = evil();
        waterfall.terms.iter_mut().for_each(|term| term.label = evil());
    }
    if let Some(timeline) = &mut all.timeline {
        timeline.segment = BTreeMap::from([(evil(), evil())]);
        timeline.series.iter_mut().for_each(|series| series.signal = evil());
    }
    if let Some(charts) = &mut all.charts {
        charts.scatters.iter_mut().for_each(|of| (of.x, of.y) = (evil(), evil()));
        charts.distributions.iter_mut().for_each(|of| of.signal = evil());
        for of in &mut charts.shares {
            of.column = evil();
            of.values.iter_mut().for_each(|series| series.value = evil());
        }
    }
    for file in &mut all.ingest.files {
        (file.file, file.format) = (evil(), evil());
        for loss in &mut file.losses {
            (loss.reason, loss.first) = (evil(), evil());
        }
    }
    all.ingest.dialects = vec![(evil(), 1)];
    all.ingest.folded = BTreeMap::from([(evil(), 1)]);
    all.ingest.rejected = BTreeMap::from([(evil(), 1)]);
    all.other_spikes = vec![diagnosis()];
    all.other_spikes[0].headline = evil();
    all
}
