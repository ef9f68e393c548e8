//! Conclusions as a real run would reach them, for every report to render.
#![allow(clippy::too_many_lines, reason = "a conclusion is read as one piece")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use llmspan::diagnosis::{
    Cause, Change, CitedCall, Coverage, Diagnosis, Evidence, Ingest, IngestFile, Loss, Period,
    RankedCause, RuledOut, SCHEMA, Series, SignalChange, Step, Term, Timeline, Undecidable,
    Verdict, Waterfall,
};

/// Every conclusion, by the name that its snapshots carry.
pub fn all() -> Vec<(&'static str, Diagnosis)> {
    vec![
        ("cache_lost", cache_lost()),
        ("compound", compound()),
        ("no_spike", no_spike()),
        ("insufficient", insufficient()),
        ("hostile", hostile()),
        ("empty", empty()),
        ("unexplained", unexplained()),
    ]
}

fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-11-03T{clock}Z").parse().unwrap()
}

fn period(start: &str, end: &str, calls: usize) -> Period {
    Period { start: at(start), end: at(end), calls }
}

fn segment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn evidence(signal: &str, figures: [Option<f64>; 4], note: &str) -> Evidence {
    let [baseline, window, low, high] = figures;
    let note = (!note.is_empty()).then(|| note.to_owned());
    Evidence { signal: signal.to_owned(), baseline, window, low, high, note, query: None }
}

fn change(signal: &str, figures: [f64; 5], change: Change) -> SignalChange {
    let [baseline, window, low, high, usual] = figures.map(Some);
    SignalChange {
        signal: signal.to_owned(),
        baseline,
        window,
        ratio_low: low,
        ratio_high: high,
        usual_ratio: usual,
        change,
    }
}

fn term(id: &str, figures: [f64; 5]) -> Term {
    let [mean_s, low_s, high_s, tail_s, share] = figures;
    Term {
        id: id.to_owned(),
        label: id.replace('_', " "),
        mean_s,
        low_s: Some(low_s),
        high_s: Some(high_s),
        tail_s: Some(tail_s),
        share: Some(share),
    }
}

fn step(question: &str, reading: &str, answer: &str) -> Step {
    let [question, reading, answer] = [question, reading, answer].map(str::to_owned);
    Step { question, reading, answer }
}

/// Levels before and in the window with a small deterministic ripple.
fn series(signal: &str, before: f64, window: f64, bins: [usize; 2], ripple: f64) -> Series {
    let value = |bin: usize| {
        let level = if bin < bins[0] { before } else { window };
        let turn = [0.0, 0.6, -0.8, 0.3, -0.2, 1.0, -0.5][(bin * 5 + 3) % 7];
        Some(level * (1.0 + ripple * turn))
    };
    Series { signal: signal.to_owned(), values: (0..bins[0] + bins[1]).map(value).collect() }
}

fn cited(index: u32, signal: &str, observed_s: f64, expected_s: f64) -> CitedCall {
    CitedCall {
        provider: Some("anthropic".to_owned()),
        request_id: format!("req_011CVgxNxIlZkbUJRbcBK{index:03}"),
        response_id: Some(format!("msg_01Xa{index:04}")),
        trace_id: Some(format!("{:032x}", 0x5eed_0000_u64 + u64::from(index))),
        span_id: Some(format!("{:016x}", 0xfeed_u64 + u64::from(index))),
        start: at("14:03:41.250") + chrono::TimeDelta::seconds(i64::from(index) * 37 % 600),
        signal: signal.to_owned(),
        observed_s,
        expected_s,
    }
}

fn ingest() -> Ingest {
    let loss = |reason: &str, count, first: &str, lost| Loss {
        reason: reason.to_owned(),
        count,
        first: first.to_owned(),
        lost,
    };
    let file = |file: &str, format: &str, spans, losses| IngestFile {
        file: file.to_owned(),
        format: format.to_owned(),
        spans,
        losses,
    };
    Ingest {
        files: vec![
            file("spans/one.json.gz", "otlp_json (gzip)", 1_000_000, vec![]),
            file(
                "spans/two.json",
                "otlp_json",
                204_551,
                vec![
                    loss("cut mid-line", 1, "line 90,113", true),
                    loss("logs", 212, "line 4", false),
                ],
            ),
        ],
        spans: 1_204_551,
        calls: 4016,
        dialects: vec![("openllmetry".to_owned(), 3812), ("anthropic_native".to_owned(), 204)],
        folded: BTreeMap::from([("wrapper".to_owned(), 8032), ("gateway".to_owned(), 17)]),
        rejected: BTreeMap::from([("ttft beyond duration".to_owned(), 3)]),
        rejected_of: Vec::new(),
        counted: Vec::new(),
    }
}

fn coverage() -> Vec<Coverage> {
    let share = |column: &str, baseline_share, window_share| Coverage {
        column: column.to_owned(),
        baseline_share,
        window_share,
    };
    vec![
        share("ttft_s", 0.98, 0.98),
        share("itl_s", 0.97, 0.96),
        share("uncached_tokens", 1.0, 1.0),
        share("request_id", 0.91, 0.74),
        share("spec_acceptance_ratio", 0.0, 0.0),
    ]
}

fn blank(verdict: Verdict, headline: &str) -> Diagnosis {
    Diagnosis {
        schema: SCHEMA,
        window: period("14:00:00", "14:15:00", 812),
        baseline: Some(period("12:45:00", "13:58:00", 3204)),
        verdict,
        headline: headline.to_owned(),
        diagnoses: vec![],
        ruled_out: vec![],
        undecidable: vec![],
        signals: vec![],
        waterfall: None,
        cost: None,
        path: vec![],
        timeline: None,
        counted: None,
        charts: None,
        notes: vec![],
        coverage: coverage(),
        ingest: ingest(),
        other_spikes: vec![],
    }
}

fn timeline(series: Vec<Series>, slice: &[(&str, &str)], onset_bin: Option<usize>) -> Timeline {
    Timeline {
        start: at("12:45:00"),
        bin_s: 90.0,
        window_from: 50,
        window_to: 60,
        onset_bin,
        segment: segment(slice),
        series,
    }
}

const RAG: [(&str, &str); 1] = [("service.name", "rag-answer")];

/// One cause, one service: the incident of the README's first screen.
pub fn cache_lost() -> Diagnosis {
    let mut diagnosis = blank(
        Verdict::Spike,
        "TTFT p95 rose 3.3× in rag-answer, 610 ms → 2,020 ms; ITL held within 6 %.",
    );
    let mut cause = ranked(1, Cause::CacheMissPromptChanged, [0.93, 0.78], &RAG);
    cause.onset = at("14:02:10.000");
    cause.summary = "The cached prefix of rag-answer changed at 14:02: cache reads fell from 97 % \
                     to 41 % of the prompt and writes rose 89×, at the same prompt length."
        .to_owned();
    cause.evidence = vec![
        evidence("cache_hit_ratio", [Some(0.97), Some(0.41), Some(0.36), Some(0.46)], ""),
        evidence(
            "cache_write_tokens",
            [Some(212.0), Some(18_940.0), Some(17_100.0), Some(20_400.0)],
            "per call",
        ),
        evidence(
            "prompt_version",
            [None, None, None, None],
            "v41 100 % → v42 99 %, first seen 14:02:08",
        ),
        evidence("ttft_same_work_ratio", [Some(1.0), Some(1.04), Some(0.97), Some(1.11)], "held"),
        evidence(
            "itl_p95_s",
            [Some(0.0441), Some(0.0449), Some(0.0431), Some(0.0462)],
            "held within ±6 %",
        ),
    ];
    cause.affected_calls = 187;
    cause.segment_calls = 193;
    cause.request_ids =
        (0..12).map(|index| cited(index, "ttft_s", 4.1 - f64::from(index) * 0.13, 0.62)).collect();
    cause.next_steps = vec![
        "Diff prompt rag-answer v41 against v42: the cached prefix must stay byte-equal."
            .to_owned(),
        "Until then expect 3.1× the input cost for this service.".to_owned(),
    ];
    let mut second = ranked(2, Cause::PromptGrowth, [0.41, 0.09], &RAG);
    second.summary = "Prompts of rag-answer are 9 % longer.".to_owned();
    second.evidence = vec![evidence(
        "input_tokens",
        [Some(19_200.0), Some(20_950.0), Some(20_100.0), Some(21_800.0)],
        "",
    )];
    diagnosis.diagnoses = vec![cause, second];
    diagnosis.waterfall = Some(Waterfall {
        segment: segment(&RAG),
        signal: "duration_s".to_owned(),
        baseline_s: 1.84,
        window_s: 3.39,
        tail_baseline_s: Some(4.2),
        tail_window_s: Some(9.81),
        terms: vec![
            term("traffic_mix", [0.0, -0.02, 0.02, 0.01, 0.0]),
            term("longer_prompts", [0.1398, 0.08, 0.2, 0.3, 0.09]),
            term("cache_misses", [1.2104, 1.05, 1.36, 4.6, 0.78]),
            term("longer_answers", [0.0796, 0.01, 0.15, 0.4, 0.05]),
            term("routing", [0.0, -0.01, 0.01, 0.0, 0.0]),
            term("slower_at_the_same_work", [0.1202, -0.04, 0.27, 0.3, 0.08]),
        ],
    });
    diagnosis.timeline = Some(timeline(
        vec![
            series("ttft_p95_s", 0.61, 2.02, [50, 10], 0.12),
            series("itl_p95_s", 0.0441, 0.0449, [50, 10], 0.05),
            series("cache_hit_ratio", 0.97, 0.41, [50, 10], 0.02),
            series("calls_per_minute", 54.0, 54.0, [50, 10], 0.2),
        ],
        &RAG,
        Some(51),
    ));
    diagnosis.signals = vec![
        change("ttft_p50_s", [0.42, 1.61, 3.4, 4.2, 1.08], Change::Rose),
        change("ttft_p95_s", [0.61, 2.02, 2.8, 3.93, 1.21], Change::Rose),
        change("itl_p95_s", [0.0441, 0.0449, 0.98, 1.05, 1.07], Change::Held),
        change("duration_p95_s", [4.02, 9.4, 1.9, 2.6, 1.3], Change::Rose),
        change("error_share", [0.004, 0.005, 0.4, 3.1, 2.2], Change::Unclear),
    ];
    diagnosis.path = vec![
        step("Did TTFT move?", "p95 3.31× [2.80, 3.93], usual to 1.21×", "yes"),
        step("Did ITL move?", "p95 1.02× [0.98, 1.05]", "held: not the decode, not capacity"),
        step(
            "Is it prefill work?",
            "uncached tokens 12×; at equal work TTFT 1.04×",
            "yes: the cache",
        ),
    ];
    diagnosis.ruled_out = vec![
        out(Cause::DecodeContention, "ITL p95 held at 1.02× [0.98, 1.05]"),
        out(Cause::CapacityEvent, "calls outside rag-answer held at 1.01×"),
        out(Cause::LoadSurge, "54 → 54 calls a minute"),
        out(Cause::RegionChange, "iad 100 % → iad 100 %"),
    ];
    diagnosis.undecidable = vec![Undecidable {
        cause: Cause::AcceptanceDropDraftSwap,
        missing: vec!["gen_ai.speculative.acceptance_rate".to_owned()],
        because: "no span says how many drafted tokens were accepted".to_owned(),
    }];
    diagnosis.notes = vec![
        "26 % of the window's calls carry no provider request id and cannot be cited.".to_owned(),
    ];
    diagnosis
}

fn out(cause: Cause, because: &str) -> RuledOut {
    RuledOut { cause, because: because.to_owned() }
}

fn ranked(
    rank: usize,
    cause: Cause,
    sure_and_share: [f64; 2],
    slice: &[(&str, &str)],
) -> RankedCause {
    RankedCause {
        rank,
        cause,
        owner: cause.owner(),
        confidence: sure_and_share[0],
        share: sure_and_share[1],
        segment: segment(slice),
        onset: at("14:00:30.000"),
        summary: String::new(),
        evidence: vec![],
        affected_calls: 0,
        segment_calls: 0,
        request_ids: vec![],
        next_steps: vec![],
    }
}

/// Two independent causes in two slices, long ids, errors, another spike besides.
pub fn compound() -> Diagnosis {
    let mut diagnosis = blank(
        Verdict::Spike,
        "ITL p95 rose 2.1× on gpt-5.1 (31.0 ms → 65.1 ms) and calls of batch-summariser repeat failed attempts; \
         4.1 % of calls timed out, 0.2 % before.",
    );
    let slice =
        [("gen_ai.provider.region", "eastus2"), ("gen_ai.request.model", "gpt-5.1-2026-08-14")];
    let mut first = ranked(1, Cause::DecodeContention, [0.81, 0.56], &slice);
    first.summary =
        "Tokens come at half the pace in eastus2 at the same context and concurrency.".to_owned();
    first.evidence = vec![
        evidence("itl_p95_s", [Some(0.031), Some(0.0651), Some(0.0588), Some(0.0713)], ""),
        evidence("ttft_p95_s", [Some(0.55), Some(0.58), Some(0.52), Some(0.64)], "held"),
        evidence("batch_size", [Some(24.0), Some(61.0), Some(55.0), Some(66.0)], "median"),
    ];
    first.affected_calls = 301;
    first.segment_calls = 420;
    let mut worst = cited(1, "itl_s", 0.181, 0.031);
    worst.provider = Some("azure.ai.openai".to_owned());
    worst.request_id = "7b0b1f5a-4f1e-4d1c-9d1e-0a8f6d2c9e11".to_owned();
    let mut longest = cited(2, "duration_s", 61.2, 14.4);
    longest.request_id =
        format!("projects/123456789/locations/us-east5/requests/{}", "0123456789abcdef".repeat(3));
    first.request_ids = vec![worst, longest];
    first.next_steps =
        vec!["Ask the provider about load in eastus2; send the ids above.".to_owned()];
    let mut second =
        ranked(2, Cause::ClientRetries, [0.74, 0.31], &[("service.name", "batch-summariser")]);
    second.summary =
        "Three attempts a call on average, one before; the last attempt is as fast as ever."
            .to_owned();
    second.evidence =
        vec![evidence("attempts", [Some(1.02), Some(2.94), Some(2.6), Some(3.3)], "mean")];
    second.affected_calls = 88;
    second.segment_calls = 97;
    second.next_steps =
        vec!["Raise the rate limit of batch-summariser, or slow it down.".to_owned()];
    diagnosis.diagnoses = vec![first, second];
    diagnosis.waterfall = Some(Waterfall {
        segment: BTreeMap::new(),
        signal: "duration_s".to_owned(),
        baseline_s: 14.38,
        window_s: 25.9,
        tail_baseline_s: None,
        tail_window_s: None,
        terms: vec![
            term("traffic_mix", [-0.82, -1.4, -0.3, -2.0, -0.071]),
            term("retries", [3.57, 2.9, 4.4, 9.0, 0.31]),
            term("slower_decode_at_the_same_work", [6.45, 5.1, 7.7, 14.0, 0.56]),
            term("slower_prefill_at_the_same_work", [2.32, -0.2, 4.9, 2.0, 0.201]),
        ],
    });
    let mut itl = series("itl_p95_s", 0.031, 0.0651, [50, 10], 0.1);
    itl.values[7] = None;
    itl.values[8] = None;
    diagnosis.timeline = Some(timeline(
        vec![
            itl,
            series("error_share", 0.0, 0.041, [50, 10], 0.3),
            series("attempts_per_call", 1.02, 2.9, [50, 10], 0.1),
        ],
        &[],
        Some(50),
    ));
    diagnosis.signals = vec![
        change("itl_p95_s", [0.031, 0.0651, 1.9, 2.3, 1.1], Change::Rose),
        change("timeout_share", [0.002, 0.041, 8.0, 31.0, 2.0], Change::Rose),
        change("ttft_p95_s", [0.55, 0.58, 0.95, 1.16, 1.12], Change::Held),
    ];
    diagnosis.notes = vec!["33 calls timed out: their durations are lower bounds.".to_owned()];
    let mut other = no_spike();
    other.verdict = Verdict::Spike;
    other.window = period("09:12:00", "09:21:00", 400);
    other.diagnoses = vec![ranked(1, Cause::LoadSurge, [0.66, 0.9], &[])];
    diagnosis.other_spikes = vec![other];
    diagnosis
}

/// A healthy window with a burst.
pub fn no_spike() -> Diagnosis {
    let mut diagnosis = blank(
        Verdict::NoSpike,
        "TTFT p95 rose 1.12×, 610 ms → 683 ms; windows of 15 min in the baseline move up to 1.21×.",
    );
    diagnosis.signals = vec![
        change("ttft_p95_s", [0.61, 0.683, 0.98, 1.27, 1.21], Change::Unclear),
        change("itl_p95_s", [0.0441, 0.0443, 0.98, 1.03, 1.07], Change::Held),
        change("duration_p95_s", [4.02, 4.11, 0.93, 1.12, 1.3], Change::Held),
        SignalChange {
            signal: "spec_acceptance_ratio".to_owned(),
            baseline: None,
            window: None,
            ratio_low: None,
            ratio_high: None,
            usual_ratio: None,
            change: Change::Unknown,
        },
    ];
    diagnosis.path = vec![step(
        "Is any slice beyond its usual?",
        "14 slices, largest service.name=rag-answer at 1.18× of 1.31×",
        "no",
    )];
    diagnosis.timeline = Some(timeline(
        vec![
            series("ttft_p95_s", 0.61, 0.683, [50, 10], 0.15),
            series("calls_per_minute", 54.0, 91.0, [50, 10], 0.2),
        ],
        &[],
        None,
    ));
    diagnosis.notes = vec!["Traffic rose 1.7× in the window; latency did not follow.".to_owned()];
    diagnosis
}

/// Nine calls and nothing before them.
pub fn insufficient() -> Diagnosis {
    let mut diagnosis = blank(
        Verdict::InsufficientData,
        "9 calls in the window and none before it; 30 in each are needed to tell a spike from chance.",
    );
    diagnosis.window = period("14:00:00", "14:15:00", 9);
    diagnosis.baseline = None;
    diagnosis.notes = vec!["Give a dump that also holds an hour of normal traffic.".to_owned()];
    diagnosis.undecidable = vec![Undecidable {
        cause: Cause::PrefillQueueing,
        missing: vec!["gen_ai.server.queue_wait_ms".to_owned(), "ttft".to_owned()],
        because: "there is no baseline.".to_owned(),
    }];
    diagnosis
}

/// A spike whose every name attacks the screen or the page.
pub fn hostile() -> Diagnosis {
    let evil = "x\u{1b}[2J\u{1b}]0;owned\u{7}|<script>alert(1)</script>`![a](http://evil.example/p.png)\u{202e}txt";
    let slice = [("service.name", evil), ("tenant.id", "@everyone #1 https://evil.example")];
    let mut diagnosis = cache_lost();
    diagnosis.headline = format!("TTFT rose in {evil}\r\n## SPIKE: forged");
    for cause in &mut diagnosis.diagnoses {
        cause.segment = segment(&slice);
        cause.summary = evil.to_owned();
        cause.next_steps = vec![format!("Look at {evil}"), "y".repeat(300)];
        for call in &mut cause.request_ids {
            call.request_id = format!("req`|{evil}");
            call.trace_id = Some("--><details>".to_owned());
            call.provider = Some("\u{9b}31mred".to_owned());
        }
    }
    diagnosis.notes = vec![format!("{evil}\n\n- forged item"), "模型名称很长".repeat(30)];
    diagnosis.ruled_out = vec![out(Cause::MixShift, "\u{2066}*bold*\u{2069} _it_ $x$ ~~no~~")];
    diagnosis.ingest.files[0].file = "spans\u{1b}[31m.json\n".to_owned();
    diagnosis.ingest.dialects[0].0 = evil.to_owned();
    if let Some(waterfall) = &mut diagnosis.waterfall {
        waterfall.segment = segment(&slice);
        waterfall.terms[1].label = evil.to_owned();
    }
    if let Some(timeline) = &mut diagnosis.timeline {
        timeline.segment = segment(&slice);
        timeline.series[1].signal = evil.to_owned();
        timeline.series[2].values = vec![Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)];
    }
    diagnosis
}

/// A dump without one LLM call.
pub fn empty() -> Diagnosis {
    let mut diagnosis = blank(Verdict::InsufficientData, "");
    diagnosis.window = period("14:00:00", "14:15:00", 0);
    diagnosis.baseline = None;
    diagnosis.coverage = vec![];
    diagnosis.ingest = Ingest::default();
    diagnosis
}

/// A spike that none of the causes explains.
pub fn unexplained() -> Diagnosis {
    let mut diagnosis = cache_lost();
    diagnosis.headline =
        "Duration p95 rose 1.9×, 4,020 ms → 7,640 ms, in calls that carry neither TTFT nor tokens."
            .to_owned();
    diagnosis.diagnoses = vec![];
    diagnosis.waterfall = None;
    diagnosis.path = vec![];
    diagnosis.signals = vec![change("duration_p95_s", [4.02, 7.64, 1.5, 2.3, 1.3], Change::Rose)];
    diagnosis.timeline = None;
    diagnosis
}
