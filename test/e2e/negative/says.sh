#!/bin/sh
# says.sh JOB PATTERN...: the failed (or waiting) job has no score, and its status.message, which vmafx-operator writes in
# vmafx-node's words, matches each pattern. Says on stdout what is wrong and exits 1.
set -eu

job=$1
shift
message=$(kubectl get vmafxjob "$job" --namespace "$NAMESPACE" --output 'jsonpath={.status.message}')
score=$(kubectl get vmafxjob "$job" --namespace "$NAMESPACE" --output 'jsonpath={.status.score}')
if [ -n "$score" ]; then
  echo "$job has failed and yet has the score $score"
  exit 1
fi
for pattern in "$@"; do
  if ! printf '%s' "$message" | grep -qiE -e "$pattern"; then
    echo "the message of $job says nothing of \"$pattern\": \"$message\""
    exit 1
  fi
done
