//! A labelled case: a dump and what truly happened in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use llmspan::windows::WindowArgs;
use serde_json::Value;

/// One cause that was put into the dump.
#[derive(Debug, Clone)]
pub struct TrueCause {
    pub cause: String,
    pub segment: BTreeMap<String, String>,
    /// Whether the dump carries the attribute of the segment.
    pub segment_visible: bool,
    /// Seconds since the epoch.
    pub onset_s: f64,
    /// Causes that may stand beside it.
    pub acceptable_secondary: Vec<String>,
    /// Span ids of the window's calls that lie in the segment.
    pub members: HashSet<String>,
}

/// A labelled case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its folder.
    pub name: String,
    pub dump: PathBuf,
    pub args: WindowArgs,
    pub dialect: String,
    pub observability: String,
    pub severity: String,
    pub healthy_kind: String,
    pub is_spike: bool,
    /// The true causes; `none` where it is healthy.
    pub labels: Vec<String>,
    pub acceptable: Vec<String>,
    pub causes: Vec<TrueCause>,
    pub window_calls: usize,
    /// Span ids of the window's calls.
    pub spans: HashSet<String>,
    pub affected_spans: HashSet<String>,
    pub affected_ids: HashSet<String>,
}

impl Case {
    /// What it is about, for tables: the first cause, or which kind of quiet.
    pub fn label(&self) -> String {
        match self.causes.first() {
            Some(_) => self.causes.iter().map(|c| c.cause.as_str()).collect::<Vec<_>>().join("+"),
            None => format!("none ({})", self.healthy_kind),
        }
    }

    /// The true cause of that name, else the first.
    pub fn cause(&self, name: &str) -> Option<&TrueCause> {
        self.causes.iter().find(|cause| cause.cause == name).or(self.causes.first())
    }

    /// Whether a cause at that rank is right.
    pub fn is_right(&self, cause: &str, rank: usize) -> bool {
        let holds = |list: &[String]| list.iter().any(|have| have == cause);
        holds(&self.labels)
            || (rank == 1 && holds(&self.acceptable))
            || (rank > 1 && self.causes.iter().any(|truth| holds(&truth.acceptable_secondary)))
    }
}

/// Every case under a folder (folders that hold a `truth.json`), in order of their paths.
pub fn cases(folder: &Path) -> Vec<Case> {
    let mut found = BTreeSet::new();
    collect(folder, 4, &mut found);
    found.iter().map(|case| read(folder, case)).collect()
}

fn collect(folder: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    if folder.join("truth.json").is_file() {
        found.insert(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if depth > 0 && entry.path().is_dir() {
            collect(&entry.path(), depth - 1, found);
        }
    }
}

fn read(root: &Path, folder: &Path) -> Case {
    let path = folder.join("truth.json");
    let text = std::fs::read_to_string(&path).expect("a case has its truth");
    let truth: Value = serde_json::from_str(&text).expect("the truth is JSON");
    let own = |key: &str| truth[key].as_str().map(str::to_owned);
    let text = |key: &str| own(key).unwrap_or_default();
    let column = |name: &str| {
        let names = truth["window_calls_columns"].as_array()?;
        names.iter().position(|have| have == name)
    };
    let calls: Vec<&Value> = truth["window_calls"].as_array().into_iter().flatten().collect();
    let cell = |call: &Value, name: &str| column(name).map_or(Value::Null, |at| call[at].clone());
    let span = |call: &Value| cell(call, "span_id").as_str().unwrap_or_default().to_owned();
    let marked = |value: &Value| value.as_i64() == Some(1) || value.as_bool() == Some(true);
    let spans_where = |keep: &dyn Fn(&Value) -> bool| -> HashSet<String> {
        calls.iter().filter(|call| keep(call)).map(|call| span(call)).collect()
    };
    let causes =
        truth["causes"].as_array().into_iter().flatten().enumerate().map(|(at, cause)| TrueCause {
            cause: cause["cause"].as_str().unwrap_or_default().to_owned(),
            segment: map(&cause["segment"]),
            segment_visible: cause["segment_visible"].as_bool().unwrap_or(true),
            onset_s: seconds(&cause["onset"]).unwrap_or(f64::NAN),
            acceptable_secondary: strings(&cause["acceptable_secondary"]),
            members: spans_where(&|call| marked(&cell(call, "in_segment_per_cause")[at])),
        });
    Case {
        name: folder.strip_prefix(root).unwrap_or(folder).display().to_string(),
        dump: folder.join(text("file")),
        args: WindowArgs {
            window: own("window_arg"),
            baseline: own("baseline_arg"),
            tz: own("tz_arg"),
        },
        dialect: text("dialect"),
        observability: text("observability"),
        severity: text("severity"),
        healthy_kind: text("healthy_kind"),
        is_spike: truth["verdict"] == "spike",
        labels: strings(&truth["labels"]),
        acceptable: strings(&truth["acceptable_top1"]),
        causes: causes.collect(),
        window_calls: truth["window"]["calls"].as_u64().unwrap_or(0) as usize,
        spans: spans_where(&|_| true),
        affected_spans: spans_where(&|call| marked(&cell(call, "affected"))),
        affected_ids: strings(&truth["affected_request_ids"]).into_iter().collect(),
    }
}

/// Seconds since the epoch of an RFC 3339 text.
pub fn seconds(time: &Value) -> Option<f64> {
    let time = chrono::DateTime::parse_from_rfc3339(time.as_str()?).ok()?;
    Some(time.timestamp_millis() as f64 / 1e3)
}

/// The texts of an array.
pub fn strings(values: &Value) -> Vec<String> {
    let texts = values.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The texts of an object.
pub fn map(values: &Value) -> BTreeMap<String, String> {
    let pairs = values.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
