//! The check as workflow commands of GitHub Actions: an annotation for each failure.

use super::{objective, regressions, sentence, unkept};
use crate::diagnosis::check::Check;
use crate::report::wording;

/// One `::error` a failure, the causes, then the conclusion as a notice.
pub(super) fn github(check: &Check) -> String {
    let mut out = String::new();
    for (segment, measure) in regressions(check) {
        let title = format!("{} regressed", wording::signal(&measure.signal));
        command(&mut out, "error", &title, &sentence(segment, measure));
    }
    for entry in unkept(check) {
        command(&mut out, "error", &format!("{} is not kept", entry.slo), &objective(entry));
    }
    for cause in &check.causes {
        command(&mut out, "warning", cause.cause.id(), &cause.summary);
    }
    command(&mut out, "notice", "llmspan check", &check.headline);
    out
}

fn command(out: &mut String, kind: &str, title: &str, message: &str) {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    out.push_str(&format!("::{kind} title={title}::{}\n", data(message)));
}
