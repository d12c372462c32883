#!/bin/sh
# fault.sh kill|stop|start COMPONENT: to a component of the cluster that the suite runs on.
set -eu
: "${SEATRIAL:?these cases need a cluster that seatrial started: seatrial run test/e2e/chaos/kuttl-test.yaml}"
exec "$SEATRIAL" fault "$@" --name "$SEATRIAL_CLUSTER" --state-dir "$SEATRIAL_STATE_DIR"
