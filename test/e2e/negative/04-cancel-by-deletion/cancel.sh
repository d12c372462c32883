#!/bin/sh
# Deletes job-slow while it runs: the object goes, its worker Pod goes, and vmafx-controller has cancelled it.
set -eu

fail() {
  echo "$*"
  exit 1
}

cancelled() { # of all namespaces: vmafx-controller's own count
  kubectl get --raw /api/v1/namespaces/vmafx-system/services/vmafx-controller:http/proxy/metrics |
    awk '/^vmafx_controller_jobs_cancelled_total/ { sum += $2 } END { print sum + 0 }'
}

before=$(cancelled)
# Returns when the finalizer is gone: vmafx-operator removes it after vmafx-controller has cancelled the job.
kubectl delete vmafxjob job-slow --namespace "$NAMESPACE" --timeout 30s
after=$(cancelled)
[ "$after" -gt "$before" ] || fail "vmafx-controller had cancelled $before jobs before and $after after"
# The kubelet, told by the garbage collector; the job would have run for two minutes.
kubectl wait --for=delete pod --selector vmafx.dev/job=job-slow --namespace "$NAMESPACE" --timeout 45s
