//! The report for a person at a terminal: what, since when, whose, why, what to cite, what to do.

mod body;
mod head;
pub(super) mod page;
mod timeline;
mod waterfall;

use self::page::Page;
use super::Style;
use crate::diagnosis::{Diagnosis, RankedCause};

/// The report, at most `style.width` columns wide, ending in a newline.
pub fn terminal(diagnosis: &Diagnosis, style: Style) -> String {
    let mut page = Page::new(style);
    head::verdict(&mut page, diagnosis);
    if let Some(timeline) = &diagnosis.timeline {
        timeline::timeline(&mut page, timeline);
    }
    if let Some(waterfall) = &diagnosis.waterfall {
        waterfall::waterfall(&mut page, waterfall);
    }
    body::ranking(&mut page, &diagnosis.diagnoses);
    for cause in &diagnosis.diagnoses {
        body::why(&mut page, cause);
    }
    body::measured(&mut page, diagnosis);
    body::path(&mut page, &diagnosis.path);
    body::ruled_out(&mut page, &diagnosis.ruled_out);
    body::cannot_tell(&mut page, &diagnosis.undecidable);
    body::notes(&mut page, diagnosis);
    body::carried(&mut page, diagnosis);
    body::other_spikes(&mut page, diagnosis);
    act(&mut page, &diagnosis.diagnoses);
    body::read(&mut page, &diagnosis.ingest);
    page.finish()
}

/// What to cite and what to do: near the end, where a terminal leaves the eye.
fn act(page: &mut Page, causes: &[RankedCause]) {
    let citing = causes.iter().filter(|cause| !cause.request_ids.is_empty());
    let of = citing.clone().count();
    citing.for_each(|cause| body::cite(page, cause, of));
    let with_steps = causes.iter().filter(|cause| !cause.next_steps.is_empty());
    let of = with_steps.clone().count();
    with_steps.for_each(|cause| body::next(page, cause, of));
}
