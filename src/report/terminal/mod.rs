//! The report for a person at a terminal: what, since when, whose, what to do, why, what to cite.
//!
//! It is short; `--verbose` adds every check, figure and reason, which the other forms always hold.

mod body;
mod head;
pub(super) mod page;
mod reasons;
mod timeline;
mod waterfall;

use self::page::Page;
use super::{Style, cost, wording};
use crate::diagnosis::{Diagnosis, RankedCause, Verdict};

/// The report, at most `style.width` columns wide, ending in a newline.
pub fn terminal(diagnosis: &Diagnosis, style: Style) -> String {
    let mut page = Page::new(style);
    first_screen(&mut page, diagnosis);
    body::ranking(&mut page, &diagnosis.diagnoses);
    for cause in body::told(&page, &diagnosis.diagnoses) {
        body::why(&mut page, cause);
    }
    if let Some(found) = &diagnosis.cost {
        page.labelled("Cost", &cost::sentences(found));
        page.gap();
    }
    if style.verbose {
        body::measured(&mut page, diagnosis);
        reasons::path(&mut page, &diagnosis.path);
        reasons::ruled_out(&mut page, &diagnosis.ruled_out);
        reasons::cannot_tell(&mut page, &diagnosis.undecidable);
    } else {
        if diagnosis.verdict != Verdict::Spike {
            body::measured(&mut page, diagnosis);
        }
        reasons::ruled_out_in_short(&mut page, &diagnosis.ruled_out);
        reasons::cannot_tell_in_short(&mut page, &diagnosis.undecidable);
    }
    body::notes(&mut page, diagnosis);
    reasons::carried(&mut page, diagnosis);
    body::other_spikes(&mut page, diagnosis);
    act(&mut page, &diagnosis.diagnoses);
    if style.queries {
        diagnosis.diagnoses.iter().for_each(|cause| body::queries(&mut page, cause));
    }
    body::read(&mut page, &diagnosis.ingest);
    body::more(&mut page, diagnosis);
    page.finish()
}

/// What, whose, how sure, since when, what to do, and where the time went: 24 lines of a narrow
/// terminal in most cases.
fn first_screen(page: &mut Page, diagnosis: &Diagnosis) {
    head::verdict(page, diagnosis);
    if let Some(first) = diagnosis.diagnoses.first() {
        body::first_steps(page, first);
    }
    if let Some(timeline) = &diagnosis.timeline {
        timeline::timeline(page, timeline, diagnosis);
    }
    if let Some(waterfall) = &diagnosis.waterfall {
        waterfall::waterfall(page, waterfall, diagnosis.diagnoses.first());
    }
    if !diagnosis.diagnoses.is_empty() {
        page.paragraph(1, &wording::compared(diagnosis));
        page.gap();
    }
}

/// What to cite, and what to do about the further causes: near the end, where a terminal leaves
/// the eye.
fn act(page: &mut Page, causes: &[RankedCause]) {
    let told = body::told(page, causes);
    let citing = told.iter().filter(|cause| !cause.request_ids.is_empty());
    let of = citing.clone().count();
    citing.for_each(|cause| body::cite(page, cause, of));
    let further = told.iter().skip(1).filter(|cause| !cause.next_steps.is_empty());
    further.for_each(|cause| body::next(page, cause, causes.len()));
}
