#!/usr/bin/env bash
# Builds the wheel, installs it in a clean virtual environment and runs what it brought.
#
#     packaging/wheel.sh [PROFILE] [DIR]
#
# PROFILE is a cargo profile (release unless said), DIR is where the wheel is left (dist unless said).
# LLMSPAN_FEATURES names the cargo features; unless set, those of a release: `remote`.
# LLMSPAN_TARGET names the machine that it is for; its own unless set.
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
target=()
[ -z "${LLMSPAN_TARGET:-}" ] || target=(--target "$LLMSPAN_TARGET")
"$scratch/build/bin/maturin" build --locked --profile "$profile" --features "$features" "${target[@]}" \
    --out "$wheels" >"$scratch/log" 2>&1 \
    || { cat "$scratch/log"; exit 1; }

wheel=$(ls -t "$wheels"/llmspan-*.whl | head -n 1)
python3 -m venv "$scratch/clean"
# No index: the wheel needs nothing beside itself.
"$scratch/clean/bin/pip" --quiet --disable-pip-version-check install --no-index "$wheel"

incident=$PWD/testdata/incidents/010/spans.parquet
cd "$scratch"
PATH="$scratch/clean/bin" llmspan --version
PATH="$scratch/clean/bin" llmspan diagnose "$incident" --window 05:01-05:11 --plain | sed -n 1,2p

# The same by uv, which people have instead of pip: run once, and installed for good.
if "$scratch/build/bin/pip" --quiet --disable-pip-version-check install 'uv>=0.9,<1' 2>/dev/null; then
    export UV_CACHE_DIR=$scratch/uv UV_TOOL_DIR=$scratch/tools UV_TOOL_BIN_DIR=$scratch/tools/bin
    export UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1
    echo "uvx: $("$scratch/build/bin/uvx" --quiet --offline --from "$wheel" llmspan --version)"
    "$scratch/build/bin/uv" tool install --quiet --offline "$wheel"
    echo "uv tool: $("$scratch/tools/bin/llmspan" --version)"
else
    echo "no uv: uvx is not tried"
fi
echo "wheel: $(basename "$wheel"), $(wc -c <"$wheel") bytes"
