#!/usr/bin/env bash
# All tests. Tests of the report drive a real browser, tests of the manual use jq and curl, and tests of
# completions use zsh and fish: missing programs are installed from Debian.
# Arguments go to cargo test; without any, the tests of the feature `tokenizer` run first.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for program in chromium chromedriver jq curl zsh fish; do
  command -v "$program" >/dev/null || missing+=("${program/chromedriver/chromium-driver}")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "tests/run.sh: please install ${missing[*]}; there is no apt-get to install them with" >&2
    exit 1
  fi
  root=()
  if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi
  "${root[@]}" apt-get update
  "${root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
fi

if [ $# -eq 0 ]; then
  cargo test --locked --features tokenizer --lib --test e2e -- tokenizer commands::count
fi
exec cargo test --locked "$@"
