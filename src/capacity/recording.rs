//! The calls of one deployment as requests that an engine can be given again: when, how much to
//! read and to write, and which of them followed another.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::{CallTable, Codes};
use crate::schema::Col;

/// A call as a request to an engine, and what it took.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its last attempt left, seconds after the recording began.
    pub start_s: f64,
    /// To the first chunk; NaN where it did not stream.
    pub ttft_s: f64,
    /// Per token after the first; NaN where unknown.
    pub itl_s: f64,
    /// Of the last attempt.
    pub duration_s: f64,
    /// Whole prompt.
    pub prompt_tokens: f64,
    /// Of it, read from the cache; 0 where the spans do not tell.
    pub cached_tokens: f64,
    /// Tokens produced.
    pub output_tokens: f64,
    /// Decode iterations after the first token: fewer than tokens where drafts are accepted.
    pub steps: f64,
    /// Index of its service.
    pub service: u32,
    /// Identity of its prompt's head, for routing by prefix.
    pub head: u64,
    /// The request that followed it in its session, and the pause before that one.
    pub next: Option<(usize, f64)>,
    /// Whether it followed another.
    pub follows: bool,
}

impl Request {
    /// Whether the one after it in its session begins with what this one read and wrote.
    pub fn carried_by(&self, next: &Self) -> bool {
        next.prompt_tokens >= self.prompt_tokens + self.output_tokens
    }
}

/// What the server told about itself, averaged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reported {
    /// Own calls in flight for each one that a replica had running.
    pub replicas: Option<f64>,
    /// Drafts proposed per iteration.
    pub draft_tokens: u32,
    /// Draft tokens accepted per proposed.
    pub acceptance_ratio: Option<f64>,
}

/// A deployment's recording.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Requests by start.
    pub requests: Vec<Request>,
    /// From the first start to the last.
    pub length_s: f64,
    /// Names of the services.
    pub services: Vec<String>,
    /// Calls that are not among the requests: failed, or without token counts.
    pub left_out: usize,
    /// Whether cache reads are known.
    pub cache_known: bool,
    /// What servers reported.
    pub reported: Reported,
}

/// Where a row stands in the table, its numbers.
struct Columns {
    duration: Vec<f64>,
    ttft: Vec<f64>,
    itl: Vec<f64>,
    prompt: Vec<f64>,
    cached: Vec<f64>,
    output: Vec<f64>,
    accepted: Vec<f64>,
    proposed: Vec<f64>,
    lost: Vec<f64>,
    running: Vec<f64>,
}

impl Columns {
    fn of(table: &CallTable) -> Self {
        let lost = [Col::RetryWaitS, Col::ClientWaitS].map(|col| table.numbers(col));
        let known = |value: f64| if value.is_finite() { value } else { 0.0 };
        let batch = table.numbers(Col::BatchSize);
        let running = table.numbers(Col::RunningRequests);
        Self {
            duration: table.numbers(Col::DurationS),
            ttft: table.numbers(Col::TtftS),
            itl: table.numbers(Col::ItlS),
            prompt: table.numbers(Col::InputTokens),
            cached: table.numbers(Col::CacheReadTokens),
            output: table.numbers(Col::OutputTokens),
            accepted: table.numbers(Col::SpecAcceptedTokens),
            proposed: table.numbers(Col::SpecProposedTokens),
            lost: lost[0].iter().zip(&lost[1]).map(|(a, b)| known(*a) + known(*b)).collect(),
            running: running
                .iter()
                .zip(&batch)
                .map(|(running, batch)| if running.is_finite() { *running } else { batch - 1.0 })
                .collect(),
        }
    }

    fn request(&self, row: usize, at_s: f64, service: u32, head: u64) -> Option<Request> {
        let (prompt, output) = (self.prompt[row], self.output[row]);
        let duration_s = self.duration[row] - self.lost[row];
        if !(prompt >= 1.0 && output >= 1.0 && duration_s > 0.0) {
            return None;
        }
        let accepted = self.accepted[row];
        let after = output - 1.0;
        let steps =
            if accepted.is_finite() { (after - accepted).max(after.min(1.0)) } else { after };
        let cached = self.cached[row];
        Some(Request {
            start_s: at_s + self.lost[row],
            ttft_s: self.ttft[row] - self.lost[row],
            itl_s: self.itl[row],
            duration_s,
            prompt_tokens: prompt,
            cached_tokens: if cached.is_finite() { cached.min(prompt - 1.0).max(0.0) } else { 0.0 },
            output_tokens: output,
            steps,
            service,
            head,
            next: None,
            follows: false,
        })
    }
}

impl Recording {
    /// The rows that are calls of one deployment.
    pub fn new(table: &CallTable, rows: &[usize]) -> Self {
        let columns = Columns::of(table);
        let starts = table.starts_ns();
        let first = rows.first().map_or(0, |row| starts[*row]);
        let [services, status, prompts, tenants, sessions, traces] = [
            Col::ServiceName,
            Col::Status,
            Col::PromptName,
            Col::Tenant,
            Col::SessionId,
            Col::TraceId,
        ]
        .map(|col| table.codes(col.name()));
        let mut requests = Vec::with_capacity(rows.len());
        let mut kept = Vec::with_capacity(rows.len());
        for &row in rows {
            if status.get(row).is_some_and(|status| status != "ok") {
                continue;
            }
            let at_s = (starts[row] - first) as f64 * 1e-9;
            let service = services.codes[row];
            let head = [service, prompts.codes[row], tenants.codes[row]];
            let head = head.iter().fold(7, |hash: u64, code| {
                hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .wrapping_add(u64::from(*code))
                    .rotate_left(23)
            });
            if let Some(request) = columns.request(row, at_s, service, head) {
                requests.push(request);
                kept.push(row);
            }
        }
        chain(&mut requests, &kept, &sessions, &traces);
        let length_s = requests.last().map_or(0.0, |request: &Request| request.start_s);
        let known = kept.iter().filter(|row| columns.cached[**row].is_finite()).count();
        let cache_known = known * 2 > kept.len();
        if !cache_known {
            suppose_cached(&mut requests);
        }
        Self {
            reported: reported(&columns, &kept, &requests),
            left_out: rows.len() - requests.len(),
            services: services.values,
            cache_known,
            length_s,
            requests,
        }
    }

    /// The busiest stretch of so many requests, as a recording of its own; all where there are no
    /// more.
    pub fn busiest(&self, most: usize) -> Self {
        let all = &self.requests;
        if all.len() <= most {
            return self.clone();
        }
        let length_s = |first: usize| all[first + most - 1].start_s - all[first].start_s;
        let firsts = 0..=all.len() - most;
        let first = firsts.min_by(|a, b| length_s(*a).total_cmp(&length_s(*b))).unwrap_or(0);
        let from_s = all[first].start_s;
        let mut requests = all[first..first + most].to_vec();
        for request in &mut requests {
            request.start_s -= from_s;
            request.follows = false;
            // What it leads to is kept where it lies within.
            request.next = request
                .next
                .and_then(|(next, pause_s)| Some((next.checked_sub(first)?, pause_s)))
                .filter(|(next, _)| *next < most);
        }
        for at in 0..most {
            if let Some((next, _)) = requests[at].next {
                requests[next].follows = true;
            }
        }
        let length_s = requests.last().map_or(0.0, |request| request.start_s);
        Self { requests, length_s, services: self.services.clone(), ..*self }
    }

    /// Calls a second.
    pub fn rate(&self) -> f64 {
        self.requests.len() as f64 / self.length_s.max(1e-9)
    }
}

/// Ties each request to the one before it in its session (or trace), where that had ended.
fn chain(requests: &mut [Request], rows: &[usize], sessions: &Codes, traces: &Codes) {
    let mut last: HashMap<(bool, u32), usize, FixedState> = HashMap::default();
    for at in 0..requests.len() {
        let (session, trace) = (sessions.codes[rows[at]], traces.codes[rows[at]]);
        let key = if session != Codes::NULL { (true, session) } else { (false, trace) };
        if key.1 == Codes::NULL {
            continue;
        }
        if let Some(before) = last.insert(key, at) {
            let pause_s =
                requests[at].start_s - requests[before].start_s - requests[before].duration_s;
            if pause_s >= 0.0 {
                requests[before].next = Some((at, pause_s));
                requests[at].follows = true;
            }
        }
    }
}

/// Where cache reads are not told: the part that all prompts of a head share, and a session's own
/// past, are taken for cached, as engines with prefix caching keep them.
fn suppose_cached(requests: &mut [Request]) {
    let mut shared: HashMap<u64, f64, FixedState> = HashMap::default();
    for request in requests.iter() {
        let least = shared.entry(request.head).or_insert(f64::INFINITY);
        *least = least.min(request.prompt_tokens);
    }
    let past: Vec<(usize, f64)> = requests
        .iter()
        .filter_map(|before| Some((before.next?.0, before.prompt_tokens + before.output_tokens)))
        .collect();
    for request in requests.iter_mut() {
        request.cached_tokens = shared[&request.head] * 0.98;
    }
    for (at, tokens) in past {
        requests[at].cached_tokens = requests[at].cached_tokens.max(tokens);
    }
    for request in requests {
        request.cached_tokens = request.cached_tokens.min(request.prompt_tokens - 1.0).max(0.0);
    }
}

fn reported(columns: &Columns, rows: &[usize], requests: &[Request]) -> Reported {
    let sum = |values: &[f64]| {
        rows.iter().map(|row| values[*row]).filter(|value| value.is_finite()).sum::<f64>()
    };
    let (proposed, accepted) = (sum(&columns.proposed), sum(&columns.accepted));
    let drafted: f64 = rows
        .iter()
        .zip(requests)
        .filter(|(row, _)| columns.proposed[**row].is_finite())
        .map(|(_, request)| request.steps)
        .sum();
    let draft = if drafted > 0.0 { (proposed / drafted).round().clamp(0.0, 16.0) } else { 0.0 };
    Reported {
        replicas: replicas(columns, rows, requests),
        draft_tokens: draft as u32,
        acceptance_ratio: (proposed > 0.0).then(|| accepted / proposed),
    }
}

/// Own calls in flight at each start, over those that the replica said it was running.
fn replicas(columns: &Columns, rows: &[usize], requests: &[Request]) -> Option<f64> {
    let mut ends: Vec<f64> = requests.iter().map(|r| r.start_s + r.duration_s).collect();
    ends.sort_by(f64::total_cmp);
    let (mut own, mut running, mut count) = (0.0, 0.0, 0);
    for (at, row) in rows.iter().enumerate() {
        if columns.running[*row].is_finite() {
            let ended = ends.partition_point(|end| *end <= requests[at].start_s);
            own += at.saturating_sub(ended) as f64;
            running += columns.running[*row];
            count += 1;
        }
    }
    (count * 2 > rows.len() && running > 0.0).then(|| own / running)
}

/// A request at a second: prompt, of it cached, and produced tokens.
#[cfg(test)]
pub fn request(start_s: f64, prompt: f64, cached: f64, output: f64) -> Request {
    Request {
        start_s,
        ttft_s: 0.1,
        itl_s: 0.01,
        duration_s: 0.2,
        prompt_tokens: prompt,
        cached_tokens: cached,
        output_tokens: output,
        steps: output - 1.0,
        service: 0,
        head: 0,
        next: None,
        follows: false,
    }
}

#[cfg(test)]
impl Recording {
    /// A recording of these alone.
    pub fn of_requests(requests: Vec<Request>) -> Self {
        Self {
            length_s: requests.last().map_or(0.0, |request| request.start_s),
            services: vec!["chat".to_owned()],
            left_out: 0,
            cache_known: true,
            reported: Reported::default(),
            requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, Cell};

    /// A call at a second, of a session, with so many prompt tokens.
    fn call(at_s: i64, session: &str, prompt: i64) -> Call<'static> {
        let mut call = Call::default();
        call.set(Col::Start, Cell::Int(at_s * 1_000_000_000));
        call.set(Col::DurationS, Cell::Float(2.0));
        call.set(Col::InputTokens, Cell::Int(prompt));
        call.set(Col::OutputTokens, Cell::Int(11));
        call.set_text(Col::SessionId, session);
        call.set_text(Col::ServiceName, "chat");
        call
    }

    fn recording(calls: Vec<Call>) -> Recording {
        let table = CallTable::from_calls(calls);
        let rows: Vec<usize> = (0..table.len()).collect();
        Recording::new(&table, &rows)
    }

    #[test]
    fn a_session_goes_on_after_its_answer_and_its_pause() {
        let found = recording(vec![call(0, "a", 100), call(1, "b", 100), call(7, "a", 400)]);
        assert_eq!(found.requests[0].next, Some((2, 5.0)));
        assert!(found.requests[2].follows && !found.requests[1].follows);
        let together = recording(vec![call(0, "a", 100), call(1, "a", 100)]);
        assert_eq!(together.requests[0].next, None, "the second did not wait for the first");
    }

    #[test]
    fn unknown_cache_reads_are_what_prompts_share_and_a_session_had() {
        let found = recording(vec![call(0, "a", 100), call(1, "b", 300), call(7, "a", 400)]);
        assert!(!found.cache_known);
        assert_eq!(found.requests[1].cached_tokens, 98.0);
        assert_eq!(found.requests[2].cached_tokens, 111.0, "the first prompt and its answer");
    }

    #[test]
    fn the_busiest_stretch_stands_alone() {
        let starts = [0, 50, 100, 101, 104, 106, 200];
        let calls = starts.iter().map(|at| call(*at, if *at > 103 { "a" } else { "b" }, 100));
        let part = recording(calls.collect()).busiest(4);
        let starts: Vec<f64> = part.requests.iter().map(|request| request.start_s).collect();
        assert_eq!(starts, [0.0, 1.0, 4.0, 6.0]);
        assert_eq!(part.length_s, 6.0);
        assert_eq!(part.requests[2].next, Some((3, 0.0)));
        assert!(part.requests[3].follows);
        assert_eq!(part.requests[3].next, None, "what lies outside is left off");
        assert!(!part.requests[0].follows, "what it followed lies outside");
    }
}
