#!/bin/sh
# Submits the six jobs and returns when the two slow ones run: now is the time for a fault.
set -eu
sh ../../apply.sh ../jobs.yaml
kubectl wait vmafxjob/slow-1 vmafxjob/slow-2 --for=jsonpath='{.status.phase}'=Running --namespace "$NAMESPACE" --timeout 60s
