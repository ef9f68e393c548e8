//! The gate from outside: exit codes, segments, objectives, and forms that other programs read.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use support::{house, schema};

const INCIDENT: &str = "testdata/incidents/010/spans.parquet";

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    let output = command.current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Calls of two services over half an hour; those of `slow` take `factor` times as long, and so
/// many of a hundred fail.
fn recording(path: &Path, day: u32, slow: &str, factor: f64, failing: u32) {
    let mut text = String::from(
        "trace_id,span_id,start,duration_s,provider,request_model,service_name,status,ttft_s,itl_s,\
         input_tokens,uncached_tokens,output_tokens\n",
    );
    for call in 0..600_u32 {
        let noise = 1.0 + f64::from((call * 7 + day * 3) % 11) / 40.0;
        let service = if call % 3 == 0 { "shop" } else { "rag <b>" };
        let factor = if service == slow || slow == "all" { factor } else { 1.0 };
        let (ttft, itl) = (0.4 * noise * factor, 0.02 * noise * factor);
        let second = call * 3;
        let (minute, second) = (second / 60, second % 60);
        let status = if call % 100 < failing { "error" } else { "ok" };
        writeln!(
            text,
            "t{call},s{day}{call},2026-03-{day:02}T10:{minute:02}:{second:02}Z,{},openai,m,{service},\
             {status},{ttft},{itl},1000,1000,100",
            ttft + 99.0 * itl
        )
        .unwrap();
    }
    std::fs::write(path, text).unwrap();
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        recording(&folder.path("before.csv"), 1, "", 1.0, 0);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn check(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.0.path(), &[&["check", "now.csv", "--baseline", "before.csv"], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let (code, out, err) = self.check(&[arguments, &["--format", "json"]].concat());
        assert!(code < 2, "{err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let document = serde_json::from_str(include_str!("../docs/check.schema.json")).unwrap();
        let complaints = schema::complaints(&schema::closed_to(document), &report);
        assert_eq!(complaints, Vec::<String>::new());
        (code, report)
    }
}

#[test]
fn the_same_service_weeks_later_passes() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "", 1.0, 0);
    let (code, report) = folder.json(&["--slo", "ttft.p95 < 1.5s", "--slo", "error.rate<1%"]);
    assert_eq!((code, &report["passed"]), (0, &Value::Bool(true)), "{report}");
    assert_eq!(report["objectives"][0]["outcome"], "kept");
    assert_eq!(report["segments"].as_array().unwrap().len(), 3, "all calls and two services");
    let (code, out, _) = run(folder.0.path(), &["compare", "before.csv", "now.csv"]);
    assert_eq!(code, 0);
    assert!(out.contains("PASS") && out.contains("nothing regressed"), "{out}");
}

#[test]
fn a_slower_service_fails_in_its_segment_and_names_the_cause() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "shop", 1.4, 0);
    let (code, report) = folder.json(&[]);
    assert_eq!(code, 1);
    let regressed: Vec<&Value> = report["segments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|segment| {
            let measures = segment["measures"].as_array().unwrap();
            measures.iter().any(|measure| measure["outcome"] == "regressed")
        })
        .map(|segment| &segment["segment"]["service.name"])
        .collect();
    assert!(regressed.contains(&&Value::from("shop")), "{regressed:?}");
    assert!(!regressed.contains(&&Value::from("rag <b>")), "{regressed:?}");
    assert!(!report["causes"].as_array().unwrap().is_empty());
}

#[test]
fn failures_and_broken_objectives_fail() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "", 1.0, 6);
    let (code, out, _) = folder.check(&["--slo", "error.rate < 1%", "--slo", "itl.p50 < 5ms"]);
    assert_eq!(code, 1);
    assert!(out.contains("2 of 2 objectives not kept"), "{out}");
    assert!(out.contains("BROKEN"), "{out}");
    let (code, out, _) = run(folder.0.path(), &["check", "now.csv", "--slo", "itl.p99.99 < 5ms"]);
    assert_eq!(code, 1, "a figure that 600 calls cannot tell is not kept: {out}");
    assert!(out.contains("UNKNOWN"), "{out}");
}

#[test]
fn recordings_of_the_same_hour_are_compared_side_by_side() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 1, "all", 1.5, 0);
    let (code, report) = folder.json(&[]);
    assert_eq!(code, 1);
    assert_eq!(report["candidate"]["start"], "2026-03-01T10:00:00Z");
    assert_eq!(report["candidate"]["calls"], 600);
    assert!(report["notes"][0].as_str().unwrap().contains("same time"), "{}", report["notes"]);
}

#[test]
fn a_window_of_the_same_file_is_a_baseline() {
    let arguments = ["check", INCIDENT, "--baseline", "04:00-04:56", "--window", "05:01-05:11"];
    let (code, out, err) = run(&house::root(), &arguments);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("region_change"), "{out}");
    let (code, _, err) = run(&house::root(), &arguments[..4]);
    assert!(code < 2, "{err}");
    let (code, _, err) = run(&house::root(), &arguments[..2]);
    assert_eq!(code, 2);
    assert!(err.contains("nothing to check against"), "{err}");
    let (code, _, err) = run(&house::root(), &["check", INCIDENT, "--slo", "ttft.p95 < 2"]);
    assert_eq!(code, 2);
    assert!(err.contains("needs a unit"), "{err}");
}

#[test]
fn sarif_is_valid_by_its_published_schema() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "all", 1.5, 8);
    let schema: Value =
        serde_json::from_str(include_str!("../testdata/schemas/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for slo in ["error.rate < 1%", "error.rate < 50%"] {
        let (code, out, _) = folder.check(&["--slo", slo, "--format", "sarif"]);
        assert_eq!(code, 1);
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(schema::complaints(&validator, &report), Vec::<String>::new());
        let results = report["runs"][0]["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            let rule = &report["runs"][0]["tool"]["driver"]["rules"]
                [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
        }
    }
    let mut bad: Value = serde_json::json!({ "version": "2.1.0", "runs": [{}] });
    assert!(!schema::complaints(&validator, &bad).is_empty(), "the schema can refuse");
    bad["version"] = "2.0.0".into();
    assert!(!validator.is_valid(&bad));
}

/// An element, its children in order, the attributes that it must have, and those that it may.
type Element =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// What the schema of the Ant task asks for (windyroad's JUnit.xsd, which every reader follows):
/// element, its children in order, its attributes, those that must be there.
const JUNIT: [Element; 9] = [
    ("testsuites", &["testsuite"], &[], &[]),
    (
        "testsuite",
        &["properties", "testcase", "system-out", "system-err"],
        &["name", "timestamp", "hostname", "tests", "failures", "errors", "time", "package", "id"],
        &["skipped"],
    ),
    ("properties", &["property"], &[], &[]),
    ("property", &[], &["name", "value"], &[]),
    ("testcase", &["skipped", "error", "failure"], &["name", "classname", "time"], &[]),
    ("failure", &[], &["type"], &["message"]),
    ("error", &[], &["type"], &["message"]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
];

fn complaints(node: roxmltree::Node<'_, '_>, list: &mut Vec<String>) {
    let name = node.tag_name().name();
    let Some((_, children, must, may)) = JUNIT.iter().find(|entry| entry.0 == name) else {
        list.push(format!("<{name}> is not in the schema"));
        return;
    };
    for attribute in node.attributes() {
        if !must.contains(&attribute.name()) && !may.contains(&attribute.name()) {
            list.push(format!("{name}/@{} is not in the schema", attribute.name()));
        }
    }
    list.extend(
        must.iter()
            .filter(|at| node.attribute(**at).is_none())
            .map(|at| format!("{name} lacks {at}")),
    );
    let mut last = 0;
    for child in node.children().filter(roxmltree::Node::is_element) {
        match children.iter().position(|known| *known == child.tag_name().name()) {
            Some(at) if at >= last => last = at,
            _ => list.push(format!("<{}> is out of place", child.tag_name().name())),
        }
        complaints(child, list);
    }
}

#[test]
fn junit_has_the_shape_of_its_schema_and_counts_what_it_holds() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "rag <b>", 1.5, 8);
    let slo = ["--slo", "error.rate < 1%", "--slo", "itl.p99.99 < 1ms", "-f", "junit"];
    let (code, out, _) = folder.check(&slo);
    assert_eq!(code, 1);
    let document = roxmltree::Document::parse(&out).unwrap();
    let mut list = Vec::new();
    complaints(document.root_element(), &mut list);
    assert_eq!(list, Vec::<String>::new(), "{out}");
    let suite = document.root_element().first_element_child().unwrap();
    let count = |name: &str| suite.descendants().filter(|node| node.has_tag_name(name)).count();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error")]
    {
        assert_eq!(suite.attribute(attribute), Some(count(element).to_string().as_str()));
    }
    assert!(count("failure") > 1 && count("error") == 1, "{out}");
    let time = suite.attribute("timestamp").unwrap();
    assert_eq!((time.len(), time), (19, "2026-03-22T10:00:00"));
    let class =
        |node: roxmltree::Node<'_, '_>| node.attribute("classname") == Some("service.name=rag <b>");
    assert!(suite.children().any(class), "{out}");
}

/// The published schema of the Ant task itself, and that it refuses what it should.
#[test]
fn junit_is_valid_by_its_published_schema() {
    const VALIDATE: &str = "import sys\nfrom lxml import etree\n\
        schema = etree.XMLSchema(etree.parse(sys.argv[1]))\n\
        for path in sys.argv[2:]:\n    \
            print(schema.validate(etree.parse(path)), schema.error_log)\n";
    let Some(python) = support::python::backend_with("lxml") else { return };
    let folder = Folder::new();
    let mut files = Vec::new();
    for (day, slow, factor, failing) in
        [(22, "", 1.0, 0), (23, "rag <b>", 1.5, 8), (24, "all", 2.0, 0), (1, "shop", 1.4, 3)]
    {
        recording(&folder.path("now.csv"), day, slow, factor, failing);
        let file = folder.path(&format!("{day}.xml")).to_string_lossy().into_owned();
        let slo = ["--slo", "error.rate < 1%", "--slo", "itl.p99.99 < 1ms", "-o", &file];
        assert!(folder.check(&slo).0 < 2);
        files.push(file);
    }
    let bad = folder.path("bad.xml").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&bad, text.replacen(" tests=", " cases=", 1)).unwrap();
    let schema = house::root().join("testdata/schemas/JUnit.xsd").to_string_lossy().into_owned();
    let mut arguments: Vec<&str> = vec![&schema];
    arguments.extend(files.iter().map(String::as_str));
    arguments.push(&bad);
    let told = support::python::said(&python, VALIDATE, &arguments);
    let valid = told.lines().filter(|line| line.starts_with("True")).count();
    assert_eq!(valid, files.len(), "{told}");
    assert!(told.contains("False") && told.contains("cases"), "the schema can refuse: {told}");
}

#[test]
fn github_gets_one_line_an_annotation_and_files_go_by_suffix() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "all", 1.5, 0);
    let (code, out, _) = folder.check(&["--format", "github"]);
    assert_eq!(code, 1);
    assert!(out.lines().all(|line| line.starts_with("::")), "{out}");
    assert!(out.lines().any(|line| line.starts_with("::error title=TTFT same work")), "{out}");
    let (code, out, err) = folder.check(&["-o", "a.xml", "-o", "b.sarif", "-o", "c.md"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("wrote a.xml, b.sarif, c.md"), "{err}");
    assert!(std::fs::read_to_string(folder.path("c.md")).unwrap().starts_with("## Check: FAIL"));
    let (code, _, err) = folder.check(&["-o", "x.pdf"]);
    assert_eq!(code, 2);
    assert!(err.contains(".sarif"), "{err}");
}

#[test]
fn segments_are_told_apart_by_what_was_asked_for() {
    let folder = Folder::new();
    recording(&folder.path("now.csv"), 22, "", 1.0, 0);
    let slo = ["--by", "service.name", "--slo", "ttft.p50 < 5s"];
    let (code, report) = folder.json(&slo);
    assert_eq!((code, report["objectives"].as_array().unwrap().len()), (0, 3));
    let (code, _, err) = folder.check(&["--by", "nobody.carries.it"]);
    assert_eq!(code, 2);
    assert!(err.contains("service.name"), "{err}");
}
