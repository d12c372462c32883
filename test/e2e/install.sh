#!/bin/sh
# Installs or upgrades the release `vmafx` in `vmafx-system` and waits until it works. Safe to repeat. Run from the
# repository's root; KUBECONFIG says where. The images must be on the nodes already: nothing is ever pulled.
set -eu

: "${SEATRIAL_IMAGE_VMAFX_OPERATOR_REPOSITORY:?name the loaded images first: eval \"\$(seatrial image env build/images)\"}"

# Helm installs CRDs and never upgrades them.
if helm status vmafx --namespace vmafx-system >/dev/null 2>&1; then
  kubectl apply --server-side --force-conflicts --filename deploy/helm/vmafx/crds/
fi

# Whatever is not of the restricted Pod Security Standard does not start here.
kubectl apply --server-side --filename - <<MANIFEST
apiVersion: v1
kind: Namespace
metadata:
  name: vmafx-system
  labels: {pod-security.kubernetes.io/enforce: restricted}
MANIFEST

explain() {
  kubectl get pods --namespace vmafx-system --output wide
  kubectl get events --namespace vmafx-system --field-selector type=Warning \
    --output 'jsonpath={range .items[*]}{.involvedObject.kind} {.involvedObject.name}: {.reason}: {.message}{"\n"}{end}'
  kubectl logs --namespace vmafx-system --selector app.kubernetes.io/name=vmafx --tail 5 --prefix || true
  exit 1
} >&2

helm upgrade --install vmafx deploy/helm/vmafx \
  --namespace vmafx-system \
  --values test/e2e/values.yaml \
  --set-string operator.image.repository="$SEATRIAL_IMAGE_VMAFX_OPERATOR_REPOSITORY" \
  --set-string operator.image.tag="$SEATRIAL_IMAGE_VMAFX_OPERATOR_TAG" \
  --set-string controller.image.repository="$SEATRIAL_IMAGE_VMAFX_CONTROLLER_REPOSITORY" \
  --set-string controller.image.tag="$SEATRIAL_IMAGE_VMAFX_CONTROLLER_TAG" \
  --set-string trainer.image.repository="$SEATRIAL_IMAGE_VMAFX_TRAINER_REPOSITORY" \
  --set-string trainer.image.tag="$SEATRIAL_IMAGE_VMAFX_TRAINER_TAG" \
  --set-string worker.image.repository="$SEATRIAL_IMAGE_VMAFX_NODE_REPOSITORY" \
  --set-string worker.image.tag="$SEATRIAL_IMAGE_VMAFX_NODE_TAG" \
  --wait --timeout 120s "$@" || explain
