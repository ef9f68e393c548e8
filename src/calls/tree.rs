//! Who stands above whom in one trace, through spans that no dialect reads.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::draft::Draft;
use crate::ingest::{Id, Span, SpanList};

/// Up to this many spans a trace is searched from end to end, which costs less than a map.
const FEW: usize = 16;

/// The tree of one trace: all its kept spans, whether a dialect reads them or not.
pub struct Tree<'a> {
    spans: &'a SpanList,
    members: &'a [u32],
    drafts: &'a [Draft<'a>],
    /// Where the trace has more than a few spans.
    maps: Option<Maps<'a>>,
}

struct Maps<'a> {
    by_id: HashMap<&'a Id, u32, FixedState>,
    draft_of: HashMap<u32, usize, FixedState>,
}

/// The nearest ancestor that a dialect reads, and whether the way there leads through a span that
/// has nothing to do with calls.
pub struct Ancestor {
    /// Which draft it is.
    pub draft: usize,
    /// Whether a span that is not of a call stands between.
    pub through_other: bool,
}

impl<'a> Tree<'a> {
    /// The tree over all kept spans of a trace.
    pub fn new(spans: &'a SpanList, members: &'a [u32], drafts: &'a [Draft<'a>]) -> Self {
        let mut tree = Self { spans, members, drafts, maps: None };
        if members.len() > FEW {
            let ids = members.iter().filter_map(|at| Some((&tree.span(*at)?.span_id, *at)));
            let by_id = ids.filter(|(id, _)| !id.is_none()).collect();
            let draft_of = drafts.iter().enumerate().map(|(at, draft)| (draft.span, at)).collect();
            tree.maps = Some(Maps { by_id, draft_of });
        }
        tree
    }

    fn span(&self, index: u32) -> Option<&'a Span> {
        self.spans.get(usize::try_from(index).ok()?)
    }

    /// The span of that id, the last one where several share it.
    fn by_id(&self, id: &Id) -> Option<u32> {
        if id.is_none() {
            return None;
        }
        match &self.maps {
            Some(maps) => maps.by_id.get(id).copied(),
            None => {
                let mut members = self.members.iter().rev();
                members.find(|at| self.span(**at).is_some_and(|span| span.span_id == *id)).copied()
            }
        }
    }

    fn draft_of(&self, span: u32) -> Option<usize> {
        match &self.maps {
            Some(maps) => maps.draft_of.get(&span).copied(),
            None => self.drafts.iter().position(|draft| draft.span == span),
        }
    }

    /// The nearest ancestor of a span that a dialect reads.
    pub fn ancestor(&self, span: u32) -> Option<Ancestor> {
        let mut at = span;
        let mut through_other = false;
        // Parent pointers of a broken dump may form a circle.
        for _ in 0..256 {
            at = self.by_id(&self.span(at)?.parent_span_id)?;
            if at == span {
                return None;
            }
            if let Some(draft) = self.draft_of(at) {
                return Some(Ancestor { draft, through_other });
            }
            through_other = true;
        }
        None
    }
}
