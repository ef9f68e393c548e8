//! Who stands above whom in one trace, through spans that no dialect reads.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::draft::Draft;
use crate::ingest::{Id, Span};

/// The tree of one trace: all its kept spans, whether a dialect reads them or not.
pub struct Tree<'a> {
    spans: &'a [Span],
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
    pub fn new(spans: &'a [Span], members: &[u32], drafts: &[Draft]) -> Self {
        let at = |index: &u32| usize::try_from(*index).ok().and_then(|index| spans.get(index));
        let ids = members.iter().filter_map(|index| Some((&at(index)?.span_id, *index)));
        Self {
            spans,
            by_id: ids.filter(|(id, _)| !id.is_none()).collect(),
            draft_of: drafts.iter().enumerate().map(|(at, draft)| (draft.span, at)).collect(),
        }
    }

    fn span(&self, index: u32) -> Option<&'a Span> {
        self.spans.get(usize::try_from(index).ok()?)
    }

    /// The nearest ancestor of a span that a dialect reads.
    pub fn ancestor(&self, span: u32) -> Option<Ancestor> {
        let mut at = span;
        let mut through_other = false;
        // Parent pointers of a broken dump may form a circle.
        for _ in 0..256 {
            at = *self.by_id.get(&self.span(at)?.parent_span_id)?;
            if at == span {
                return None;
            }
            if let Some(&draft) = self.draft_of.get(&at) {
                return Some(Ancestor { draft, through_other });
            }
            through_other = true;
        }
        None
    }
}
