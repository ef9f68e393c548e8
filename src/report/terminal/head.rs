//! The first lines: verdict, where, since when, the figures, what was compared with what.

use super::page::{Page, Tone};
use crate::diagnosis::{Diagnosis, Verdict};

use crate::report::wording;
use unicode_width::UnicodeWidthStr;

/// The verdict line and what belongs to it.
pub fn verdict(page: &mut Page, diagnosis: &Diagnosis) {
    let badge = wording::badge(diagnosis.verdict);
    let tone = match diagnosis.verdict {
        Verdict::Spike => Tone::Alarm,
        Verdict::NoSpike => Tone::Calm,
        Verdict::InsufficientData => Tone::Doubt,
    };
    let room = page.width() - badge.width() - 5;
    let verdict = wording::verdict(diagnosis);
    let (said, rest) = broken(&verdict, room);
    let indent = " ".repeat(badge.width() + 4);
    let said = page.paint(Tone::Strong, &page.fit(said, room));
    let badge = page.paint(tone, &format!(" {badge} "));
    page.line(&format!("{badge}  {said}"));
    if let Some(rest) = rest {
        let rest = page.paint(Tone::Strong, &page.fit(rest, room));
        page.line(&format!("{indent}{rest}"));
    }
    for second in diagnosis.diagnoses.iter().skip(1).filter(|cause| cause.confidence >= 0.5) {
        page.paragraph(1, &format!("and {}", wording::also(second)));
    }
    if let Some(first) = diagnosis.diagnoses.first() {
        page.paragraph(1, &wording::where_and_since(first, &diagnosis.window));
        page.paragraph(1, &wording::moved(&diagnosis.signals));
    } else {
        page.paragraph(1, &diagnosis.headline);
    }
    if diagnosis.diagnoses.is_empty() {
        page.paragraph(1, &wording::compared(diagnosis));
    }
    page.gap();
}

/// The verdict in one line, or broken before whose it is: how sure we are is never cut off.
fn broken(verdict: &str, room: usize) -> (&str, Option<&str>) {
    let parts = verdict.split_once(" · ").filter(|_| verdict.width() > room);
    parts.map_or((verdict, None), |(what, whose)| (what, Some(whose)))
}
