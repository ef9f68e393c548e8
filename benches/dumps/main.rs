//! Writes seeded dumps for measuring: one traffic, every format, with and without contents.
//!
//! `cargo bench --bench dumps -- --spans 1000000 --out DIR [--seed 7] [--contents]`
//!
//! About 15 % of the spans are LLM calls; the rest is what surrounds them in a service: the
//! request, its database work, the HTTP attempt. The same arguments give the same bytes.

mod otlp;
mod table;
mod traffic;

use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use prost::Message;

use traffic::Traffic;

/// Spans a request; the collector's batch processor sends 8,192 by default.
const BATCH: usize = 8192;

struct Plan {
    spans: usize,
    out: PathBuf,
    seed: u64,
    contents: bool,
}

fn main() {
    let Some(plan) = plan(std::env::args().skip(1)) else {
        // `cargo bench` runs every bench target without arguments: nothing to write then.
        return;
    };
    create_dir_all(&plan.out).expect("the output folder can be made");
    write_all(&plan);
}

fn plan(mut args: impl Iterator<Item = String>) -> Option<Plan> {
    let mut plan = Plan { spans: 0, out: PathBuf::new(), seed: 7, contents: false };
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|text| text.parse().ok()).expect("a number");
        match arg.as_str() {
            "--spans" => plan.spans = usize::try_from(number()).expect("fits"),
            "--seed" => plan.seed = number(),
            "--out" => plan.out = PathBuf::from(args.next().expect("a folder")),
            "--contents" => plan.contents = true,
            _ => {}
        }
    }
    (plan.spans > 0 && plan.out != Path::new("")).then_some(plan)
}

fn write_all(plan: &Plan) {
    let create = |name: &str| BufWriter::new(File::create(plan.out.join(name)).expect("creatable"));
    let (mut json, mut proto) = (create("spans.ndjson"), create("spans.pb"));
    let mut clickhouse = table::Writer::clickhouse(create("clickhouse.parquet"));
    let mut flat = table::Writer::flat(create("flat.parquet"));
    let mut traffic = Traffic::new(plan.seed, plan.contents);
    let mut left = plan.spans;
    while left > 0 {
        let batch = traffic.batch(left.min(BATCH));
        left = left.saturating_sub(batch.len());
        let request = otlp::request(&batch);
        serde_json::to_writer(&mut json, &request).expect("serialisable");
        json.write_all(b"\n").expect("room on the disk");
        proto.write_all(&request.encode_to_vec()).expect("room on the disk");
        clickhouse.write(&batch);
        flat.write(&batch);
    }
    json.flush().expect("room on the disk");
    proto.flush().expect("room on the disk");
    clickhouse.close();
    flat.close();
}
