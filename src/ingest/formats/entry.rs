//! What the page of formats says of one of them.

/// Where the file that shows a format comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The tool itself wrote it.
    Real,
    /// It was made after the tool's documented schema.
    Made,
}

/// A format, or one form of it.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it is and who writes it.
    pub title: &'static str,
    /// In which containers it comes.
    pub forms: &'static str,
    /// What the report calls it.
    pub named: &'static str,
    /// The file in `testdata/` by which it was shown.
    pub shown: &'static str,
    /// Where that comes from.
    pub origin: Origin,
    /// What to know.
    pub note: &'static str,
}

pub(super) const fn format(
    title: &'static str,
    forms: &'static str,
    named: &'static str,
    shown: &'static str,
    origin: Origin,
    note: &'static str,
) -> Format {
    Format { title, forms, named, shown, origin, note }
}
