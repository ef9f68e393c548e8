//! The labelled dumps: every call of a window is one row, with the ids and dimensions of its truth.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod support;

use std::collections::{BTreeMap, HashMap};

use llmspan::ingest::Options;
use llmspan::schema::Col;
use serde_json::Value;

/// Calls whose truth names an id that no span of the dump carries: they failed in their last
/// attempt, and the dump has the id under which that attempt was refused.
const UNSEEN_IDS: [(&str, usize); 1] = [("013", 1)];

#[test]
fn every_call_of_the_window_is_one_row() {
    let Some(shared) = support::shared("incidents") else { return };
    let mut cases: Vec<_> = std::fs::read_dir(shared).unwrap().map(|e| e.unwrap().path()).collect();
    cases.retain(|case| case.join("truth.json").is_file());
    cases.sort();
    assert_eq!(cases.len(), 20);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(case.join("truth.json")).unwrap();
        let truth: Value = serde_json::from_str(&text).unwrap();
        let file = case.join(truth["file"].as_str().unwrap());
        let input = file.to_str().unwrap().to_owned();
        let (table, ingest) = llmspan::read(&[input], &Options::default()).unwrap();
        assert_eq!(table.len() as u64, truth["calls_total"].as_u64().unwrap(), "{name}");
        assert_eq!(ingest.spans, truth["spans_total"].as_u64().unwrap(), "{name}");

        let mut rows: HashMap<(String, String), usize> = HashMap::new();
        for row in 0..table.len() {
            let id =
                (table.text(Col::TraceId, row).unwrap(), table.text(Col::SpanId, row).unwrap());
            assert!(rows.insert(id, row).is_none(), "{name}: two rows of one span");
        }
        // Service, requested and served model, region, host, pool, fingerprint, prompt, tenant.
        let dimensions = [
            (0, Col::ServiceName),
            (1, Col::RequestModel),
            (2, Col::ResponseModel),
            (3, Col::Region),
            (4, Col::ServerAddress),
            (5, Col::PoolId),
            (6, Col::SystemFingerprint),
            (10, Col::Tenant),
        ];
        let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
        for call in truth["window_calls"].as_array().unwrap() {
            let text = |at: usize| call[at].as_str().unwrap().to_owned();
            let row = rows[&(text(1), text(2))];
            // A call that ran into its time limit never saw the headers.
            let unanswered = table.text(Col::Status, row).as_deref() == Some("timeout");
            let id = table.text(Col::RequestId, row);
            if id != Some(text(0)) && !(id.is_none() && unanswered) {
                *wrong.entry("request_id").or_default() += 1;
            }
            for (at, col) in dimensions {
                let truth = call[5][at].as_str().unwrap();
                if table.text(col, row).is_some_and(|have| have != truth) {
                    *wrong.entry(col.name()).or_default() += 1;
                }
            }
            // The prompt's name may carry the tenant behind a slash.
            if let Some(prompt) = table.text(Col::PromptName, row) {
                let truth = call[5][7].as_str().unwrap();
                let same = prompt == truth || prompt.starts_with(&format!("{truth}/"));
                *wrong.entry("prompt_name").or_default() += usize::from(!same);
            }
        }
        let unseen = UNSEEN_IDS.iter().find(|(case, _)| *case == name).map_or(0, |(_, n)| *n);
        assert_eq!(wrong.remove("request_id").unwrap_or(0), unseen, "{name}");
        assert_eq!(wrong.values().sum::<usize>(), 0, "{name}: {wrong:?}");
    }
}
