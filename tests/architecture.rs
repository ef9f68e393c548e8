//! The house rules: which stage may use which, and what every file looks like.

mod support;

use support::house::{
    Source, absolute_paths, arrows, crowded, open_without_reason, printing, sources, texts, vague,
};

/// Stages in the order of the pipeline, and what each may use. An arrow that is not here is a
/// decision: add it here only together with the reason in `docs/architecture.md`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("output", &["error"]),
    ("slo", &["error"]),
    ("schema", &[]),
    ("servers", &["error"]),
    ("settings", &["error", "schema", "servers"]),
    ("diagnosis", &[]),
    ("stats", &[]),
    ("ingest", &["error", "schema", "diagnosis"]),
    ("dialects", &["error", "schema", "settings", "ingest"]),
    ("calls", &["error", "output", "schema", "servers", "diagnosis", "ingest", "dialects"]),
    ("enrich", &["error", "schema", "ingest", "calls"]),
    ("windows", &["error", "schema", "diagnosis", "stats", "calls"]),
    (
        "signals",
        &["error", "schema", "servers", "settings", "diagnosis", "stats", "calls", "windows"],
    ),
    ("causes", &["error", "schema", "diagnosis", "stats", "signals"]),
    (
        "verdict",
        &[
            "error",
            "schema",
            "servers",
            "settings",
            "diagnosis",
            "stats",
            "calls",
            "windows",
            "signals",
            "causes",
        ],
    ),
    (
        "check",
        &[
            "error",
            "slo",
            "schema",
            "settings",
            "diagnosis",
            "stats",
            "calls",
            "windows",
            "signals",
            "verdict",
        ],
    ),
    ("cost", &["error", "schema", "diagnosis", "stats", "calls", "windows"]),
    ("audit", &["schema", "diagnosis", "dialects", "calls"]),
    ("inspect", &["schema", "diagnosis", "ingest", "dialects", "calls"]),
    ("explain", &["schema", "diagnosis", "stats", "calls", "signals"]),
    ("timeline", &["error", "schema", "diagnosis", "stats", "calls", "windows", "signals"]),
    ("report", &["diagnosis"]),
    ("simulate", &["error", "output", "schema", "diagnosis", "stats", "ingest"]),
    (
        "capacity",
        &[
            "error",
            "slo",
            "schema",
            "servers",
            "diagnosis",
            "stats",
            "calls",
            "windows",
            "simulate",
        ],
    ),
    (
        "lib",
        &[
            "error",
            "output",
            "slo",
            "schema",
            "servers",
            "settings",
            "diagnosis",
            "stats",
            "ingest",
            "dialects",
            "calls",
            "enrich",
            "windows",
            "signals",
            "causes",
            "verdict",
            "check",
            "cost",
            "audit",
            "inspect",
            "explain",
            "timeline",
            "report",
            "simulate",
            "capacity",
            "cli",
        ],
    ),
    (
        "cli",
        &[
            "error",
            "output",
            "slo",
            "schema",
            "servers",
            "settings",
            "diagnosis",
            "ingest",
            "dialects",
            "calls",
            "enrich",
            "windows",
            "check",
            "cost",
            "audit",
            "explain",
            "timeline",
            "report",
            "simulate",
            "capacity",
            "lib",
        ],
    ),
    ("main", &["cli", "report"]),
];

fn made_up(path: &str, text: &str) -> Vec<Source> {
    vec![Source::new(path, text)]
}

#[test]
fn no_stage_uses_a_later_one() {
    assert_eq!(arrows(&sources(), MAY_USE), Vec::<String>::new());
}

#[test]
fn the_table_itself_points_one_way() {
    let order: Vec<&str> = MAY_USE.iter().map(|(stage, _)| *stage).collect();
    for (place, (stage, uses)) in MAY_USE.iter().enumerate() {
        for used in *uses {
            let at = order.iter().position(|other| other == used);
            // The library names the command line only to hold its module.
            let earlier = at.is_some_and(|at| at < place) || (*stage, *used) == ("lib", "cli");
            assert!(earlier, "{stage} is allowed {used}, which is not before it");
        }
    }
}

#[test]
fn a_new_arrow_is_found_however_it_is_written() {
    let backwards = [
        ("src/report/terminal/head.rs", "//! x\nuse crate::calls::CallTable;"),
        ("src/report/html.rs", "//! x\nuse crate::{diagnosis::Cause, calls};"),
        ("src/report/mod.rs", "//! x\nuse super::calls;"),
        ("src/report/a/b.rs", "//! x\nfn f() { super::super::super::calls::go(); }"),
        ("src/report/html.rs", "//! x\nfn f() { crate::signals::go() }"),
        ("src/causes/mix_shift.rs", "//! x\nuse crate::calls::CallTable;"),
        ("src/stats/quantile.rs", "//! x\nuse crate::error::Error;"),
        ("src/newcomer.rs", "//! x\n"),
    ];
    for (path, text) in backwards {
        let found = arrows(&made_up(path, text), MAY_USE);
        assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
    }
    let fine = "//! x\nuse crate::diagnosis::Cause;\nuse super::numbers;\n// crate::calls\n\
                #[cfg(test)]\nmod tests {\n    use crate::calls::CallTable;\n}";
    assert_eq!(arrows(&made_up("src/report/html.rs", fine), MAY_USE), Vec::<String>::new());
}

#[test]
fn every_file_says_why_it_exists() {
    assert_eq!(open_without_reason(&sources()), Vec::<String>::new());
    assert_eq!(open_without_reason(&made_up("src/a.rs", "use x;\n//! late")).len(), 1);
}

#[test]
fn no_file_is_longer_than_four_hundred_lines_without_its_tests() {
    assert_eq!(crowded(&sources()), Vec::<String>::new());
    let long = "//! x\n".repeat(401);
    assert_eq!(crowded(&made_up("src/a.rs", &long)).len(), 1);
    let tested =
        format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "//! x\n".repeat(400), "\n".repeat(500));
    assert_eq!(crowded(&made_up("src/a.rs", &tested)), Vec::<String>::new());
}

#[test]
fn no_file_has_a_vague_name() {
    assert_eq!(vague(&sources()), Vec::<String>::new());
    for path in ["src/util.rs", "src/calls/helpers.rs", "src/common/mod.rs", "src/x/types.rs"] {
        assert_eq!(vague(&made_up(path, "")).len(), 1, "{path}");
    }
}

#[test]
fn only_the_command_line_prints() {
    assert_eq!(printing(&sources()), Vec::<String>::new());
    for text in ["println!(\"x\")", "eprint!(\"x\")", "let o = std::io::stdout();", "io::stderr()"]
    {
        assert_eq!(printing(&made_up("src/calls/join.rs", text)).len(), 1, "{text}");
    }
    assert_eq!(printing(&made_up("src/main.rs", "println!(\"x\")")), Vec::<String>::new());
}

#[test]
fn nothing_points_outside_the_repository() {
    assert_eq!(absolute_paths(&texts()), Vec::<String>::new());
    for home in ["/home/", "/root/", "/tmp/", "/work/", "/Users/"] {
        let text = format!("see {home}x");
        assert_eq!(absolute_paths(&made_up("README.md", &text)).len(), 1, "{home}");
    }
}
