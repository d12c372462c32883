#!/bin/sh
# The jobs started by priority, then by age. startedAt is vmafx-operator's; it has seconds, and each job lasts two.
set -eu

order=$(kubectl get vmafxjobs --namespace "$NAMESPACE" \
  --output 'jsonpath={range .items[*]}{.status.startedAt} {.metadata.name}{"\n"}{end}' | LC_ALL=C sort | cut -d ' ' -f 2 | tr '\n' ' ')
wanted='first high older-middle younger-middle low '
if [ "$order" != "$wanted" ]; then
  echo "they started in the order $order, wanted $wanted"
  exit 1
fi
