#!/bin/sh
# kill.sh SELECTOR [NAMESPACE]: SIGKILL to the programs of these Pods, by surprise: no grace, no goodbye. The node's
# processes are this machine's, each in a cgroup named by its Pod's UID.
set -eu

namespace=${2:-$NAMESPACE}
pods=$(kubectl get pods --selector "$1" --namespace "$namespace" --field-selector status.phase=Running \
  --output 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\n"}{end}')
[ -n "$pods" ] || {
  echo "no running Pod of $namespace has $1"
  exit 1
}
printf '%s\n' "$pods" | while read -r name uid; do
  killed=0
  for file in $(grep -lE "pod($uid|$(printf %s "$uid" | tr - _))" /proc/[0-9]*/cgroup 2>/dev/null); do
    process=$(basename "$(dirname "$file")")
    [ "$(cat "/proc/$process/comm")" != pause ] || continue # the Pod itself stays
    kill -KILL "$process"
    echo "killed process $process of Pod $name"
    killed=1
  done
  [ "$killed" = 1 ] || {
    echo "Pod $name has no process on this machine: these cases need a cluster that seatrial started"
    exit 1
  }
done
