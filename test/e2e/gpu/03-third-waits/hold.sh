#!/bin/sh
# As many holders as there are devices that Pods can have: a control plane beside workers has some as well, and takes no
# Pods.
set -eu

devices=$(kubectl get nodes --output \
  'jsonpath={range .items[*]}{.spec.taints[?(@.effect=="NoSchedule")].key}|{.status.allocatable.nvidia\.com/gpu}{"\n"}{end}' |
  awk -F '|' '$1 == "" { sum += $2 } END { print sum + 0 }')
sh ../../apply.sh holders.yaml
kubectl scale deployment holder --namespace "$NAMESPACE" --replicas "$devices"
