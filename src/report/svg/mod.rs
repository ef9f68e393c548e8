//! The plots: drawn once, for the HTML page and as files beside Markdown.

pub(crate) mod figure;
mod frame;
pub(crate) mod histogram;
mod scale;
pub(crate) mod scatter;
pub(crate) mod shares;
pub(crate) mod time;
pub(crate) mod waterfall;

use crate::diagnosis::Diagnosis;
use figure::Figure;

/// Longest text in a plot, in characters.
const LONGEST: usize = 160;
/// Calls of each period in a scatter.
const POINTS: usize = 400;

/// Every plot of a diagnosis as a file: its name, and its SVG. Names are distinct, plain
/// (`ttft_over_time.svg`) and in reading order.
pub fn charts(diagnosis: &Diagnosis) -> Vec<(String, String)> {
    let files = figures(diagnosis).into_iter();
    let named = files.map(|figure| (format!("{}.svg", figure.name), figure.file()));
    let mut named: Vec<(String, String)> = named.collect();
    let mut seen = std::collections::BTreeSet::new();
    named.retain(|(name, _)| seen.insert(name.clone()));
    named
}

fn figures(diagnosis: &Diagnosis) -> Vec<Figure> {
    let mut figures = Vec::new();
    figures.extend(diagnosis.waterfall.iter().map(|of| waterfall::waterfall(of, LONGEST)));
    figures.extend(time::panels(diagnosis, LONGEST));
    if let Some(charts) = &diagnosis.charts {
        figures.extend(charts.scatters.iter().map(|of| scatter::scatter(of, POINTS, LONGEST)));
        let moved = charts.shares.iter().filter(|of| !shares::is_constant(of));
        figures.extend(moved.map(|of| shares::strips(diagnosis, of, LONGEST)));
        let spreads = charts.distributions.iter();
        figures.extend(spreads.filter_map(|of| histogram::histogram(of, LONGEST)));
    }
    figures
}
