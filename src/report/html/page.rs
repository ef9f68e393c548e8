//! The shell: head, style, script, and the policy that lets nothing else run or load.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::diagnosis::Diagnosis;
use crate::report::markup::Markup;
use crate::report::svg::figure::STYLE as FIGURE_STYLE;
use crate::report::{numbers, wording};

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("copy.js");

/// The whole document around its body.
pub(super) fn whole(diagnosis: &Diagnosis, body: &Markup) -> String {
    document(&title(diagnosis), body)
}

/// A document of that title around its body.
pub(crate) fn document(title: &str, body: &Markup) -> String {
    let style = format!("{FIGURE_STYLE}{PAGE_STYLE}");
    let mut page = body.part();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.raw("style-src 'sha256-").id(&digest(&style)).raw("'; script-src 'sha256-");
    page.id(&digest(SCRIPT)).raw("'; img-src data:; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<link rel=\"icon\" href=\"data:,\">\n<title>").text(title);
    page.raw("</title>\n<style>").raw(FIGURE_STYLE).raw(PAGE_STYLE).raw("</style>\n</head>\n");
    page.raw("<body>\n").add(body);
    page.raw("<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.finish()
}

/// For the tab and the bookmark: verdict, when.
fn title(diagnosis: &Diagnosis) -> String {
    let what = match diagnosis.diagnoses.first() {
        Some(first) => first.cause.label(),
        None => wording::badge(diagnosis.verdict),
    };
    let start = numbers::day_and_clock(diagnosis.window.start);
    format!("{} · {start} UTC · llmspan", super::table::capital(&what.to_lowercase()))
}

/// What a policy names an inline text by.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
