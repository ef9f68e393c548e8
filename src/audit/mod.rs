//! Which attributes the calls carry, by service and dialect; what each gap costs; what closes it.
//!
//! It looks at the canonical table, so an attribute is there when a diagnosis can use it, under
//! whatever name and on whichever span of the call it was written.

mod attributes;
mod credible;
mod fixes;
mod measure;
mod page;
mod snippets;

pub use attributes::{ATTRIBUTES, Among, Attribute};
pub use fixes::{FIXES, Fix, Place, When};
pub use page::page;

use std::collections::BTreeMap;

use crate::calls::CallTable;
use crate::diagnosis::audit::{
    AUDIT_SCHEMA, AttributeAudit, Audit, DialectAudit, FixAudit, ServiceAudit, State,
};
use crate::diagnosis::{Cause, Ingest};
use crate::dialects::Dialect;
use measure::{Group, Reading, Rows};

/// What the calls of a table carry.
pub fn audit(table: &CallTable, ingest: &Ingest) -> Audit {
    let rows = Rows::of(table);
    let mut services: BTreeMap<Option<String>, Vec<(DialectAudit, f64)>> = BTreeMap::new();
    for group in rows.groups() {
        let service = group.service.map(str::to_owned);
        services.entry(service).or_default().push(dialect(&rows, &group, ingest));
    }
    let mut services: Vec<ServiceAudit> =
        services.into_iter().map(|(name, dialects)| service(name, dialects)).collect();
    services.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.service.cmp(&b.service)));
    Audit { schema: AUDIT_SCHEMA, calls: table.len() as u64, services }
}

#[allow(clippy::cast_precision_loss, reason = "fewer calls than 2^53")]
fn service(name: Option<String>, mut dialects: Vec<(DialectAudit, f64)>) -> ServiceAudit {
    dialects
        .sort_by(|(a, _), (b, _)| b.calls.cmp(&a.calls).then_with(|| a.dialect.cmp(&b.dialect)));
    let calls: u64 = dialects.iter().map(|(found, _)| found.calls).sum();
    let sum: f64 = dialects.iter().map(|(found, score)| score * found.calls as f64).sum();
    ServiceAudit {
        service: name,
        calls,
        score: points(sum / calls.max(1) as f64),
        dialects: dialects.into_iter().map(|(found, _)| found).collect(),
    }
}

/// The audit of one group, and its score before rounding.
fn dialect(rows: &Rows, group: &Group<'_>, ingest: &Ingest) -> (DialectAudit, f64) {
    let events_dropped = rows.events_dropped(group);
    let (mut attributes, mut fixes) = (Vec::new(), BTreeMap::new());
    let (mut won, mut possible) = (0.0, 0.0);
    for (at, attribute) in ATTRIBUTES.iter().enumerate() {
        let reading = rows.reading(at, group, ingest);
        let provider = reading.provider.as_deref();
        let place = Place { dialect: group.dialect, provider, events_dropped };
        let gap = reading.state.is_gap();
        let some = reading.state == State::Sometimes;
        let fix = FIXES.iter().find(|fix| gap && fix.helps(attribute.col, place, some));
        if let Some(fix) = fix {
            let missing = reading.missing(attribute.weight);
            fixes.entry(fix.id).or_insert_with(|| (fix, Vec::new())).1.push((attribute, missing));
        }
        if reading.state != State::NotApplicable {
            possible += weight(attribute);
            won += weight(attribute) - reading.missing(attribute.weight);
        }
        attributes.push(attribute_audit(attribute, reading, fix));
    }
    let score = if possible > 0.0 { 100.0 * won / possible } else { 0.0 };
    let mut fixes: Vec<FixAudit> =
        fixes.into_values().map(|(fix, closed)| fix_audit(fix, &closed, possible)).collect();
    fixes.sort_by(|a, b| b.gain.cmp(&a.gain).then_with(|| a.id.cmp(&b.id)));
    let audit = DialectAudit {
        dialect: group.dialect.to_owned(),
        title: Dialect::find(group.dialect).map_or("not named", |found| found.title).to_owned(),
        calls: group.rows.len() as u64,
        score: points(score),
        attributes,
        fixes,
    };
    (audit, score)
}

fn attribute_audit(
    attribute: &Attribute,
    reading: Reading,
    fix: Option<&'static Fix>,
) -> AttributeAudit {
    let gap = reading.state.is_gap();
    AttributeAudit {
        attribute: attribute.name.to_owned(),
        column: attribute.col.name().to_owned(),
        state: reading.state,
        known: reading.known,
        of: reading.of,
        because: reading.because,
        loses: gap.then(|| attribute.loses.to_owned()),
        costs: if gap { attribute.costs.to_vec() } else { Vec::new() },
        fix: fix.map(|fix| fix.id.to_owned()),
    }
}

fn fix_audit(fix: &Fix, closed: &[(&Attribute, f64)], possible: f64) -> FixAudit {
    let helped = |cause: &Cause| closed.iter().any(|(entry, _)| entry.costs.contains(cause));
    let missing: f64 = closed.iter().map(|(_, missing)| missing).sum();
    FixAudit {
        id: fix.id.to_owned(),
        change: fix.change.to_owned(),
        closes: closed.iter().map(|(entry, _)| entry.name.to_owned()).collect(),
        costs: Cause::ALL.into_iter().filter(helped).collect(),
        gain: points(100.0 * missing / possible),
        language: fix.language.to_owned(),
        snippet: fix.snippet.to_owned(),
    }
}

#[allow(clippy::cast_precision_loss, reason = "weights are small")]
fn weight(attribute: &Attribute) -> f64 {
    attribute.weight as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 100 first"
)]
fn points(score: f64) -> u64 {
    score.clamp(0.0, 100.0).round() as u64
}
