//! The repository's own files, and the rules that they keep, each as a function of their text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file: its path from the root, with forward slashes, and its text.
pub struct Source {
    path: String,
    text: String,
}

impl Source {
    /// A file that need not exist.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The text before the unit tests.
    fn without_tests(&self) -> &str {
        let cut = self.text.find("#[cfg(test)]\nmod tests {");
        cut.map_or(self.text.as_str(), |cut| &self.text[..cut])
    }

    /// Lines of code with their numbers: no tests, no comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.without_tests().lines().enumerate();
        let lines = lines.map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// `src/report/terminal/head.rs` is the module `report`, `terminal`, `head`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| *part != "mod").collect()
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src/`.
pub fn sources() -> Vec<Source> {
    let found = walk(&root().join("src"), &["rs"]);
    assert!(found.len() > 10, "the sources were not found");
    found
}

/// Everything that people read: sources, tests, snapshots, documents.
pub fn texts() -> Vec<Source> {
    let known = ["rs", "md", "json", "snap", "toml", "txt"];
    let folders = ["src", "tests", "docs", "benches", "examples"];
    let mut found: Vec<Source> =
        folders.iter().flat_map(|folder| walk(&root().join(folder), &known)).collect();
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let known = |path: &PathBuf| matches!(suffix(path), "md" | "toml" | "json");
    found.extend(top.filter(|path| path.is_file() && known(path)).map(|path| load(&path)));
    found
}

fn walk(folder: &Path, suffixes: &[&str]) -> Vec<Source> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(walk(&path, suffixes));
        } else if suffixes.contains(&suffix(&path)) {
            found.push(load(&path));
        }
    }
    found
}

fn suffix(path: &Path) -> &str {
    path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default()
}

fn load(path: &Path) -> Source {
    let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    Source::new(&name, &String::from_utf8_lossy(&fs::read(path).unwrap()))
}

/// Uses of a stage that the table does not allow.
pub fn arrows(sources: &[Source], may_use: &[(&str, &[&str])]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let module = source.module();
        let stage = module.first().copied().unwrap_or_default();
        let Some((_, allowed)) = may_use.iter().find(|(name, _)| *name == stage) else {
            broken.push(format!(
                "{}: `{stage}` is no stage; place it in the table of tests/architecture.rs",
                source.path
            ));
            continue;
        };
        for used in uses(source, &module) {
            let known = may_use.iter().any(|(name, _)| *name == used);
            let used = if known { used.as_str() } else { "lib" };
            if used != stage && !allowed.contains(&used) {
                broken.push(format!(
                    "{}: `{stage}` uses `{used}`, which it may not. Let an earlier stage hand over \
                     what is needed, or move the code; if the arrow is right, add it to the table \
                     in tests/architecture.rs and say why in docs/architecture.md",
                    source.path
                ));
            }
        }
    }
    broken
}

/// Names directly under the crate that a file reaches, by `crate::` or by climbing with `super::`.
fn uses(source: &Source, module: &[&str]) -> BTreeSet<String> {
    let code: Vec<&str> = source.code().map(|(_, line)| line).collect();
    let code = code.join("\n");
    let mut found = BTreeSet::new();
    for start in ["crate::", "llmspan::"] {
        let main_only = start == "crate::" || module == ["main"];
        for (at, _) in code.match_indices(start).filter(|_| main_only) {
            let whole_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if whole_word {
                found.extend(names(&code[at + start.len()..]));
            }
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let mut rest = &code[at..];
        let mut climbed = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            rest = after;
            climbed += 1;
        }
        if climbed >= module.len() && module != ["lib"] {
            found.extend(names(rest));
        }
    }
    found
}

/// The first name of a path, or of each path in its braces.
fn names(path: &str) -> Vec<String> {
    let Some(inside) = path.strip_prefix('{') else {
        return first_name(path).into_iter().collect();
    };
    let mut depth = 0;
    let mut found = Vec::new();
    let mut item = String::new();
    for character in inside.chars() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => found.extend(first_name(&std::mem::take(&mut item))),
            _ if depth == 0 => item.push(character),
            _ => {}
        }
    }
    found.extend(first_name(&item));
    found
}

fn first_name(path: &str) -> Option<String> {
    let name: String =
        path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Files that do not open with the reason why they exist.
pub fn open_without_reason(sources: &[Source]) -> Vec<String> {
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    silent.map(|source| format!("{}: open it with `//!` and why it exists", source.path)).collect()
}

/// Files over 400 lines without their tests.
pub fn crowded(sources: &[Source]) -> Vec<String> {
    let length = |source: &Source| source.without_tests().lines().count();
    let long = sources.iter().filter(|source| length(source) > 400);
    let message = |source: &Source| {
        format!("{}: {} lines; split it where its subject splits", source.path, length(source))
    };
    long.map(message).collect()
}

/// Files whose name says nothing.
pub fn vague(sources: &[Source]) -> Vec<String> {
    const VAGUE: [&str; 9] =
        ["util", "utils", "helper", "helpers", "common", "misc", "types", "manager", "managers"];
    let named =
        sources.iter().filter(|source| source.module().iter().any(|part| VAGUE.contains(part)));
    named.map(|source| format!("{}: name it after what it holds", source.path)).collect()
}

/// Code outside the command line that prints.
pub fn printing(sources: &[Source]) -> Vec<String> {
    const PRINTS: [&str; 6] =
        ["println!", "print!", "eprintln!", "eprint!", "io::stdout(", "io::stderr("];
    let mut found = Vec::new();
    for source in sources {
        if source.path == "src/main.rs" || source.path.starts_with("src/cli/") {
            continue;
        }
        for (number, line) in source.code() {
            if PRINTS.iter().any(|print| line.contains(print)) {
                found.push(format!("{}:{number}: return the text, let main print", source.path));
            }
        }
    }
    found
}

/// Text that names a place on somebody's machine.
pub fn absolute_paths(texts: &[Source]) -> Vec<String> {
    let places = ["home", "root", "tmp", "work", "Users"].map(|place| format!("/{place}/"));
    let mut found = Vec::new();
    for source in texts.iter().filter(|source| source.path != "tests/architecture.rs") {
        for (index, line) in source.text.lines().enumerate() {
            let starts = |place: &String| {
                let mut hits = line.match_indices(place.as_str());
                hits.any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || ".}*-_".contains(c))
                })
            };
            if places.iter().any(starts) {
                let (path, number) = (&source.path, index + 1);
                found.push(format!("{path}:{number}: name it from the repository's root"));
            }
        }
    }
    found
}
