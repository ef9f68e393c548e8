#!/usr/bin/env bash
# Takes the pictures of docs/html-report.md from the shipped incident of the README.
set -euo pipefail
cd "$(dirname "$0")/../.."
LLMSPAN_SCREENSHOTS=docs/img cargo test --locked --test browser screenshots -- --ignored
