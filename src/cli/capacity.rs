//! `llmspan capacity`: can a deployment hold k times its traffic, and what gives first?

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::Finished;
use super::map::{self, MapArgs};
use super::output;
use super::plan::stdout_style;
use super::progress::Shown;
use super::source::SourceArgs;
use crate::capacity::fit::Known;
use crate::capacity::what_if::WhatIf;
use crate::capacity::{CapacityArgs as Asked, capacity};
use crate::error::{Error, Result};
use crate::ingest::Options;
use crate::report::Style;
use crate::report::capacity::{CapacityFormat, render};
use crate::settings::Settings;
use crate::slo::Slo;

const EXAMPLES: &str = "\
Examples:
  llmspan capacity calls.parquet --scale 2 --slo 'ttft.p95 < 1.5s' --slo 'itl.p95 < 60ms'
  llmspan capacity traces/ --replicas-now 2 --max-sequences 48 --kv-tokens 120000 -o capacity.md
  llmspan capacity calls.parquet --scale 2 --cache-hit 0.9 --replicas +1
  llmspan capacity calls.parquet --scale 1.5 --prompt-tokens x1.5 --mix chat=0.6 --format json

Say what you know of the deployment (--replicas-now, --max-sequences, --kv-tokens): spans show a
cap only once it was reached. docs/capacity.md says how the answer is made and how often it is right.";

/// Say whether a deployment holds k times its traffic, and what gives first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CapacityArgs {
    /// Span dumps: files, directories, globs, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,

    /// A multiple of the recorded traffic to answer for; repeatable [default: 1.5 and 2]
    #[arg(long, value_name = "K", value_parser = scale)]
    pub scale: Vec<f64>,

    /// An objective, such as 'ttft.p95 < 1.5s'; repeatable
    #[arg(long, value_name = "OBJECTIVE")]
    pub slo: Vec<String>,

    /// The model whose deployment is meant [default: the one with most calls]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// Replicas that serve it now
    #[arg(long, value_name = "N")]
    pub replicas_now: Option<usize>,

    /// Cap on the running sequences of a replica
    #[arg(long, value_name = "N")]
    pub max_sequences: Option<u32>,

    /// Tokens of KV memory of a replica
    #[arg(long, value_name = "TOKENS")]
    pub kv_tokens: Option<f64>,

    /// Suppose this share of prompt tokens read from the cache, as 0.9 or 90%
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub cache_hit: Option<f64>,

    /// Suppose this share of draft tokens accepted, as 0.7 or 70%
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub acceptance: Option<f64>,

    /// Suppose prompts this many times as long, as x1.5
    #[arg(long, value_name = "xF")]
    pub prompt_tokens: Option<String>,

    /// Suppose answers this many times as long, as x0.5
    #[arg(long, value_name = "xF")]
    pub output_tokens: Option<String>,

    /// Suppose more or fewer replicas, as +1
    #[arg(long, value_name = "+N", allow_hyphen_values = true)]
    pub replicas: Option<String>,

    /// Suppose a service makes this share of the calls, as chat=0.6
    #[arg(long, value_name = "SERVICE=SHARE")]
    pub mix: Option<String>,

    /// Form on standard output: terminal, markdown, html, svg or json [default: terminal]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to FILE, its form by suffix (.txt .md .html .svg .json)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<String>,

    #[command(flatten)]
    pub columns: MapArgs,

    /// Fail when any record was lost
    #[arg(long)]
    pub strict: bool,

    /// Keep the terminal form to ASCII without colour, for logs
    #[arg(long)]
    pub plain: bool,

    /// Show no progress, and print nothing but the result
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub source: SourceArgs,
}

/// Reads, fits, replays, renders, writes.
///
/// # Errors
/// Whatever reading and writing may meet, objectives and suppositions that make no sense.
pub fn run(args: &CapacityArgs, settings: &Settings) -> Result<Finished> {
    let path = args.output.as_deref().filter(|name| *name != "-").map(Path::new);
    let format = form(args.format.as_deref(), path)?;
    let asked = asked(args)?;
    let remote = args.source.terms(None)?;
    if let Some(rehearsed) = args.source.rehearsed(&args.inputs, &remote)? {
        return Ok(rehearsed);
    }
    let shown = Shown::start(args.quiet);
    let options =
        Options { strict: args.strict, map: args.columns.rules()?, remote, ..Options::default() };
    let options = shown.counting(options);
    let (table, ingest) = crate::read_as(&args.inputs, &options, settings)?;
    let mut notes = SourceArgs::shown(&options.remote);
    notes.extend(map::notes(&ingest, args.quiet));
    let asked = Asked { servers: Arc::clone(&settings.servers), ..asked };
    let found = capacity(&table, ingest, &asked)?;
    let Some(path) = path else {
        let style = Style { plain: args.plain, ..stdout_style(args.plain) };
        return Ok(Finished { out: render(&found, format, style), notes, ..Finished::default() });
    };
    let style = Style { plain: args.plain, ..Style::of_width(Style::NARROW) };
    let text = render(&found, format, style);
    output::write_with(path, |out| out.write_all(text.as_bytes()))?;
    notes.extend((!args.quiet).then(|| format!("wrote {}", path.display())));
    Ok(Finished { notes, ..Finished::default() })
}

fn asked(args: &CapacityArgs) -> Result<Asked> {
    let scales = if args.scale.is_empty() { vec![1.5, 2.0] } else { args.scale.clone() };
    for scale in &scales {
        within("--scale", *scale, 0.1, 10.0, "1.5 or 2")?;
    }
    for (what, ratio) in [("--cache-hit", args.cache_hit), ("--acceptance", args.acceptance)] {
        ratio.map_or(Ok(()), |ratio| within(what, ratio, 0.0, 0.999, "0.9, or 90%"))?;
    }
    if let Some(tokens) = args.kv_tokens {
        within("--kv-tokens", tokens, 1000.0, 1e12, "120000")?;
    }
    if args.replicas_now == Some(0) || args.max_sequences == Some(0) {
        return Err(Error::usage("a deployment of nothing serves nothing", "ask for one or more"));
    }
    let what_if = WhatIf {
        cache_hit_ratio: args.cache_hit,
        acceptance_ratio: args.acceptance,
        prompt_factor: args.prompt_tokens.as_deref().map(factor).transpose()?,
        output_factor: args.output_tokens.as_deref().map(factor).transpose()?,
        more_replicas: args.replicas.as_deref().map(more).transpose()?,
        mix: args.mix.as_deref().map(mix).transpose()?,
    };
    Ok(Asked {
        scales,
        slos: args.slo.iter().map(|text| Slo::parse(text)).collect::<Result<_>>()?,
        known: Known {
            replicas: args.replicas_now,
            max_sequences: args.max_sequences,
            kv_tokens: args.kv_tokens,
        },
        what_if,
        model: args.model.clone(),
        servers: Arc::default(),
        between: true,
    })
}

/// `2`, `2x` or `x2`.
fn scale(text: &str) -> std::result::Result<f64, String> {
    let bare = text.trim_start_matches('x').trim_end_matches(['x', '×']);
    bare.parse().map_err(|_| "write it as 2 or 1.5".to_owned())
}

/// `0.9` or `90%`.
fn ratio(text: &str) -> std::result::Result<f64, String> {
    let whole =
        text.strip_suffix('%').map(|percent| percent.trim().parse().map(|p: f64| p / 100.0));
    whole.unwrap_or_else(|| text.parse()).map_err(|_| "write it as 0.9 or 90%".to_owned())
}

fn within(what: &str, value: f64, least: f64, most: f64, example: &str) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let message = format!("{what} {value} is not between {least} and {most}");
    Err(Error::usage(message, format!("write it as {example}")))
}

fn factor(text: &str) -> Result<f64> {
    let number = text.strip_prefix('x').or_else(|| text.strip_suffix('x'));
    let found = number.and_then(|number| number.parse::<f64>().ok());
    found.filter(|factor| (0.05..=20.0).contains(factor)).ok_or_else(|| {
        Error::usage(format!("`{text}` is no factor between x0.05 and x20"), "write it as x1.5")
    })
}

fn more(text: &str) -> Result<i32> {
    let signed = text.starts_with(['+', '-']);
    let found = text.parse::<i32>().ok().filter(|more| signed && more.abs() <= 1000);
    found.ok_or_else(|| {
        let help = "write it as +1 or -1; --replicas-now says how many there are";
        Error::usage(format!("--replicas `{text}` is no change"), help)
    })
}

fn mix(text: &str) -> Result<(String, f64)> {
    let split = text.rsplit_once('=');
    let found = split.and_then(|(service, share)| Some((service.to_owned(), ratio(share).ok()?)));
    found.filter(|(_, share)| *share > 0.0 && *share < 1.0).ok_or_else(|| {
        let help = "write it as chat=0.6: a service and its share of the calls";
        Error::usage(format!("--mix `{text}` is no share of a service"), help)
    })
}

fn form(name: Option<&str>, path: Option<&Path>) -> Result<CapacityFormat> {
    let suffix = path.map(|path| path.extension().unwrap_or_default().to_string_lossy());
    let all = CapacityFormat::ALL;
    let found = match (name, &suffix) {
        (Some(name), _) => all.iter().find(|entry| entry.1 == name),
        (None, Some(suffix)) => all.iter().find(|entry| entry.2.eq_ignore_ascii_case(suffix)),
        (None, None) => all.first(),
    };
    found.map(|entry| entry.0).ok_or_else(|| {
        let help = "use terminal (.txt), markdown (.md), html (.html), svg (.svg) or json (.json)";
        Error::usage("there is no such form of a capacity", help)
    })
}
