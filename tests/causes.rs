//! Every cause fires on an incident of its own and stays silent on its near miss; what each says on
//! all of them is one matrix.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

#[path = "support/synthetic.rs"]
mod synthetic;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use llmspan::diagnosis::{Cause, Diagnosis, Ingest, Verdict};
use llmspan::{verdict, windows};
use synthetic::{Change, ONSET_S, window, world};

/// A cause, the change that fires it, and the change that looks like it and is none.
const CASES: [(Cause, Change, Change); 17] = [
    (Cause::PromptGrowth, Change::LongerPrompts, Change::LongerCachedPrompts),
    (Cause::CacheMissPromptChanged, Change::PrefixEdited, Change::PrefixEditedStillCached),
    (Cause::CacheMissEvicted, Change::Evicted, Change::MissesOfSmallPrompts),
    (Cause::CacheMissCold, Change::GoneCold, Change::MissesOfSmallPrompts),
    (Cause::PrefillQueueing, Change::SlowFirstToken, Change::OneSlowFirstToken),
    (Cause::DecodeContention, Change::SlowTokens, Change::FewSlowTokens),
    (Cause::CapacityEvent, Change::SlowBoth, Change::BothSlightlySlower),
    (Cause::LoadSurge, Change::Surge, Change::SurgeWithoutHarm),
    (Cause::AcceptanceDropTrafficShift, Change::BadDrafts, Change::BadDraftsOfFewCalls),
    (Cause::AcceptanceDropDraftSwap, Change::WorseDraft, Change::WorseDraftWithoutHarm),
    (Cause::RegionChange, Change::OtherRegion, Change::OtherRegionAsFast),
    (Cause::PoolChange, Change::OtherPool, Change::OtherPoolAsFast),
    (Cause::ModelChange, Change::OtherModel, Change::OtherModelAsFast),
    (Cause::ClientRetries, Change::Retries, Change::RetriesAsEver),
    (Cause::ClientStall, Change::ClientWaits, Change::ClientWaitsLittle),
    (Cause::OutputGrowth, Change::LongerAnswers, Change::AnswersAsEver),
    (Cause::MixShift, Change::SlowModel, Change::OtherModelMixAsFast),
];

fn diagnosis(change: Change, seed: u64) -> Diagnosis {
    let table = world(change, seed);
    let split = windows::split_at(&table.starts_ns(), window(), &[]);
    verdict::judge(&table, Ingest::default(), &split, &Default::default())
}

fn said(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.diagnoses.first() {
        Some(first) => first.cause.id(),
        None => "-",
    }
}

#[test]
fn every_cause_comes_first_on_its_own_incident() {
    let mut wrong = Vec::new();
    for (cause, fires, _) in CASES {
        for seed in [1, 2] {
            let diagnosis = diagnosis(fires, seed);
            if said(&diagnosis) != cause.id() {
                wrong.push(format!("{fires:?} {seed}: {} instead of {cause}", said(&diagnosis)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_cause_is_silent_on_its_near_miss() {
    let mut wrong = Vec::new();
    for (cause, _, near_miss) in CASES {
        for seed in [1, 2] {
            let diagnosis = diagnosis(near_miss, seed);
            if diagnosis.verdict == Verdict::Spike {
                wrong.push(format!("{cause}: {near_miss:?} {seed}: {}", diagnosis.headline));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn text_added_to_conversations_is_no_lost_cache() {
    for seed in [1, 2, 3] {
        let added = diagnosis(Change::TextIntoConversations, seed);
        assert_eq!(said(&added), Cause::PromptGrowth.id(), "text added, seed {seed}");
        let lost = said(&diagnosis(Change::ConversationsLost, seed));
        assert!(lost.starts_with("cache_miss"), "{lost} where the cache was lost, seed {seed}");
        let longer = diagnosis(Change::LongerConversations, seed);
        assert!(!said(&longer).starts_with("cache_miss"), "longer conversations, seed {seed}");
    }
}

#[test]
fn slow_calls_that_the_typical_one_hides_are_not_called_nothing() {
    for seed in [1, 2, 3] {
        let some = diagnosis(Change::SomeSlowFirstTokens, seed);
        assert_ne!(some.verdict, Verdict::NoSpike, "some slow, seed {seed}: {}", some.headline);
        let none = diagnosis(Change::Nothing, seed);
        assert_eq!(none.verdict, Verdict::NoSpike, "nothing, seed {seed}: {}", none.headline);
    }
}

#[test]
fn a_prefix_used_for_the_first_time_is_no_edited_prompt() {
    for seed in [1, 2, 3] {
        let first_use = diagnosis(Change::NewCallers, seed);
        assert_eq!(said(&first_use), Cause::CacheMissCold.id(), "new callers, seed {seed}");
        let edited = diagnosis(Change::TextOfEachCall, seed);
        assert_eq!(said(&edited), Cause::CacheMissPromptChanged.id(), "same callers, seed {seed}");
    }
}

#[test]
fn requests_longer_at_both_ends_are_of_another_kind() {
    for change in [Change::RequestsOfAnotherKind, Change::LargeRequestsOfAnotherKind] {
        for seed in [1, 2, 3] {
            let both = diagnosis(change, seed);
            assert_eq!(said(&both), Cause::MixShift.id(), "{change:?} {seed}: {}", both.headline);
        }
    }
}

#[test]
fn calls_of_half_a_minute_can_move_to_a_slower_model_too() {
    for seed in [1, 2, 3] {
        let moved = diagnosis(Change::SlowModelOfLongAnswers, seed);
        assert_eq!(said(&moved), Cause::MixShift.id(), "seed {seed}: {}", moved.headline);
    }
}

#[test]
fn no_cause_is_surer_than_the_one_before_it() {
    for (_, fires, _) in CASES {
        let sure: Vec<f64> =
            diagnosis(fires, 1).diagnoses.iter().map(|found| found.confidence).collect();
        assert!(sure.is_sorted_by(|a, b| a >= b), "{fires:?}: {sure:?}");
    }
}

#[test]
fn a_small_rise_is_believed_where_the_own_traffic_rose_as_no_burst_does() {
    for seed in [1, 2, 3] {
        let surge = diagnosis(Change::SurgeOfLittleHarm, seed);
        assert_eq!(said(&surge), Cause::LoadSurge.id(), "seed {seed}: {}", surge.headline);
        let alone = diagnosis(Change::LittleHarm, seed);
        assert_ne!(alone.verdict, Verdict::Spike, "seed {seed}: {}", alone.headline);
    }
}

#[test]
fn a_server_that_own_work_fills_is_slow_because_of_that_work() {
    for (change, cause) in [
        (Change::PrefixEditedFillsServer, Cause::CacheMissPromptChanged),
        (Change::LongerAnswersFillServer, Cause::OutputGrowth),
        (Change::HeavierCallsFillServer, Cause::MixShift),
        (Change::SurgeEvicts, Cause::LoadSurge),
        (Change::MoreCallsSlowerTokens, Cause::LoadSurge),
    ] {
        for seed in [1, 2, 3] {
            let filled = diagnosis(change, seed);
            assert_eq!(said(&filled), cause.id(), "{change:?} {seed}: {}", filled.headline);
            let first = &filled.diagnoses[0];
            let counted = first.summary.contains("The added work slowed its server");
            assert_eq!(counted, cause != Cause::LoadSurge, "{change:?}: {}", first.summary);
            let steps = first.next_steps.join(" ");
            assert!(!steps.contains("nothing else got slower"), "{change:?}: {steps}");
        }
    }
}

#[test]
fn a_move_of_the_mix_says_which_calls_gained() {
    let moved = diagnosis(Change::SlowModel, 1);
    let summary = &moved.diagnoses[0].summary;
    assert!(summary.contains("gen_ai.request.model=gpt-4o went from"), "{summary}");
    let surely = summary.split("went from ").nth(1).unwrap();
    let shares: Vec<f64> =
        surely.split([' ', '%']).filter_map(|word| word.parse().ok()).take(2).collect();
    assert!(shares[0] < 1.0 && (55.0..85.0).contains(&shares[1]), "seven in ten: {summary}");
}

#[test]
fn what_each_cause_says_on_every_incident_is_one_matrix() {
    let mut page = String::new();
    let changes: Vec<Change> =
        CASES.iter().flat_map(|(_, fires, near_miss)| [*fires, *near_miss]).collect();
    for change in changes {
        let diagnosis = diagnosis(change, 1);
        let ranked: Vec<String> = diagnosis
            .diagnoses
            .iter()
            .map(|found| {
                let segment: Vec<&str> = found.segment.values().map(String::as_str).collect();
                format!("{} ({})", found.cause, segment.join(", "))
            })
            .collect();
        writeln!(page, "{:26} {}", format!("{change:?}"), ranked.join("; ")).unwrap();
    }
    insta::assert_snapshot!(page);
}

#[test]
fn the_onset_and_the_ids_are_those_of_the_slowed_calls() {
    for change in [Change::SlowTokens, Change::PrefixEdited, Change::OtherPool, Change::Retries] {
        let diagnosis = diagnosis(change, 3);
        let first = diagnosis.diagnoses.first().unwrap();
        let onset_ns = window().start_ns + (ONSET_S * 1e9) as i64;
        let off_s = (first.onset.timestamp_nanos_opt().unwrap() - onset_ns) as f64 * 1e-9;
        assert!(off_s.abs() < 60.0, "{change:?}: {off_s} s");
        assert!(!first.request_ids.is_empty(), "{change:?}");
        let early = first
            .request_ids
            .iter()
            .filter(|call| call.start.timestamp_nanos_opt().unwrap() < onset_ns);
        assert_eq!(early.count(), 0, "{change:?}");
        let ids: BTreeSet<&str> =
            first.request_ids.iter().map(|call| call.request_id.as_str()).collect();
        assert_eq!(ids.len(), first.request_ids.len(), "{change:?}");
    }
}

#[test]
fn a_cold_cache_elsewhere_is_the_consequence_of_the_move() {
    let diagnosis = diagnosis(Change::OtherRegion, 5);
    assert_eq!(said(&diagnosis), "region_change");
}

#[test]
fn the_waterfall_adds_up_to_the_change_of_the_mean_and_of_the_tail() {
    for change in [Change::SlowBoth, Change::PrefixEdited, Change::LongerAnswers, Change::Nothing] {
        let waterfall = diagnosis(change, 4).waterfall.unwrap();
        let sum: f64 = waterfall.terms.iter().map(|term| term.mean_s).sum();
        let change_s = waterfall.window_s - waterfall.baseline_s;
        assert!((sum - change_s).abs() < 1e-9, "{change:?}: {sum} against {change_s}");
        let tail: f64 = waterfall.terms.iter().filter_map(|term| term.tail_s).sum();
        let change_s = waterfall.tail_window_s.unwrap() - waterfall.tail_baseline_s.unwrap();
        assert!((tail - change_s).abs() < 1e-9, "{change:?}: {tail} against {change_s}");
    }
}

#[test]
fn shares_add_up_to_at_most_one_and_confidences_are_probabilities() {
    for (_, fires, _) in CASES {
        let diagnosis = diagnosis(fires, 6);
        let sum: f64 = diagnosis.diagnoses.iter().map(|found| found.share).sum();
        assert!(sum <= 1.0 + 1e-9, "{fires:?}: {sum}");
        for found in &diagnosis.diagnoses {
            assert!((0.0..=1.0).contains(&found.confidence), "{fires:?}");
        }
    }
}

#[test]
fn few_calls_are_no_verdict() {
    let table = world(Change::SlowBoth, 1);
    let start_ns = window().start_ns + 200_000_000_000;
    let short = windows::Range { start_ns, end_ns: start_ns + 8_000_000_000 };
    let split = windows::split_at(&table.starts_ns(), short, &[]);
    let diagnosis = verdict::judge(&table, Ingest::default(), &split, &Default::default());
    assert_eq!(diagnosis.verdict, Verdict::InsufficientData);
    assert!(diagnosis.diagnoses.is_empty());
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let text = |_| serde_json::to_string(&diagnosis(Change::SlowBoth, 7)).unwrap();
    assert_eq!(text(0), text(1));
}
