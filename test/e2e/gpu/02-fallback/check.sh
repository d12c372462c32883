#!/bin/sh
# The job says that it fell back (condition BackendFallback, vmafx-operator), and its score is the CPU's.
set -eu

fallback=$(kubectl get vmafxjob job-gpu --namespace "$NAMESPACE" \
  --output 'jsonpath={range .status.conditions[?(@.type=="BackendFallback")]}{.status}|{.reason}|{.message}{end}')
case $fallback in
  True\|?*\|*"cpu instead of cuda"*) ;;
  *) echo "condition BackendFallback does not say that cuda became cpu: \"$fallback\"" && exit 1 ;;
esac
score=$(kubectl get vmafxjob job-gpu --namespace "$NAMESPACE" --output 'jsonpath={.status.score}')
awk -v score="$score" -v expected="$(cat ../../fixtures/expected-score)" 'BEGIN {
  off = score - expected; if (off < 0) off = -off
  if (score == "" || off > 0.000001) { print "score \"" score "\" is not the expected " expected; exit 1 }
}'
