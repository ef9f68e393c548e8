//! What forges and installers read of a release: where its archive lies, and the files that make it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::fake_http::{Fake, file};
use support::house::root;
use support::python;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-musl";

/// What a shell says to a script, and how it ends.
fn shell(script: &str, environment: &[(&str, &str)], folder: &Path) -> Option<(i32, String)> {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(folder);
    let Ok(run) = command.envs(environment.iter().copied()).output() else {
        eprintln!("skipped: no bash");
        return None;
    };
    let said = [run.stdout, run.stderr].concat();
    Some((run.status.code().unwrap(), String::from_utf8(said).unwrap()))
}

/// A template of `cargo binstall` with its variables in place.
fn filled(template: &str) -> String {
    let variables = [
        ("repo", "https://forge.example/o/llmspan"),
        ("name", "llmspan"),
        ("version", VERSION),
        ("target", TARGET),
        ("bin", "llmspan"),
    ];
    let fill =
        |text: String, (name, value): (&str, &str)| text.replace(&format!("{{ {name} }}"), value);
    let filled = variables.into_iter().fold(template.to_owned(), fill);
    assert!(!filled.contains(['{', '}']), "{filled}");
    filled
}

#[test]
fn binstall_looks_for_the_archive_that_a_release_writes() {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let [url, folder, format] =
        ["pkg-url", "bin-dir", "pkg-fmt"].map(|key| binstall[key].as_str().unwrap());
    let script = fs::read_to_string(root().join("packaging/release.sh")).unwrap();
    let line = |start: &str| {
        let found = script.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| unreachable!("{start} is not in the script")).to_owned()
    };
    // The script's own lines tell the archive's name and what is packed into it.
    let said = format!("{}\n{}\necho $name", line("version="), line("name="));
    let Some((code, name)) = shell(&said, &[("target", TARGET)], &root()) else { return };
    let name = name.trim();
    assert_eq!((code, name), (0, format!("llmspan-{VERSION}-{TARGET}").as_str()));
    assert!(script.contains("gzip -n >\"$dist/$name.tar.gz\""));
    let place =
        format!("https://forge.example/o/llmspan/releases/download/v{VERSION}/{name}.tar.gz");
    assert_eq!(filled(url), place);
    assert!(script.contains("cp \"$binary\" README.md LICENSE CHANGELOG.md \"$dist/$name/\""));
    assert_eq!(filled(folder), format!("{name}/llmspan"));
    assert_eq!(format, "tgz");
}

/// `cargo install --locked cargo-binstall` brings it; the archive is the script's own, of the program
/// of the tests.
#[test]
fn binstall_installs_the_archive() {
    if Command::new("cargo-binstall").arg("-V").output().is_err() {
        eprintln!("skipped: no cargo-binstall");
        return;
    }
    let Some(python) = python::python_with("cryptography") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = fs::read_to_string(root().join("packaging/release.sh")).unwrap();
    let packs = &script[script.find("# What goes into the archive.").unwrap()..];
    let here = "x86_64-unknown-linux-gnu";
    let name = format!("llmspan-{VERSION}-{here}");
    let (dist, program) = (folder.path().join("dist"), assert_cmd::cargo::cargo_bin("llmspan"));
    fs::create_dir(&dist).unwrap();
    let environment =
        [("dist", dist.to_str().unwrap()), ("name", &name), ("binary", program.to_str().unwrap())];
    let Some((0, _)) = shell(packs, &environment, &root()) else { return };
    let archive = fs::read(dist.join(format!("{name}.tar.gz"))).unwrap();
    let fake = Fake::start(move |_, asked| file(asked, &archive));
    let args = [folder.path().display().to_string(), fake.port.to_string()];
    let server = python::start(&python, "tls_front.py", &args);
    let url =
        format!("https://localhost:{}/{{ name }}-{{ version }}-{{ target }}.tar.gz", server.port);
    let run = Command::new("cargo-binstall")
        .args([
            "binstall",
            "--no-confirm",
            "--disable-telemetry",
            "--strategies",
            "crate-meta-data",
        ])
        .args(["--targets", here, "--pkg-url", &url, "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .arg("--root-certificates")
        .arg(folder.path().join("ca.pem"))
        .arg("--root")
        .arg(folder.path())
        .arg("llmspan")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(fake.asked().iter().all(|asked| asked.path == format!("/{name}.tar.gz")));
    let installed = fs::read(folder.path().join("bin/llmspan")).unwrap();
    assert!(installed == fs::read(program).unwrap(), "it is what was packed");
}

#[test]
fn a_tag_is_a_release_only_where_the_manifest_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("packaging")).unwrap();
    fs::copy(root().join("packaging/release.sh"), folder.path().join("packaging/release.sh"))
        .unwrap();
    let manifest = folder.path().join("Cargo.toml");
    let check = |tag: &str, repository: &str| {
        let line = format!("bash packaging/release.sh --check {tag} {repository}");
        shell(&line, &[], folder.path())
    };
    fs::write(&manifest, "[package]\nversion = \"1.2.3\"\n").unwrap();
    let Some((code, said)) = check("v1.2.4", "https://forge.example/o/x") else { return };
    assert!(code == 1 && said.contains("tag v1.2.3"), "{said}");
    let (code, said) = check("v1.2.3", "https://forge.example/o/x").unwrap();
    assert!(code == 1 && said.contains("repository = \"https://forge.example/o/x\""), "{said}");
    fs::write(
        &manifest,
        "[package]\nversion = \"1.2.3\"\nrepository = \"https://forge.example/o/x\"\n",
    )
    .unwrap();
    assert_eq!(check("v1.2.3", "https://forge.example/o/x").unwrap(), (0, String::new()));
    assert_eq!(check("v1.2.3", "https://forge.example/o/y").unwrap().0, 1);
}

/// A file of a forge as its YAML says.
fn yaml(python: &str, path: &str) -> Value {
    let program =
        "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1])), default=str))";
    let path = root().join(path).display().to_string();
    serde_json::from_str(&python::said(python, program, &[&path])).unwrap()
}

/// Programs of a forge's machine that write down how they were called; the release script also leaves
/// what it would.
fn stand_ins(folder: &Path) -> String {
    let bin = folder.join("bin");
    fs::create_dir_all(folder.join("packaging")).unwrap();
    fs::create_dir_all(&bin).unwrap();
    let note = format!("echo \"$(basename \"$0\") $*\" >>'{}/calls'\n", folder.display());
    let release = format!(
        "{note}[ \"$1\" = --check ] || {{ mkdir -p dist; touch dist/llmspan-1.tar.gz dist/SHA256SUMS; }}\n"
    );
    let sudo = format!("{note}exec \"$@\"\n");
    let mut made = vec![("packaging/release.sh", &release), ("bin/sudo", &sudo)];
    made.extend(["bin/apt-get", "bin/rustup", "bin/gh", "bin/curl"].map(|name| (name, &note)));
    for (name, text) in made {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        Command::new("chmod").arg("+x").arg(&path).status().unwrap();
    }
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
}

/// Runs steps one after another, as a forge does; how the stand-ins were called.
fn called(steps: &[&str], environment: &[(&str, &str)]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = stand_ins(folder.path());
    for step in steps {
        let environment = [environment, &[("PATH", path.as_str())]].concat();
        let (code, said) = shell(step, &environment, folder.path())?;
        assert_eq!(code, 0, "{step}: {said}");
    }
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    Some(calls.lines().map(str::to_owned).collect())
}

#[test]
fn a_forge_makes_a_release_of_a_tag_with_one_script() {
    let Some(python) = python::python_with("yaml") else { return };
    let github = yaml(&python, "packaging/github-release.yml");
    let steps = github["jobs"]["linux"]["steps"].as_array().unwrap();
    let steps: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let environment = [
        ("GITHUB_REF_NAME", "v1.2.3"),
        ("GITHUB_SERVER_URL", "https://forge.example"),
        ("GITHUB_REPOSITORY", "o/llmspan"),
    ];
    let Some(calls) = called(&steps, &environment) else { return };
    assert_eq!(calls[0], "release.sh --check v1.2.3 https://forge.example/o/llmspan");
    assert!(
        calls
            .iter()
            .any(|call| call.starts_with("rustup target add") && call.ends_with("-linux-musl"))
    );
    assert!(calls.contains(&"release.sh --install-tools".to_owned()), "{calls:?}");
    let last = "gh release create v1.2.3 --verify-tag --generate-notes dist/SHA256SUMS dist/llmspan-1.tar.gz";
    assert_eq!(calls.last().unwrap(), last);
    let gitlab = &yaml(&python, "packaging/gitlab/release.yml")["release"];
    let parts = [&gitlab["before_script"], &gitlab["script"]];
    let steps = parts.into_iter().flat_map(|part| part.as_array().unwrap());
    let steps: Vec<&str> = steps.map(|step| step.as_str().unwrap()).collect();
    let environment = [
        ("CI_COMMIT_TAG", "v1.2.3"),
        ("CI_PROJECT_URL", "https://forge.example/o/llmspan"),
        ("CI_API_V4_URL", "https://forge.example/api/v4"),
        ("CI_PROJECT_ID", "7"),
        ("CI_JOB_TOKEN", "token"),
    ];
    let calls = called(&steps, &environment).unwrap();
    assert_eq!(calls[0], "release.sh --check v1.2.3 https://forge.example/o/llmspan");
    let sent: Vec<&String> = calls.iter().filter(|call| call.starts_with("curl ")).collect();
    assert_eq!(sent.len(), 2);
    assert!(
        sent[1].ends_with("/projects/7/packages/generic/llmspan/1.2.3/llmspan-1.tar.gz"),
        "{calls:?}"
    );
}

#[test]
fn the_recipes_of_the_check_are_what_their_forges_read() {
    let Some(python) = python::python_with("yaml") else { return };
    let action = yaml(&python, "packaging/github-action/action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(step["shell"] == "bash" && step["run"].is_string(), "{step}");
        // An input never becomes a part of a script.
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
    let used =
        |step: &Value| step["env"].as_object().unwrap().values().cloned().collect::<Vec<_>>();
    let used: Vec<Value> =
        action["runs"]["steps"].as_array().unwrap().iter().flat_map(used).collect();
    for input in action["inputs"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("${{{{ inputs.{input} }}}}").into()), "{input} is not used");
    }
    let template = yaml(&python, "packaging/gitlab/llmspan-check.yml");
    let job = &template[".llmspan-check"];
    let script = job["script"][0].as_str().unwrap();
    for variable in job["variables"].as_object().unwrap().keys() {
        assert!(script.contains(variable), "{variable} is not used");
    }
    assert_eq!(job["artifacts"]["reports"]["junit"], "llmspan.xml");
}
