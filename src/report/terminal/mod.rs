//! The report for a person at a terminal: what, since when, whose, why, what to cite, what to do.

mod body;
mod head;
mod page;
mod timeline;
mod waterfall;

use self::page::Page;
use super::Style;
use crate::diagnosis::{Diagnosis, Verdict};

/// The report, at most `style.width` columns wide, ending in a newline.
pub fn terminal(diagnosis: &Diagnosis, style: Style) -> String {
    let mut page = Page::new(style);
    conclusion(&mut page, diagnosis);
    body::carried(&mut page, diagnosis);
    body::notes(&mut page, diagnosis);
    body::other_spikes(&mut page, diagnosis);
    body::read(&mut page, &diagnosis.ingest);
    page.finish()
}

fn conclusion(page: &mut Page, diagnosis: &Diagnosis) {
    head::verdict(page, diagnosis);
    if let Some(timeline) = &diagnosis.timeline {
        timeline::timeline(page, timeline);
    }
    if diagnosis.verdict != Verdict::Spike {
        body::measured(page, diagnosis);
    }
    if let Some(waterfall) = &diagnosis.waterfall {
        waterfall::waterfall(page, waterfall);
    }
    body::ranking(page, &diagnosis.diagnoses);
    for cause in &diagnosis.diagnoses {
        body::why(page, cause);
    }
    if diagnosis.verdict == Verdict::Spike {
        body::measured(page, diagnosis);
    }
    body::path(page, &diagnosis.path);
    body::ruled_out(page, &diagnosis.ruled_out);
    body::cannot_tell(page, &diagnosis.undecidable);
    for cause in &diagnosis.diagnoses {
        body::cite(page, cause, diagnosis);
    }
    for cause in &diagnosis.diagnoses {
        body::next(page, cause, diagnosis.diagnoses.len());
    }
}
