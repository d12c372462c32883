#!/bin/sh
# Gives the cluster of $KUBECONFIG the resource nvidia.com/gpu, and waits until its nodes have it. Safe to repeat, also
# with another mode: what the other one installed is removed. GPU_MODE says how:
#   real   NVIDIA's device plugin and RuntimeClass nvidia (nodes with driver and container toolkit; the image is pulled)
#   fake   vmafx-gpu-plugin: simulated devices, GPU_COUNT (2) of them a node
#   none   no device plugin
#   auto   real where nvidia-smi finds a GPU on this machine, else fake (the default)
# fake needs the image's name in SEATRIAL_IMAGE_VMAFX_GPU_PLUGIN: eval "$(seatrial image env build/images)".
set -eu
here=$(dirname "$0")
mode=${GPU_MODE:-auto}
count=${GPU_COUNT:-2}

fail() {
  echo "install.sh: $1" >&2
  exit "${2:-1}"
}

case $mode in
  auto) if nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU '; then mode=real; else mode=fake; fi ;;
  real | fake | none) ;;
  *) fail "GPU_MODE \"$mode\": want auto, real, fake or none" 2 ;;
esac
case $count in
  '' | *[!0-9]* | 0*) fail "GPU_COUNT \"$count\": want a number above 0" 2 ;;
esac

# Two plugins of one resource would take turns.
if [ "$mode" != fake ]; then
  kubectl delete namespace vmafx-gpu-plugin --ignore-not-found
fi
if [ "$mode" != real ]; then
  kubectl delete --ignore-not-found --filename "$here/nvidia.yaml"
fi

case $mode in
  none) echo "device plugin: none" ;;
  fake)
    [ -n "${SEATRIAL_IMAGE_VMAFX_GPU_PLUGIN:-}" ] ||
      fail 'name the image first: eval "$(seatrial image env build/images)"'
    sed "s|@IMAGE@|$SEATRIAL_IMAGE_VMAFX_GPU_PLUGIN|; s|@COUNT@|$count|" "$here/simulated.yaml" |
      kubectl apply --server-side --force-conflicts --filename -
    kubectl rollout status daemonset/vmafx-gpu-plugin --namespace vmafx-gpu-plugin --timeout 60s
    kubectl wait nodes --all --timeout 60s --for "jsonpath={.status.allocatable.nvidia\.com/gpu}=$count"
    echo "device plugin: $count simulated devices a node"
    ;;
  real)
    kubectl apply --server-side --force-conflicts --filename "$here/nvidia.yaml"
    kubectl rollout status daemonset/nvidia-device-plugin-daemonset --namespace kube-system --timeout 180s
    gpus=$(kubectl get nodes --output 'jsonpath={range .items[*]}{.status.allocatable.nvidia\.com/gpu}{"\n"}{end}')
    deadline=$(($(date +%s) + 60))
    while ! printf '%s\n' "$gpus" | grep -q '[1-9]'; do # any node will do, which cannot be waited for otherwise
      [ "$(date +%s)" -lt "$deadline" ] ||
        fail "no node has a GPU: does nvidia-smi work there, and has containerd a runtime called nvidia?"
      sleep 1
      gpus=$(kubectl get nodes --output 'jsonpath={range .items[*]}{.status.allocatable.nvidia\.com/gpu}{"\n"}{end}')
    done
    echo "device plugin: NVIDIA's"
    ;;
esac
