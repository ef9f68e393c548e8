//! The files behind the inputs: directories and globs spread out, in an order that does not
//! depend on the file system.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::remote::{self, Fetch, Terms};
use super::wanted::Wanted;
use crate::diagnosis::ServerCounts;
use crate::error::{Error, Result};

/// How deep directories are followed.
const MAX_DEPTH: u32 = 32;

/// Where a file comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file of this path.
    File(PathBuf),
    /// Something that is not on this machine.
    #[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "nobody is asked"))]
    Remote(Arc<dyn Fetch>),
}

impl Source {
    /// Its bytes as they are stored; none of a stream of unknown length.
    pub fn stored_bytes(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => {
                path.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len())
            }
            Self::Remote(remote) => remote.size(),
        }
    }

    /// What of it is not read on purpose, and how much that is.
    pub fn left_out(&self) -> Option<(String, u64)> {
        match self {
            Self::Remote(remote) => remote.left_out(),
            Self::Stdin | Self::File(_) => None,
        }
    }

    /// What its server counted of all of it, where only a sample is read.
    pub fn counted(&self) -> Option<Arc<ServerCounts>> {
        match self {
            Self::Remote(remote) => remote.counted(),
            Self::Stdin | Self::File(_) => None,
        }
    }

    /// Whether two readings may give the same spans in another order.
    pub fn is_unordered(&self) -> bool {
        matches!(self, Self::Remote(remote) if !remote.in_order())
    }
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct Found {
    /// As it was named, or found under what was named.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// Whether it was named itself, and so was meant to hold spans.
    pub named: bool,
}

/// The files behind the inputs, each once.
pub fn discover(inputs: &[String], terms: &Terms, wanted: &Wanted) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for input in inputs {
        if remote::is_remote(input) {
            found.extend(remote::open(input, terms, wanted)?);
        } else {
            expand(input, &mut found)?;
        }
    }
    let mut seen = HashSet::new();
    found.retain(|file: &Found| match &file.source {
        Source::Stdin => seen.insert(PathBuf::from("-")),
        Source::File(path) => seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())),
        Source::Remote(_) => seen.insert(PathBuf::from(&file.name)),
    });
    if found.is_empty() {
        let place = inputs.first().cloned().unwrap_or_default();
        return Err(Error::input(place, "holds no file", "name a file or directory of span dumps"));
    }
    Ok(found)
}

fn expand(input: &str, found: &mut Vec<Found>) -> Result<()> {
    if input == "-" {
        found.push(Found { name: input.to_owned(), source: Source::Stdin, named: true });
        return Ok(());
    }
    let path = Path::new(input);
    match path.metadata() {
        Ok(meta) if meta.is_dir() => walk(path, 0, &mut HashSet::new(), found),
        Ok(_) => {
            found.push(file(path, true));
            Ok(())
        }
        Err(_) if input.contains(['*', '?', '[']) => expand_glob(input, found),
        Err(source) => Err(Error::Io { path: path.to_owned(), source }),
    }
}

fn expand_glob(pattern: &str, found: &mut Vec<Found>) -> Result<()> {
    let paths = glob::glob(pattern)
        .map_err(|error| Error::usage(format!("{pattern}: {error}"), "check the pattern"))?;
    let before = found.len();
    for path in paths.flatten() {
        if path.is_dir() {
            walk(&path, 0, &mut HashSet::new(), found)?;
        } else {
            found.push(file(&path, true));
        }
    }
    if found.len() == before {
        return Err(Error::input(pattern, "matches no file", "check the pattern"));
    }
    Ok(())
}

/// The files under a directory, sorted by name; hidden ones are left out.
fn walk(
    directory: &Path,
    depth: u32,
    above: &mut HashSet<PathBuf>,
    found: &mut Vec<Found>,
) -> Result<()> {
    let failed = |source| Error::Io { path: directory.to_owned(), source };
    let real = directory.canonicalize().map_err(failed)?;
    // A link may lead back up.
    if depth > MAX_DEPTH || !above.insert(real.clone()) {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in directory.read_dir().map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        match path.metadata() {
            Ok(meta) if meta.is_dir() && !hidden => walk(&path, depth + 1, above, found)?,
            Ok(meta) if meta.is_file() && !hidden => found.push(file(&path, false)),
            // Reading it will tell what is wrong with it.
            Err(_) if !hidden => found.push(file(&path, false)),
            _ => {}
        }
    }
    above.remove(&real);
    Ok(())
}

fn file(path: &Path, named: bool) -> Found {
    Found { name: path.display().to_string(), source: Source::File(path.to_owned()), named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_spread_out_sorted_and_each_file_comes_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("b")).unwrap();
        for name in ["c.json", "a.json", "b/x.json", ".hidden"] {
            std::fs::write(root.join(name), "{}").unwrap();
        }
        let text = |path: PathBuf| path.display().to_string();
        let inputs = [text(root.to_owned()), text(root.join("*.json")), "-".to_owned()];
        let found = discover(&inputs, &Terms::default(), &Wanted::default()).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|file| file.name.trim_start_matches(&text(root.to_owned())).to_owned())
            .collect();
        assert_eq!(names, ["/a.json", "/b/x.json", "/c.json", "-"]);
    }

    #[test]
    fn a_path_or_pattern_that_is_not_there_says_so() {
        let discover =
            |input: &str| discover(&[input.to_owned()], &Terms::default(), &Wanted::default());
        assert!(matches!(discover("no/such"), Err(Error::Io { .. })));
        assert!(matches!(discover("no/such*"), Err(Error::Input { .. })));
    }
}
