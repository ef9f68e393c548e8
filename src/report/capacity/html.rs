//! A capacity for a browser: one file, the plot in it, nothing loaded and no script.

use super::markdown::{curve_load, curve_title};
use super::terminal::subject;
use super::{
    SIGNALS, asked, because, constraint, edges, figure, headline, limits, mark, objective, plot,
    times,
};
use crate::diagnosis::capacity::{Capacity, Identifiable};
use crate::report::html::document;
use crate::report::markup::Markup;
use crate::report::{numbers, wording};

/// Longest text.
const LONGEST: usize = 1200;

/// The page, ending in a newline.
pub fn html(capacity: &Capacity) -> String {
    let mut body = Markup::new(LONGEST);
    let (class, badge) = match capacity.identifiable {
        Identifiable::Yes => ("quiet", "CAPACITY"),
        Identifiable::Partly => ("thin", "CAPACITY, IN PART"),
        Identifiable::No => ("thin", "CANNOT BE TOLD"),
    };
    body.raw("<header class=\"").raw(class).raw("\"><p class=\"over\"><b class=\"badge\">");
    body.raw(badge).raw("</b>").text(&subject(capacity)).raw("</p><h1>");
    body.text(&headline(capacity)).raw("</h1><p class=\"lead\">");
    body.text(&because(capacity)).raw("</p></header>\n<main>\n");
    answers(&mut body, capacity);
    if !capacity.scales.is_empty() {
        body.raw("<h2>Latency against traffic</h2>\n<figure>");
        plot::draw(&mut body, capacity);
        body.raw("<figcaption>").text(plot::KEY).raw("</figcaption></figure>\n");
        figures(&mut body, capacity);
    }
    let rows = limits::rows(capacity);
    if !rows.is_empty() {
        body.raw("<h2>Rate limits</h2>\n");
        table(&mut body, &limits::HEADS, rows.iter().map(|row| row.to_vec()));
    }
    for (title, list) in [
        ("How it was made", &capacity.how_made),
        ("What it rests on", &capacity.rests_on),
        ("What would make it wrong", &capacity.wrong_if),
        ("Next", &capacity.next_steps),
    ] {
        if list.is_empty() {
            continue;
        }
        body.raw("<h2>").raw(title).raw("</h2>\n<ul>");
        for line in list {
            body.raw("<li>").text(line).raw("</li>");
        }
        body.raw("</ul>\n");
    }
    curves(&mut body, capacity);
    body.raw("</main>\n<footer><p>").text(&wording::read(&capacity.ingest).join(" "));
    body.raw("</p></footer>\n");
    document("Capacity · llmspan", &body)
}

fn answers(body: &mut Markup, capacity: &Capacity) {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    if !capacity.what_if.is_empty() {
        all.push(("Supposed", capacity.what_if.join(", ")));
    }
    for found in &capacity.slos {
        all.push(("Objective", format!("{}: {}", found.slo, objective(found))));
    }
    all.push(("Gives first", constraint(capacity)));
    all.extend(edges(capacity).map(|text| ("Cliff", text)));
    body.raw("<dl class=\"answer\">");
    for (label, text) in all {
        body.raw("<dt>").raw(label).raw("</dt><dd>").text(&text).raw("</dd>");
    }
    body.raw("</dl>\n");
}

fn figures(body: &mut Markup, capacity: &Capacity) {
    let mut rows = Vec::new();
    for (signal, name) in SIGNALS.iter().enumerate() {
        for scaled in asked(capacity) {
            let all = scaled.predicted.all();
            let mut row = vec![(*name).to_owned(), times(scaled.scale)];
            row.extend((0..3).map(|quantile| figure(all[signal * 3 + quantile])));
            row.push(mark(scaled).to_owned());
            rows.push(row);
        }
    }
    table(body, &["", "traffic", "p50", "p95", "p99", ""], rows.into_iter());
}

/// The responses that were recorded, without any engine.
fn curves(body: &mut Markup, capacity: &Capacity) {
    if !capacity.curves.is_empty() {
        body.raw("<h2>Recorded response</h2>\n");
    }
    for found in &capacity.curves {
        let against = curve_load(found.against);
        body.raw("<h3>").text(&curve_title(found)).raw("</h3>\n");
        let rows = found.points.iter().map(|point| {
            let ends =
                format!("{} to {}", numbers::multiple(point.low), numbers::multiple(point.high));
            vec![numbers::plain(point.load), numbers::multiple(point.ratio), ends]
        });
        table(body, &[against, "ratio", "90 %"], rows);
    }
}

fn table(body: &mut Markup, heads: &[&'static str], rows: impl Iterator<Item = Vec<String>>) {
    body.raw("<div class=\"scroll\"><table><thead><tr>");
    for head in heads {
        body.raw("<th scope=\"col\">").raw(head).raw("</th>");
    }
    body.raw("</tr></thead><tbody>");
    for row in rows {
        body.raw("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let (open, close) =
                if at == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            body.raw(open).text(cell).raw(close);
        }
        body.raw("</tr>");
    }
    body.raw("</tbody></table></div>\n");
}
