#!/bin/sh
# After the fault: every job has ended once, with the right score, and gave exactly one sample. Says on stdout what is
# wrong and exits 1. Called in the case's folder; prints a line for the report when all is well.
set -eu

fail() {
  echo "$*"
  exit 1
}

# .status: vmafx-operator, from vmafx-controller.
lines=$(kubectl get vmafxjobs --namespace "$NAMESPACE" \
  --output 'jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.status.score} {.status.attempts}{"\n"}{end}')
printf '%s\n' "$lines" | awk -v expected="$(cat ../../fixtures/expected-score)" '
  NF < 3 || $2 != "Succeeded" { print "job " $1 " is " $2; bad = 1; next }
  { off = $3 - expected; if (off < 0) off = -off
    if (off > 0.000001) { print "job " $1 " has the score " $3 ", expected " expected; bad = 1 }
    count++; attempts += $4 }
  END { if (!bad && count != 6) { print "there are " count " jobs, not 6"; bad = 1 }
        exit bad }' || exit 1

# vmafx-operator, from vmafx-trainer.
samples=$(kubectl get vmafxmodeltraining counter --namespace "$NAMESPACE" --output 'jsonpath={.status.currentSamples}')
[ "$samples" = 6 ] || fail "six jobs gave ${samples:-no} samples"
pods=$(kubectl get pods --namespace "$NAMESPACE" --selector app.kubernetes.io/component=worker --output name | wc -l)
echo "6 jobs, 6 right scores, $samples samples, $pods worker Pods"
