//! The plots as files beside a Markdown report.

use std::fs;
use std::path::{Component, Path};

use super::output;
use crate::diagnosis::Diagnosis;
use crate::error::{Error, Result};
use crate::report::svg;

/// Writes every plot of the diagnosis into the folder, which is made where it is not there, and
/// returns their file names.
///
/// # Errors
/// The folder cannot be made or written to.
pub fn write(folder: &Path, diagnosis: &Diagnosis) -> Result<Vec<String>> {
    fs::create_dir_all(folder).map_err(|error| Error::Output {
        place: folder.display().to_string(),
        message: error.to_string(),
    })?;
    let mut names = Vec::new();
    for (name, svg) in svg::charts(diagnosis) {
        output::write_with(&folder.join(&name), |out| out.write_all(svg.as_bytes()))?;
        names.push(name);
    }
    Ok(names)
}

/// The section of a Markdown report that shows them; the report lies in that folder.
pub fn section(report_folder: &Path, charts: &Path, names: &[String]) -> String {
    let way = way(report_folder, charts);
    let picture = |name: &String| {
        let title = name.trim_end_matches(".svg").replace('_', " ");
        format!("![{title}]({way}{name})\n")
    };
    let pictures: Vec<String> = names.iter().map(picture).collect();
    if pictures.is_empty() {
        String::new()
    } else {
        format!("\n### Charts\n\n{}", pictures.join("\n"))
    }
}

/// The relative way from one folder to another that exists, each with its slash, fit for a link.
fn way(from: &Path, to: &Path) -> String {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
    };
    let (from, to) = (whole(from), whole(to));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut way = "../".repeat(from.components().count() - shared);
    for part in to.components().skip(shared) {
        if let Component::Normal(name) = part {
            way.push_str(&linked(&name.to_string_lossy()));
            way.push('/');
        }
    }
    way
}

/// A name in which nothing ends a link.
fn linked(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_to_the_report_and_hold_no_absolute_path() {
        let folder = tempfile::tempdir().unwrap();
        let (reports, charts) = (folder.path().join("a/reports"), folder.path().join("a b)/c"));
        fs::create_dir_all(&reports).unwrap();
        fs::create_dir_all(&charts).unwrap();
        assert_eq!(way(&reports, &charts), "../../a%20b%29/c/");
        assert_eq!(way(&reports, &reports), "");
        let text = section(&reports, &charts, &["ttft_over_time.svg".to_owned()]);
        assert_eq!(
            text,
            "\n### Charts\n\n![ttft over time](../../a%20b%29/c/ttft_over_time.svg)\n"
        );
        assert_eq!(section(&reports, &charts, &[]), "");
    }
}
