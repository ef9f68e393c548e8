//! What it looked like: waterfall, signals, timeline, work, cache and routing, distributions.

use super::Body;
use super::table::{self, Heading};
use crate::diagnosis::{
    Charts, Diagnosis, Distribution, LEAST_TAIL_CALLS, Shares, SignalChange, Timeline, Waterfall,
};
use crate::report::svg::figure::Figure;
use crate::report::svg::{histogram, scatter, shares, time, waterfall};
use crate::report::{cost, numbers, wording};

/// Series in the table of the timeline, at most.
const SERIES: usize = 12;
/// Bins in the table of the timeline, at most.
const BINS: usize = 90;

/// Writes every plot.
pub(super) fn look(body: &mut Body, diagnosis: &Diagnosis) {
    if let Some(found) = &diagnosis.waterfall {
        where_it_went(body, found);
    }
    if let Some(found) = &diagnosis.cost {
        body.raw("<section id=\"cost\"><h2>What it cost</h2>\n");
        body.prose("p", &cost::sentences(found)).raw("</section>\n");
    }
    signals(body, diagnosis);
    over_time(body, diagnosis);
    if let Some(charts) = &diagnosis.charts {
        at_the_same_work(body, charts);
        cache_and_routing(body, diagnosis, charts);
        spreads(body, charts);
    }
}

/// A drawing with its title and key.
fn figure(body: &mut Body, figure: &Figure) {
    body.figures += 1;
    let number = body.figures;
    body.raw("<figure><figcaption>").element("b", &figure.title);
    if !figure.key.is_empty() {
        body.raw(" ").element("span class=\"soft\"", &figure.key);
    }
    body.raw("</figcaption>\n");
    figure.inline(&mut body.markup, number);
    body.raw("</figure>\n");
}

fn where_it_went(body: &mut Body, found: &Waterfall) {
    body.raw("<section id=\"where\"><h2>Where the time went</h2>\n");
    figure(body, &waterfall::waterfall(found, body.limits.text));
    let headings: [Heading; 5] = [
        ("Term", false),
        ("Mean", true),
        ("95 % interval", true),
        ("Slowest twentieth", true),
        ("Share", true),
    ];
    body.raw("<details><summary>The terms as a table, with the slowest twentieth</summary>\n");
    table::open(body, "Added per call; the terms add up to the change.", &headings);
    let tail = |value: Option<f64>| wording::known("tail_s", value);
    let (mean, slow) = (numbers::seconds(found.baseline_s), tail(found.tail_baseline_s));
    table::row(body, &headings, &["baseline", &mean, "", &slow, ""]);
    let terms = body.shown(&found.terms);
    for term in terms {
        let interval = wording::interval("term_s", term.low_s, term.high_s);
        let share = wording::known("term_share", term.share);
        let cells = [&*term.label, &numbers::seconds(term.mean_s), &interval, &tail(term.tail_s)];
        let [label, mean, interval, slow] = cells;
        table::row(body, &headings, &[label, mean, interval, slow, &share]);
    }
    let (mean, slow) = (numbers::seconds(found.window_s), tail(found.tail_window_s));
    table::row(body, &headings, &["window", &mean, "", &slow, ""]);
    table::close(body);
    body.more(found.terms.len(), terms.len(), "terms");
    body.raw("</details></section>\n");
}

/// Every signal with its ratio drawn beside the usual movement.
fn signals(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.signals.is_empty() {
        return;
    }
    body.raw("<section id=\"moved\"><h2>What moved, and what held</h2>\n<p class=\"soft\">");
    body.raw("Window over baseline. Grey: how far windows of this length usually move apart in ");
    body.raw("the baseline. Line: the 95 % interval. The long tick is 1×, no change.</p>\n");
    let headings: [Heading; 6] = [
        ("Signal", false),
        ("Baseline", true),
        ("Window", true),
        ("Ratio", true),
        ("", false),
        ("", false),
    ];
    table::open(body, "", &headings);
    let signals = body.shown(&diagnosis.signals);
    let reach = reach(signals);
    for signal in signals {
        let ratio = ratio(signal);
        body.raw("<tr>")
            .element("th scope=\"row\"", &table::capital(&wording::signal(&signal.signal)));
        let cell = "td class=\"n\"";
        body.element(cell, &wording::known(&signal.signal, signal.baseline));
        body.element(cell, &wording::known(&signal.signal, signal.window));
        body.element(cell, &ratio.map_or_else(String::new, numbers::multiple));
        body.raw("<td class=\"strip\">");
        strip(body, signal, reach);
        body.raw("</td>").element("td", wording::change(signal.change)).raw("</tr>\n");
    }
    table::close(body);
    body.more(diagnosis.signals.len(), signals.len(), "signals");
    body.raw("</section>\n");
}

fn ratio(signal: &SignalChange) -> Option<f64> {
    let (baseline, window) = (signal.baseline?, signal.window?);
    let ratio = window / baseline;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// How far the strips reach to either side, as the logarithm of a ratio.
fn reach(signals: &[SignalChange]) -> f64 {
    let all = signals.iter().flat_map(|signal| {
        [ratio(signal), signal.ratio_low, signal.ratio_high, signal.usual_ratio]
    });
    let logs = all.flatten().map(|ratio| ratio.ln().abs()).filter(|log| log.is_finite());
    logs.fold(0.2, f64::max).min(6.0)
}

/// A ratio and its interval on a log axis around 1, over the usual movement.
fn strip(body: &mut Body, signal: &SignalChange, reach: f64) {
    let Some(ratio) = ratio(signal) else { return };
    let x = |ratio: f64| (50.0 + 48.0 * ratio.ln() / reach).clamp(1.0, 99.0);
    let markup = &mut body.markup;
    markup.raw("<svg class=\"fig\" width=\"100%\" height=\"18\" aria-hidden=\"true\">");
    if let Some(usual) = signal.usual_ratio.filter(|usual| *usual > 0.0) {
        let usual = usual.max(1.0 / usual);
        let (from, to) = (x(1.0 / usual), x(usual));
        markup.raw("<rect class=\"usual\" y=\"3\" height=\"12\" x=\"").num(from);
        markup.raw("%\" width=\"").num(to - from).raw("%\"/>");
    }
    markup.raw("<line class=\"edge\" x1=\"50%\" x2=\"50%\" y1=\"1\" y2=\"17\"/>");
    if let (Some(low), Some(high)) = (signal.ratio_low, signal.ratio_high) {
        markup.raw("<line class=\"range\" y1=\"9\" y2=\"9\" x1=\"").num(x(low));
        markup.raw("%\" x2=\"").num(x(high)).raw("%\"/>");
    }
    let class = if x(ratio) > 50.0 { "bar w" } else { "bar" };
    markup.raw("<circle class=\"").raw(class).raw("\" r=\"4\" cy=\"9\" cx=\"").num(x(ratio));
    markup.raw("%\"/></svg>");
}

fn over_time(body: &mut Body, diagnosis: &Diagnosis) {
    let Some(timeline) = &diagnosis.timeline else { return };
    let panels = time::panels(diagnosis, body.limits.text);
    if panels.is_empty() {
        return;
    }
    body.raw("<section id=\"when\"><h2>Over time</h2>\n<p class=\"soft\">");
    body.text(&format!(
        "{}; {}, in steps of {}; no p95 where a step holds fewer than {} calls. Times are UTC.",
        table::capital(&numbers::day(timeline.start)),
        wording::slice(&timeline.segment),
        numbers::span_of(timeline.bin_s),
        LEAST_TAIL_CALLS
    ));
    body.raw("</p>\n<div class=\"pair\">\n");
    for panel in panels.iter().take(body.limits.plots.max(8)) {
        figure(body, panel);
    }
    body.raw("</div>\n<details><summary>The timeline as a table</summary>\n");
    timeline_table(body, timeline);
    body.raw("</details></section>\n");
}

fn timeline_table(body: &mut Body, timeline: &Timeline) {
    let series = timeline.series.get(..SERIES).unwrap_or(&timeline.series);
    body.raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">From (UTC)</th>");
    for series in series {
        body.element("th scope=\"col\" class=\"n\"", &wording::signal(&series.signal));
    }
    body.raw("</tr></thead><tbody>\n");
    let bins = series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    for bin in 0..bins.min(BINS) {
        let offset =
            chrono::TimeDelta::try_milliseconds((timeline.bin_s * 1e3 * bin as f64) as i64);
        let time = offset.and_then(|offset| timeline.start.checked_add_signed(offset));
        let inside = (timeline.window_from..timeline.window_to).contains(&bin);
        body.raw(if inside { "<tr class=\"w\">" } else { "<tr>" });
        let time = time.map(numbers::clock).unwrap_or_default();
        let name = if inside { format!("{time} window") } else { time };
        body.element("th scope=\"row\"", &name);
        for series in series {
            let value = series.values.get(bin).copied().flatten();
            body.element("td class=\"n\"", &wording::known(&series.signal, value));
        }
        body.raw("</tr>\n");
    }
    body.raw("</tbody></table></div>\n");
    body.more(timeline.series.len(), series.len(), "signals");
    body.more(bins, bins.min(BINS), "steps of time");
}

fn at_the_same_work(body: &mut Body, charts: &Charts) {
    body.raw("<section id=\"work\"><h2>At the same work</h2>\n<p class=\"soft\">Every mark is a ");
    body.raw("call. Diamonds that moved right along the dashed line had more work; diamonds ");
    body.raw("above it were slower at the same work.</p>\n");
    let models = charts.shares.iter().find(|of| of.column == "request_model");
    if models.is_some_and(|of| of.values.len() > 1) {
        body.raw("<p class=\"soft\">Several models share these plots, each with a level of its ");
        body.raw(
            "own; the judgement compares every call with the same work on its own model.</p>\n",
        );
    }
    if charts.scatters.is_empty() {
        body.raw("<p>No call carries TTFT with its uncached tokens, nor ITL.</p>\n");
    }
    body.raw("<div class=\"pair\">\n");
    for found in charts.scatters.iter().take(body.limits.plots) {
        let drawn = scatter::scatter(found, body.limits.points, body.limits.text);
        figure(body, &drawn);
    }
    body.raw("</div></section>\n");
}

fn cache_and_routing(body: &mut Body, diagnosis: &Diagnosis, charts: &Charts) {
    body.raw("<section id=\"routing\"><h2>Cache and routing</h2>\n");
    let twin = served_as_asked(charts);
    let shown = charts.shares.iter().filter(|of| !(twin && of.column == "request_model"));
    let (constant, moved): (Vec<&Shares>, Vec<&Shares>) =
        shown.partition(|of| shares::is_constant(of));
    body.raw("<div class=\"pair\">\n");
    for of in moved.iter().take(body.limits.plots) {
        figure(body, &shares::strips(diagnosis, of, body.limits.text));
    }
    body.raw("</div>\n<ul class=\"soft\">\n");
    for of in constant.iter().take(body.limits.plots) {
        let value = of.values.first().map_or("", |series| &*series.value);
        body.raw("<li>").text(shares::title(&of.column)).raw(": ");
        body.text(value).raw(" throughout</li>\n");
    }
    for of in moved.iter().filter(|of| of.left_out > 0) {
        body.raw("<li>").text(shares::title(&of.column)).raw(": ");
        body.text(&wording::counted(of.left_out as u64, "smaller value"));
        body.raw(" not drawn</li>\n");
    }
    let partly = |of: &&Shares| of.known_baseline.min(of.known_window) < 0.995;
    for of in charts.shares.iter().filter(partly).take(body.limits.plots) {
        body.raw("<li>").text(shares::title(&of.column)).raw(" is known for ");
        body.text(&numbers::percent(of.known_baseline)).raw(" of the baseline's calls and ");
        body.text(&numbers::percent(of.known_window)).raw(" of the window's</li>\n");
    }
    let known = |column: &str| charts.shares.iter().any(|of| of.column == column);
    for column in ["region", "pool_id", "system_fingerprint", "response_model"] {
        if !known(column) {
            body.raw("<li>").text(shares::title(column)).raw(": no call carries it</li>\n");
        }
    }
    body.raw("</ul></section>\n");
}

/// Whether the model served moves just as the model asked for: one drawing is enough then.
fn served_as_asked(charts: &Charts) -> bool {
    let find = |column: &str| charts.shares.iter().find(|of| of.column == column);
    let parts = |of: &Shares| -> Vec<Vec<Option<f64>>> {
        of.values.iter().map(|series| series.bins.clone()).collect()
    };
    match (find("request_model"), find("response_model")) {
        (Some(asked), Some(served)) => served.values.len() > 1 && parts(asked) == parts(served),
        _ => false,
    }
}

fn spreads(body: &mut Body, charts: &Charts) {
    if charts.distributions.is_empty() {
        return;
    }
    body.raw("<section id=\"spread\"><h2>Distributions</h2>\n<div class=\"pair\">\n");
    for of in charts.distributions.iter().take(body.limits.plots) {
        if let Some(drawn) = histogram::histogram(of, body.limits.text) {
            figure(body, &drawn);
        }
    }
    body.raw("</div>\n");
    let headings: [Heading; 7] = [
        ("", false),
        ("p50 baseline", true),
        ("window", true),
        ("p95 baseline", true),
        ("window", true),
        ("p99 baseline", true),
        ("window", true),
    ];
    table::open(body, "", &headings);
    for of in charts.distributions.iter().take(body.limits.plots) {
        percentiles(body, &headings, of);
    }
    table::close(body);
    body.raw("</section>\n");
}

fn percentiles(body: &mut Body, headings: &[Heading], of: &Distribution) {
    let (baseline, window) = (&of.baseline, &of.window);
    let pairs = [baseline.p50, window.p50, baseline.p95, window.p95, baseline.p99, window.p99];
    let shown = pairs.map(|value| wording::quantity(&of.signal, value));
    let mut cells = vec![table::capital(&wording::signal(&of.signal))];
    cells.extend(shown);
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    table::row(body, headings, &cells);
}
