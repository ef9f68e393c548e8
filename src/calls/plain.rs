//! The trace that most are: one call at most, and its HTTP attempts. There is nothing to fold.

use crate::calls::draft::Draft;
use crate::calls::endpoints::{generates, own};
use crate::calls::trace::{Folded, Row};
use crate::calls::tree::Tree;
use crate::dialects::Part;
use crate::ingest::SpanList;

/// More spans than that are folded in the long way.
const MOST: usize = u64::BITS as usize;

/// Adds what such a trace comes to and uses up its drafts; false, and nothing done, where a trace
/// is not of this kind.
pub fn fold<'a>(
    (spans, members): (&SpanList, &[u32]),
    drafts: &mut Vec<Draft<'a>>,
    folded: &mut Folded<'a>,
) -> bool {
    let calls = drafts.iter().filter(|draft| draft.part == Part::Call).count();
    let attempts = drafts.iter().filter(|draft| draft.part == Part::Attempt).count();
    if calls > 1 || calls + attempts < drafts.len() || drafts.len() > MOST {
        return false;
    }
    let tree = Tree::new(spans, members, drafts);
    let (mut owned, mut loose) = (0, 0);
    for (at, draft) in drafts.iter().enumerate() {
        match Tie::of(draft, &tree, drafts) {
            Tie::Owned => owned |= 1 << at,
            Tie::Loose => loose |= 1 << at,
            Tie::None => {}
        }
    }
    take(drafts, (owned, loose), folded);
    true
}

/// How an attempt is tied to the only call of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// By parentage.
    Owned,
    /// Not by parentage.
    Loose,
    /// It is none, or of something else.
    None,
}

impl Tie {
    fn of(draft: &Draft<'_>, tree: &Tree<'_>, drafts: &[Draft<'_>]) -> Self {
        if draft.part != Part::Attempt || !generates(draft) {
            return Self::None;
        }
        match tree.ancestor(draft.span) {
            Some(above) if above.through_other => Self::None,
            Some(above) if drafts.get(above.draft).is_some_and(|of| of.part == Part::Call) => {
                Self::Owned
            }
            _ => Self::Loose,
        }
    }
}

/// The row of a trace that has one call at most, and nothing beside attempts: which of them it
/// owns and which are loose is told by bits.
fn take<'a>(drafts: &mut Vec<Draft<'a>>, (owned, loose): (u64, u64), folded: &mut Folded<'a>) {
    let mut call = None;
    let mut attempts = Vec::with_capacity(owned.count_ones() as usize);
    for (at, draft) in drafts.drain(..).enumerate() {
        match draft.part {
            Part::Call => call = Some(draft),
            _ if owned >> at & 1 == 1 => attempts.push(draft),
            _ if loose >> at & 1 == 1 => folded.loose.push(draft),
            _ => {}
        }
    }
    if let Some(draft) = call {
        folded.rows.push(Row { draft, paired: false, attempts: own(attempts) });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::calls::draft::Reader;
    use crate::calls::lens::Lens;
    use crate::calls::trace;
    use crate::calls::traces::Traces;
    use crate::dialects::Tables;
    use crate::ingest::{self, Options};

    #[test]
    fn a_plain_trace_comes_to_what_it_comes_to_in_the_long_way() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let (mut plain, mut others) = (0, 0);
        for pattern in ["dialects/*/*", "incidents/00[0-3]/spans*"] {
            let pattern = folder.join(pattern).display().to_string();
            for path in glob::glob(&pattern).unwrap().flatten().filter(|path| path.is_file()) {
                let tables = Tables::default();
                let inputs = [path.display().to_string()];
                let read = ingest::read(&inputs, tables.wanted(), &Options::default());
                let Ok(read) = read else { continue };
                let (lens, spans) = (Lens::new(&tables), &read.spans);
                let traces = Traces::of(spans);
                let mut reader = Reader::new(&lens, spans);
                for trace in 0..traces.len() {
                    let members = traces.members(trace);
                    let mut drafts = Vec::new();
                    for at in members {
                        let _ = reader.read(*at, &mut drafts);
                    }
                    let mut again = drafts.clone();
                    let (mut short, mut long) = (Folded::default(), Folded::default());
                    if !fold((&spans.spans, members), &mut drafts, &mut short) {
                        others += 1;
                        continue;
                    }
                    plain += 1;
                    trace::fold_all((&spans.spans, members), &mut again, &mut long);
                    assert_eq!(format!("{short:?}"), format!("{long:?}"), "{}", path.display());
                }
            }
        }
        assert!(plain > 1000 && others > 10, "{plain} plain traces, {others} others");
    }
}
