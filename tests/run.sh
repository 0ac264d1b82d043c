#!/usr/bin/env bash
# All tests. Those of the report drive a real browser, which is installed from Debian if it is missing.
# Arguments go to cargo test; without any, the tests of the feature `tokenizer` run first.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "tests/run.sh: chromium and chromedriver are missing, and there is no apt-get to install them with;" \
      "please install both" >&2
    exit 1
  fi
  root=()
  if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi
  "${root[@]}" apt-get update
  "${root[@]}" apt-get install -y --no-install-recommends chromium chromium-driver
fi

if [ $# -eq 0 ]; then
  cargo test --locked --features tokenizer --lib --test e2e -- tokenizer commands::count
fi
exec cargo test --locked "$@"
