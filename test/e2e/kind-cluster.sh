#!/usr/bin/env bash
# A cluster that is ready for the end-to-end suites, made or found by `seatrial up`: of the real kind where a container
# engine works, else native. Safe to repeat; never touches another cluster: it has a kubeconfig file of its own, and
# context and server in it are checked before every change. See docs/k8s/integration-tests.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tools/setup/env.sh

usage() {
  cat <<'TEXT'
usage: test/e2e/kind-cluster.sh [--cluster-name NAME] [--provider auto|kind|native] [ACTION]

ACTION: (none)      create the cluster or reuse it; load images; cert-manager, CRDs, device plugin
        --test      all of that, then run the suite; exit code and report are the suite's
        --diagnose  write what one needs to understand a failure to build/report/e2e/diagnostics
        --judge     fail unless build/report/e2e holds a report that counts tests and no failure
        --teardown  delete the cluster; nothing happens where there is none

KIND_CLUSTER_NAME      as --cluster-name (default vmafx-e2e)
VMAFX_E2E_KUBECONFIG   the kubeconfig file to write and use (default build/e2e/NAME.kubeconfig)
GPU_MODE               auto, real, fake or none: which device plugin (default auto: real where nvidia-smi finds a GPU)
REAL_GPU=1, TEARDOWN=1 the same as GPU_MODE=real, as --teardown
KIND_CONFIG            a configuration file for kind (more nodes, say)
KIND_NODE_IMAGE        the image of kind's nodes (default: what make kind-node-image built, else kind's own)
RUNNER                 seatrial or kuttl: who judges with --test (default seatrial)
CERT_MANAGER=0         leave cert-manager out: the operator makes the webhook's certificate itself

Needs what `make images` and `make kubernetes` built.
TEXT
}

fail() { echo "kind-cluster.sh: $*" >&2; exit "${status:-3}"; }
say() { echo "== $*"; }

name=${KIND_CLUSTER_NAME:-vmafx-e2e} provider=${E2E_PROVIDER:-auto} action=up
if [[ ${TEARDOWN:-} == 1 || ${TEARDOWN:-} == true ]]; then action=teardown; fi
while (($#)); do
  case $1 in
    --cluster-name) name=${2:?--cluster-name needs a name}; shift ;;
    --provider) provider=${2:?--provider needs auto, kind or native}; shift ;;
    --test | --diagnose | --judge | --teardown) action=${1#--} ;;
    -h | --help) usage; exit ;;
    *) usage >&2; status=2 fail "unknown argument $1" ;;
  esac
  shift
done
[[ $name =~ ^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$ ]] || status=2 fail "cluster name \"$name\": at most 30 lower-case letters, digits, dashes"
gpu_mode=${GPU_MODE:-auto}
if [[ ${REAL_GPU:-} == 1 || ${REAL_GPU:-} == true ]]; then gpu_mode=real; fi

readonly bin=build/release/bin images=build/images report=build/report/e2e
seatrial() { "$bin/seatrial" "$@"; }
case $provider in
  kind) contexts=("kind-$name") ;;
  native) contexts=("seatrial-$name") ;;
  auto) contexts=("kind-$name" "seatrial-$name") ;;
  *) status=2 fail "provider \"$provider\": want auto, kind or native" ;;
esac
up_flags=()
if [[ ${KIND_NODE_IMAGE:-} ]]; then up_flags+=(--node-image "$KIND_NODE_IMAGE"); fi
if [[ ${KIND_CONFIG:-} ]]; then up_flags+=(--kind-config "$KIND_CONFIG"); fi

kubeconfig=${VMAFX_E2E_KUBECONFIG:-$PWD/build/e2e/$name.kubeconfig}
[[ $kubeconfig == /* ]] || status=2 fail "VMAFX_E2E_KUBECONFIG \"$kubeconfig\" is not an absolute path"
[[ ! -L $kubeconfig ]] || fail "$kubeconfig is a link: it could lead to another cluster"
[[ $kubeconfig != "$HOME/.kube/config" ]] || fail "$kubeconfig is your own kubeconfig: name another file"
export KUBECONFIG=$kubeconfig

kubernetes_bin=${SEATRIAL_KUBERNETES_BIN:-$(tools/kubernetes/build --path)} || fail "no Kubernetes programs: run make kubernetes"
PATH=$kubernetes_bin:$PATH

# Whatever else this machine knows: what follows talks to this cluster or not at all.
ours() {
  local server
  context=$(kubectl config current-context 2>/dev/null) || context=''
  [[ " ${contexts[*]} " == *" $context "* ]] || fail "$kubeconfig: the current context is \"$context\", not ${contexts[*]}"
  server=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
  [[ $server =~ ^https://127\.0\.0\.1:[0-9]+$ ]] || fail "$kubeconfig: context $context leads to $server, not to this machine"
}

exists() { seatrial kubeconfig --name "$name" --path >/dev/null 2>&1; }

create() {
  mkdir -p "$(dirname "$kubeconfig")"
  if exists; then
    say "cluster $name is up: reused"
  else
    if [[ $gpu_mode == real && $provider == kind ]]; then # how nvkind does it; the engine's default runtime has to be nvidia
      [[ ! ${KIND_CONFIG:-} ]] || fail "GPU_MODE=real writes kind's configuration itself: leave KIND_CONFIG out"
      local config=build/e2e/$name.kind.yaml
      printf 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n  extraMounts:\n  - {hostPath: /dev/null, containerPath: /var/run/nvidia-container-devices/all}\n' >"$config"
      up_flags+=(--kind-config "$config")
    fi
    seatrial up --provider "$provider" --name "$name" --timeout 300s "${up_flags[@]}"
  fi
  (umask 077 && seatrial kubeconfig --name "$name" >"$kubeconfig")
}

load() { # ARCHIVE_FOLDER
  [[ -d $1 ]] || fail "no images in $1: run make images"
  seatrial load "$1" --name "$name"
}

cert_manager() {
  if [[ ${CERT_MANAGER:-1} == 0 ]]; then return; fi
  say cert-manager
  local parts built=build/images-cert-manager
  parts=$(tools/companions/build cert-manager)
  seatrial image assemble deploy/images/cert-manager.yaml --programs "$parts" --out "$built"
  load "$built"
  eval "$(seatrial image env "$built")"
  ours
  kubectl apply --server-side --force-conflicts --filename "$parts/cert-manager-crds.yaml" >/dev/null
  helm upgrade --install cert-manager "$parts/cert-manager-chart" --namespace cert-manager --create-namespace \
    --set startupapicheck.enabled=false --set global.leaderElection.namespace=cert-manager \
    --set image.repository="$SEATRIAL_IMAGE_CONTROLLER_REPOSITORY" --set image.tag="$SEATRIAL_IMAGE_CONTROLLER_TAG" --set image.pullPolicy=Never \
    --set webhook.image.repository="$SEATRIAL_IMAGE_WEBHOOK_REPOSITORY" --set webhook.image.tag="$SEATRIAL_IMAGE_WEBHOOK_TAG" --set webhook.image.pullPolicy=Never \
    --set cainjector.image.repository="$SEATRIAL_IMAGE_CAINJECTOR_REPOSITORY" --set cainjector.image.tag="$SEATRIAL_IMAGE_CAINJECTOR_TAG" --set cainjector.image.pullPolicy=Never >/dev/null
  local part
  for part in cert-manager cert-manager-webhook cert-manager-cainjector; do
    kubectl rollout status "deployment/$part" --namespace cert-manager --timeout 120s
  done
}

up() {
  [[ -x $bin/seatrial ]] || fail "no $bin/seatrial: run make images"
  say "cluster $name"
  create
  ours
  say images
  load "$images"
  cert_manager
  say "CRDs"
  ours
  kubectl apply --server-side --force-conflicts --filename deploy/helm/vmafx/crds/
  say "device plugin (GPU_MODE=$gpu_mode)"
  eval "$(seatrial image env "$images")"
  ours
  GPU_MODE=$gpu_mode sh deploy/gpu-plugin/install.sh
  say "ready: export KUBECONFIG=$kubeconfig"
}

run_suite() {
  up
  rm -rf "$report"
  mkdir -p "$report"
  ours
  case ${RUNNER:-seatrial} in
    seatrial) seatrial test --kubeconfig "$kubeconfig" --context "$context" --config test/e2e/kuttl-test.yaml --artifacts-dir "$report" --report xml ;;
    kuttl) "$(tools/peers/build)/kubectl-kuttl" test --config test/e2e/kuttl-test.yaml --artifacts-dir "$report" --report xml ;;
    *) status=2 fail "RUNNER \"$RUNNER\": want seatrial or kuttl" ;;
  esac
}

diagnose() {
  local folder=$report/diagnostics part
  mkdir -p "$folder"
  ours
  for part in vmafxjobs vmafxnodes vmafxmodeltrainings pods; do
    kubectl get "$part" --all-namespaces --output wide >"$folder/$part.txt" 2>&1 || true
  done
  kubectl get events --all-namespaces --sort-by=.lastTimestamp >"$folder/events.txt" 2>&1 || true
  seatrial logs --name "$name" --out "$folder/cluster" || true
  for part in operator controller; do
    kubectl logs --namespace vmafx-system --selector "app.kubernetes.io/component=$part" --tail 200 --prefix >"$folder/$part.log" 2>&1 || true
  done
  say "diagnostics in $folder"
}

judge() {
  shopt -s nullglob
  local files=("$report"/*.xml) good bad
  ((${#files[@]} > 0)) || fail "no report in $report"
  read -r good bad < <(tools/run/count_tests "${files[0]}")
  echo "$good passed, $bad failed"
  ((good > 0 && bad == 0)) || status=1 fail "the report counts $good passed and $bad failed"
}

teardown() {
  if exists; then seatrial down --name "$name"; else say "no cluster $name: nothing to tear down"; fi
  rm -f "$kubeconfig"
}

case $action in
  up) up ;;
  test) run_suite ;;
  *) "$action" ;;
esac
