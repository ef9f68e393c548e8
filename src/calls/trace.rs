//! The spans of one trace: which of them is the call, and which describe the same call again.

use std::collections::BTreeMap;

use crate::calls::call::{Cell, Cols};
use crate::calls::draft::{Draft, models_agree};
use crate::calls::endpoints::{generates, own};
use crate::calls::plain;
use crate::calls::tree::{Ancestor, Tree};
use crate::dialects::Part;
use crate::ingest::{SpanKind, SpanList};
use crate::schema::Col;

/// Clocks within one trace differ by this much at most.
pub const SLACK_NS: i64 = 50_000_000;

/// One logical call: the span that is read for it, and its HTTP attempts.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The span, with what the folded ones add.
    pub draft: Draft<'a>,
    /// Whether another library's record of the same call was folded in.
    pub paired: bool,
    /// Its HTTP attempts, by start.
    pub attempts: Vec<Draft<'a>>,
}

/// What a trace came to.
#[derive(Debug, Default)]
pub struct Folded<'a> {
    /// Its calls.
    pub rows: Vec<Row<'a>>,
    /// HTTP attempts that no call of the trace owns by parentage.
    pub loose: Vec<Draft<'a>>,
    /// Spans folded away, by kind.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Folds the spans of one trace: `members` are all its kept spans, `drafts` those that a dialect
/// reads. What it comes to is added; the drafts are used up.
pub fn fold<'a>(
    spans: &SpanList,
    members: &[u32],
    drafts: &mut Vec<Draft<'a>>,
    folded: &mut Folded<'a>,
) {
    if !plain::fold((spans, members), drafts, folded) {
        fold_all((spans, members), drafts, folded);
    }
}

/// The same, whatever the trace is.
pub fn fold_all<'a>(
    (spans, members): (&SpanList, &[u32]),
    drafts: &mut Vec<Draft<'a>>,
    folded: &mut Folded<'a>,
) {
    let tree = Tree::new(spans, members, drafts);
    let ancestors: Vec<Option<Ancestor>> =
        drafts.iter().map(|draft| tree.ancestor(draft.span)).collect();
    let drafts = std::mem::take(drafts);
    let mut fold = Fold { into: vec![None; drafts.len()], drafts, ancestors, folded };
    fold.raw_payloads();
    fold.server_views();
    fold.log_twins();
    fold.nested_calls();
    fold.retries();
    fold.context();
    fold.finish();
}

struct Fold<'f, 'a> {
    drafts: Vec<Draft<'a>>,
    ancestors: Vec<Option<Ancestor>>,
    /// Where a draft went: into another one, or into itself where it is only dropped.
    into: Vec<Option<usize>>,
    folded: &'f mut Folded<'a>,
}

impl Fold<'_, '_> {
    fn of(&self, part: Part) -> Vec<usize> {
        (0..self.drafts.len()).filter(|at| self.drafts[*at].part == part).collect()
    }

    fn count(&mut self, kind: &'static str) {
        *self.folded.counts.entry(kind).or_default() += 1;
    }

    fn merge(&mut self, kept: usize, gone: usize, kind: &'static str) {
        let other = self.drafts[gone].clone();
        self.drafts[kept].fill_from(&other);
        self.into[gone] = Some(kept);
        self.count(kind);
    }

    /// The nearest ancestor of that part.
    fn above(&self, at: usize, part: Part) -> Option<usize> {
        let mut at = at;
        for _ in 0..self.drafts.len() {
            at = self.ancestors[at].as_ref()?.draft;
            if self.drafts[at].part == part {
                return Some(at);
            }
        }
        None
    }

    fn raw_payloads(&mut self) {
        for raw in self.of(Part::Raw) {
            match self.above(raw, Part::Call) {
                Some(call) => {
                    self.time_on_foreign_span(call, raw);
                    self.merge(call, raw, "raw_payload");
                }
                None => {
                    self.into[raw] = Some(raw);
                    self.count("raw_payload");
                }
            }
        }
        for stage in self.of(Part::Stage) {
            if let Some(view) = self.above(stage, Part::ServerView)
                && let Some(seconds) = self.drafts[stage].duration_s()
                && !self.drafts[view].call.has(Col::QueueWaitS)
            {
                self.drafts[view].call.set(Col::QueueWaitS, Cell::Float(seconds));
            }
            self.into[stage] = Some(stage);
            self.count("server_stage");
        }
    }

    /// Where a library writes on the application's own span, only the raw payload beside it has
    /// the call's times.
    fn time_on_foreign_span(&mut self, call: usize, raw: usize) {
        if self.drafts[call].kind == SpanKind::Server {
            let (start_ns, end_ns) = (self.drafts[raw].start_ns, self.drafts[raw].end_ns);
            let draft = &mut self.drafts[call];
            draft.start_ns = start_ns;
            draft.end_ns = end_ns;
            draft.kind = SpanKind::Internal;
        }
    }

    /// A server's or gateway's span is a view of the client's call, where there is one.
    fn server_views(&mut self) {
        let views = self.of(Part::ServerView);
        for &view in views.iter().rev() {
            let client = self
                .above(view, Part::Call)
                .or_else(|| self.above(view, Part::ServerView))
                .or_else(|| self.only_call_around(view));
            match client {
                Some(client) => {
                    self.lend_server_figures(client, view);
                    self.into[view] = Some(client);
                    self.count("server_view");
                }
                None => match self.same_request(view) {
                    Some(other) => {
                        let end_ns = self.drafts[view].end_ns.max(self.drafts[other].end_ns);
                        self.merge(other, view, "server_view");
                        self.drafts[other].end_ns = end_ns;
                    }
                    None => self.drafts[view].part = Part::Call,
                },
            }
        }
    }

    fn only_call_around(&self, view: usize) -> Option<usize> {
        let calls = self.of(Part::Call);
        let mut around = calls
            .into_iter()
            .filter(|call| self.drafts[view].within(&self.drafts[*call], SLACK_NS));
        let only = around.next()?;
        around.next().is_none().then_some(only)
    }

    /// Prefill and decode workers of one request write a root each.
    fn same_request(&self, view: usize) -> Option<usize> {
        let request = self.drafts[view].clues.server_request.as_ref()?;
        (0..view).find(|other| {
            self.into[*other].is_none()
                && self.drafts[*other].clues.server_request.as_ref() == Some(request)
        })
    }

    /// The server's clock measures other things under the same names.
    fn lend_server_figures(&mut self, client: usize, view: usize) {
        let mut lent = self.drafts[view].clone();
        let first_token = lent.call.take(Col::TtftS);
        if !lent.call.has(Col::ServerTtftS) {
            lent.call.set(Col::ServerTtftS, first_token);
        }
        if let Some(seconds) = lent.duration_s()
            && !lent.call.has(Col::ServerProcessingS)
        {
            lent.call.set(Col::ServerProcessingS, Cell::Float(seconds));
        }
        for col in [Col::ItlS, Col::DecodeS, Col::HttpStatus, Col::ServerAddress] {
            lent.call.set(col, Cell::Null);
        }
        lent.chunks = None;
        lent.clues.failed = false;
        self.drafts[client].fill_from(&lent);
    }

    /// The record written at the end of a stream belongs to the span that opened it.
    fn log_twins(&mut self) {
        for twin in self.of(Part::Twin) {
            let log = &self.drafts[twin];
            let model = log.call.text(Col::RequestModel);
            let opened = self
                .of(Part::Call)
                .into_iter()
                .filter(|call| {
                    let call = &self.drafts[*call];
                    call.dialect.id == log.dialect.id
                        && call.call.text(Col::RequestModel) == model
                        && !call.call.has(Col::OutputTokens)
                        && call.clues.stream_s.is_none()
                        && call.start_ns <= log.start_ns
                })
                .max_by_key(|call| self.drafts[*call].start_ns);
            match opened {
                Some(call) => {
                    let end = self.drafts[twin].start_ns;
                    let last = self.drafts[call].last_ns().max(end);
                    self.merge(call, twin, "log_twin");
                    self.drafts[call].end_ns = Some(last);
                    self.drafts[call].call.set(Col::Streaming, Cell::Bool(true));
                }
                None => self.drafts[twin].part = Part::Call,
            }
        }
    }

    /// A call around a call is either a wrapper of several or the same call seen from further out.
    fn nested_calls(&mut self) {
        let calls = self.of(Part::Call);
        let outer: Vec<Option<usize>> =
            calls.iter().map(|call| self.above(*call, Part::Call)).collect();
        let mut inside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (call, outer) in calls.iter().zip(&outer) {
            if let Some(outer) = outer {
                inside.entry(*outer).or_default().push(*call);
            }
        }
        for (outer, inner) in inside {
            match inner.as_slice() {
                [only] if self.same_call(outer, *only) => {
                    self.merge(*only, outer, "double_instrumentation");
                }
                [_] => {}
                _ => {
                    self.into[outer] = Some(outer);
                    self.drafts[outer].part = Part::Wrapper;
                    self.count("wrapper");
                }
            }
        }
    }

    fn same_call(&self, outer: usize, inner: usize) -> bool {
        let (outer, inner) = (&self.drafts[outer], &self.drafts[inner]);
        let ids = (outer.call.text(Col::ResponseId), inner.call.text(Col::ResponseId));
        match ids {
            (Some(a), Some(b)) if outer.dialect.id != "litellm" => a == b,
            _ => inner.within(outer, SLACK_NS) && models_agree(outer, inner),
        }
    }

    /// Attempts that are spans of their own: those that failed belong to the one that follows them
    /// under the same parent.
    fn retries(&mut self) {
        const PAUSE_NS: i64 = 120_000_000_000;
        let mut calls = self.of(Part::Call);
        calls.retain(|call| {
            let draft = &self.drafts[*call];
            draft.dialect.span_per_attempt && self.into[*call].is_none()
        });
        calls.sort_by_key(|call| (self.drafts[*call].start_ns, *call));
        let kin = |draft: &Draft<'_>| {
            let model = draft.call.text(Col::RequestModel).map(str::to_owned);
            (draft.dialect.id, draft.origin.parent_span_id.clone(), model)
        };
        for (at, &failed) in calls.iter().enumerate() {
            let before = &self.drafts[failed];
            if !before.fruitless() || before.origin.parent_span_id.is_none() {
                continue;
            }
            let end = before.last_ns();
            let follows = |next: &&usize| {
                let gap = self.drafts[**next].start_ns.saturating_sub(end);
                (-SLACK_NS..PAUSE_NS).contains(&gap) && kin(&self.drafts[**next]) == kin(before)
            };
            if let Some(&next) = calls[at + 1..].iter().find(follows) {
                let start_ns = before.start_ns;
                let earlier = before.clues.failed_before + 1;
                self.drafts[next].begin_at(start_ns);
                self.drafts[next].clues.failed_before += earlier;
                self.into[failed] = Some(next);
                self.count("retried_attempt");
            }
        }
    }

    /// Calls take the prompt, tenant, session and segments of the wrappers around them.
    fn context(&mut self) {
        const INHERITED: Cols = Cols::of(&[
            Col::PromptName,
            Col::PromptVersion,
            Col::PromptHash,
            Col::Tenant,
            Col::SessionId,
        ]);
        for call in self.of(Part::Call) {
            let mut at = call;
            for _ in 0..self.drafts.len() {
                let Some(above) = self.ancestors[at].as_ref() else { break };
                at = above.draft;
                if self.drafts[at].part == Part::Wrapper && at != call {
                    let wrapper = self.drafts[at].call.clone();
                    let target = &mut self.drafts[call].call;
                    target.fill_where(&wrapper, INHERITED);
                    target.fill_segments(&wrapper);
                }
            }
        }
    }

    fn finish(&mut self) {
        let drafts = std::mem::take(&mut self.drafts);
        let is_row =
            |(at, draft): &(usize, &Draft)| draft.part == Part::Call && self.into[*at].is_none();
        let rows_here = drafts.iter().enumerate().filter(is_row).count();
        // One trace is one call, mostly: the vectors hold no more than they need.
        let mut rows: Vec<Row> = Vec::with_capacity(rows_here);
        let mut row_of: Vec<Option<usize>> = vec![None; drafts.len()];
        let mut attempts = Vec::new();
        for (at, draft) in drafts.into_iter().enumerate() {
            match draft.part {
                Part::Call if self.into[at].is_none() => {
                    row_of[at] = Some(rows.len());
                    rows.push(Row { draft, paired: false, attempts: Vec::new() });
                }
                Part::Attempt if generates(&draft) => {
                    attempts.reserve_exact(1);
                    attempts.push((at, draft));
                }
                Part::Wrapper if self.into[at].is_none() => self.count("wrapper"),
                _ => {}
            }
        }
        for (at, draft) in attempts {
            let row = match self.owner(at) {
                Owner::Row(owner) => row_of[owner],
                Owner::Other => continue,
                Owner::Nobody => None,
            };
            let list = match row {
                Some(row) => &mut rows[row].attempts,
                None => &mut self.folded.loose,
            };
            list.reserve_exact(usize::from(list.is_empty()));
            list.push(draft);
        }
        for row in &mut rows {
            row.attempts = own(std::mem::take(&mut row.attempts));
        }
        self.folded.rows.append(&mut rows);
    }

    /// The row that owns an attempt by parentage.
    fn owner(&self, at: usize) -> Owner {
        let Some(above) = &self.ancestors[at] else { return Owner::Nobody };
        if above.through_other {
            return Owner::Other;
        }
        let mut row = above.draft;
        for _ in 0..self.into.len() {
            match self.into[row] {
                Some(next) if next != row => row = next,
                _ => break,
            }
        }
        Owner::Row(row)
    }
}

enum Owner {
    Row(usize),
    /// A tool or an embedding call made it.
    Other,
    Nobody,
}
