#!/bin/sh
# What every case of this suite needs: clips, and a trainer that counts. Called in the case's folder.
set -eu
kubectl create configmap vmafx-fixtures --from-file=ref.yuv=../../fixtures/ref.yuv --from-file=dist.yuv=../../fixtures/dist.yuv --namespace "$NAMESPACE"
sh ../../apply.sh ../../clips.yaml ../training.yaml
kubectl rollout status deployment/clips --namespace "$NAMESPACE" --timeout 60s
# vmafx-operator, when vmafx-trainer answers.
kubectl wait vmafxmodeltraining/counter --for=jsonpath='{.status.phase}'=Running --namespace "$NAMESPACE" --timeout 60s
