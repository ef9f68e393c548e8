#!/usr/bin/env bash
# Builds the wheel, installs it in a clean virtual environment and runs what it brought.
#
#     packaging/wheel.sh [PROFILE] [DIR]
#
# PROFILE is a cargo profile (release unless said), DIR is where the wheel is left (dist unless said).
# LLMSPAN_FEATURES names the cargo features; unless set, those of a release: `remote`.
# Needs python3 with venv, and an index that has maturin. Fails with 75 where those are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:-release}
features=${LLMSPAN_FEATURES-remote}
mkdir -p "${2:-dist}"
wheels=$(cd "${2:-dist}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 -m venv "$scratch/build" 2>/dev/null || { echo "needs python3 with venv"; exit 75; }
"$scratch/build/bin/pip" --quiet --disable-pip-version-check install 'maturin>=1.9,<2' 2>/dev/null \
    || { echo "needs an index that has maturin"; exit 75; }
"$scratch/build/bin/maturin" build --locked --profile "$profile" --features "$features" --out "$wheels" >"$scratch/log" 2>&1 \
    || { cat "$scratch/log"; exit 1; }

wheel=$(ls -t "$wheels"/llmspan-*.whl | head -n 1)
python3 -m venv "$scratch/clean"
# No index: the wheel needs nothing beside itself.
"$scratch/clean/bin/pip" --quiet --disable-pip-version-check install --no-index "$wheel"

incident=$PWD/testdata/incidents/010/spans.parquet
cd "$scratch"
PATH="$scratch/clean/bin" llmspan --version
PATH="$scratch/clean/bin" llmspan diagnose "$incident" --window 05:01-05:11 --plain | sed -n 1,2p
echo "wheel: $(basename "$wheel"), $(wc -c <"$wheel") bytes"
