//! The canonical table to baseline and window.

/// What was asked for, as written; resolved against the data.
#[derive(Debug, Clone, Default)]
pub struct WindowArgs {
    /// The incident: `14:00-14:15`, RFC 3339 `A/B`, `2026-11-03T14:00/15m`; none finds spikes.
    pub window: Option<String>,
    /// Normal traffic, in the same forms; none lets the tool choose.
    pub baseline: Option<String>,
    /// Zone of times that name none: `Europe/Berlin`; UTC where absent.
    pub tz: Option<String>,
}
