#!/usr/bin/env bash
# Runs a step of the infrastructure (a download, a cluster, cert-manager), at most three times, and writes down each
# repetition, so that flakes are counted and never hidden. Tests are not run by this: a test that fails has failed.
# Usage: infra.sh NAME -- COMMAND...     Record: build/flakes.jsonl, a line for each failed try.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -lt 3 || $2 != -- ]]; then
  echo "usage: infra.sh NAME -- COMMAND..." >&2
  exit 2
fi
readonly name=$1
shift 2
mkdir -p build
for try in 1 2 3; do
  status=0
  "$@" || status=$?
  if ((status == 0)); then exit 0; fi
  printf '{"step": "%s", "try": %d, "exit": %d, "at": "%s"}\n' "$name" "$try" "$status" "$(date -u +%FT%TZ)" >>build/flakes.jsonl
  echo "infra.sh: $name failed (exit $status), try $try of 3" >&2
done
exit "$status"
