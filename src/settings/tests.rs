//! Settings files, right and wrong.

use super::*;
use crate::schema::Col;

const PAGE: &str = include_str!("../../docs/settings.md");

fn parse(text: &str) -> Result<Settings> {
    Settings::parse("llmspan.toml", text.as_bytes())
}

#[test]
fn the_documented_example_is_read() {
    let example = PAGE.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let settings = parse(example).unwrap();
    assert_eq!(settings.timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(settings.segments, ["experiment.arm", "app.release"]);
    assert_eq!(settings.columns[0].col, Col::Tenant);
    assert_eq!(settings.columns.len(), 7);
    assert_eq!(settings.standards.minimum_tokens(Some("anthropic")), 1024.0);
    assert_eq!(settings.standards.time_to_live_s(Some("bedrock"), 300.0), 3600.0);
    assert_eq!(settings.standards.time_to_live_s(None, 300.0), 300.0);
    assert_eq!(settings.standards.material.slow_ratio, Some(1.2));
    let [own] = settings.dialects.as_slice() else { panic!("one dialect") };
    assert_eq!((own.recognise.len(), own.spans.len(), own.columns.len()), (2, 2, 7));
}

#[test]
fn an_empty_file_sets_nothing() {
    assert_eq!(parse("").unwrap(), Settings::default());
    assert_eq!(parse("# nothing\n").unwrap(), Settings::default());
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_key() {
    for (text, line, says) in [
        ("\ntimezon = \"UTC\"\n", "line 2, key `timezon`", "unknown field"),
        ("timezone = \"Mars/Olympus\"\n", "line 1, key `timezone`", "no time zone"),
        ("segments = 5\n", "line 1, key `segments`", "list of texts"),
        ("[columns]\nttft = \"x\"\n", "line 2, key `ttft`", "no column"),
        ("[columns]\nduration_s = \"x\"\n", "line 2, key `duration_s`", "span itself"),
        (
            "[columns]\nttft_s = {attribute = \"x\", unit = \"us\"}\n",
            "line 2, key `ttft_s`",
            "unknown variant",
        ),
        ("[columns]\nttft_s = {unit = \"ms\"}\n", "line 2, key `ttft_s`", "give one of"),
        ("[columns]\nttft_s = \"\"\n", "line 2, key `ttft_s`", "1 to 240"),
        ("[cache.x]\ntime_to_live_s = -1\n", "line 1", "above 0"),
        ("[cache.x]\nttl = 1\n", "line 2, key `ttl`", "unknown field"),
        ("[material]\nslow_ratio = 0.5\n", "line 1", "factor from"),
        ("[[dialects]]\nid = \"A b\"\nrecognise = [{has=\"x\"}]", "line 2, key `id`", "lower-case"),
        ("[[dialects]]\nid = \"a\"\nrecognise = []", "line 1", "recognise"),
        (
            "[[dialects]]\nid = \"a\"\nrecognise = [{scope=\"x\"}]",
            "line 3, key `recognise`",
            "`has`",
        ),
        ("[[dialects]]\nrecognise = [{has=\"x\"}]", "line 1", "missing field `id`"),
        ("a = [[[\n", "line 1", ""),
        ("timezone = \"UTC\"\ntimezone = \"UTC\"\n", "line 2, key `timezone`", "duplicate"),
    ] {
        let error = parse(text).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(line), "{text}: {told}");
        assert!(told.contains(says), "{text}: {told}");
        assert_eq!(error.exit_code(), 2);
    }
}

#[test]
fn bytes_that_are_no_text_and_files_too_long_are_refused() {
    let error = Settings::parse("x.toml", b"# fine\n\xff\xfe").unwrap_err();
    assert!(error.to_string().contains("line 2: not UTF-8"), "{error}");
    assert!(Settings::parse("x.toml", &vec![b'#'; LONGEST + 1]).is_err());
    let many = format!("segments = [{}]", "\"a\",".repeat(MOST_NAMES + 1));
    assert!(parse(&many).unwrap_err().to_string().contains("attribute names"));
    let nested = format!("a = {}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(parse(&nested).is_err());
}
