#!/bin/sh
# What 01-assert.yaml cannot say of job-tiny-cpu. Runs in this folder with NAMESPACE and KUBECONFIG set; says on stdout
# what is wrong and exits 1.
set -eu

fail() {
  echo "$*"
  exit 1
}

status() { # job; jsonpath expressions below .status: one line, parted by |
  kubectl get vmafxjob "$1" --namespace "$NAMESPACE" --output "jsonpath=$2"
}

# vmafx-operator makes the Pods: one for this job, not one for each time it looks.
pods=$(kubectl get pods --namespace "$NAMESPACE" --selector vmafx.dev/job=job-tiny-cpu \
  --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}')
count=$(printf '%s' "$pods" | grep -c . || true)
[ "$count" -eq 1 ] || fail "want exactly one Pod for job-tiny-cpu, found $count"

# .status.score: vmafx-operator, from vmafx-controller, computed by vmafx-node with libvmaf. The expected one is what
# ffmpeg's libvmaf says of the same files (test/e2e/fixtures/README.md).
expected=$(cat ../../fixtures/expected-score)
line=$(status job-tiny-cpu '{.status.score}|{.status.assignedNode}|{.status.controllerJobID}|{.status.startedAt}|{.status.finishedAt}')
IFS='|' read -r score node id started finished <<LINE
$line
LINE
self=$(status job-tiny-self '{.status.score}')
[ -n "$score" ] || fail "job-tiny-cpu has no score yet"
[ -n "$self" ] || fail "job-tiny-self has no score yet"
awk -v score="$score" -v expected="$expected" -v self="$self" 'BEGIN {
  if (score !~ /^[0-9.]+$/) { print "score " score " is not a number"; exit 1 }
  off = score - expected; if (off < 0) off = -off
  if (off > 0.000001) { print "score " score " is not the expected " expected; exit 1 }
  apart = self - score; if (apart < 0) apart = -apart
  if (apart < 1) { print "ref against ref scores " self ", ref against dist " score ": the inputs are not told apart"; exit 1 }
}' || exit 1

# Set by vmafx-operator: the Kubernetes node that the Pod ran on, because this namespace has no VmafxNodes.
[ "$node" = "$pods" ] || fail "assignedNode is $node, the Pod ran on $pods"
[ -n "$id" ] || fail "no controllerJobID"

# RFC 3339 in UTC: the order of text is the order of time.
[ -n "$started" ] && [ -n "$finished" ] || fail "startedAt \"$started\" or finishedAt \"$finished\" is missing"
first=$(printf '%s\n%s\n' "$started" "$finished" | LC_ALL=C sort | head -n 1)
[ "$first" = "$started" ] || fail "startedAt $started is after finishedAt $finished"

# Events: vmafx-operator.
reasons=$(kubectl get events --namespace "$NAMESPACE" --field-selector involvedObject.kind=VmafxJob,involvedObject.name=job-tiny-cpu --output 'jsonpath={.items[*].reason}')
for reason in Submitted WorkerCreated Scored; do
  case " $reasons " in
    *" $reason "*) ;;
    *) fail "no event $reason for job-tiny-cpu (there are: ${reasons:-none})" ;;
  esac
done
