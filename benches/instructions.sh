#!/bin/sh
# Counts the instructions of `llmspan normalize` under callgrind and fails above the limits below:
# a guard against regressions that needs no quiet machine.
#
#     cargo build --release
#     cargo bench --bench dumps -- --spans 100000 --out DIR
#     benches/instructions.sh DIR [target/release/llmspan]
#
# Limits are millions of instructions for 100,000 spans at one thread (seed 7, no contents): what
# was measured when they were last set, and five per cent. Lower them with every gain.
set -eu

dumps=${1:?give the folder of the dumps}
llmspan=${2:-target/release/llmspan}

if ! command -v valgrind >/dev/null; then
    echo "skipped: valgrind is not installed"
    exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
while read -r input limit; do
    RAYON_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file="$scratch/profile" \
        "$llmspan" normalize "$dumps/$input" -o "$scratch/calls.parquet" </dev/null 2>"$scratch/log"
    counted=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$scratch/log")
    millions=$((${counted:?callgrind gave no count} / 1000000))
    echo "$input: $millions million instructions, at most $limit"
    [ "$millions" -le "$limit" ] || failed=1
done <<LIMITS
spans.ndjson 1336
spans.pb 889
clickhouse.parquet 984
flat.parquet 926
LIMITS
exit $failed
