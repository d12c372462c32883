#!/bin/sh
# Puts clips into a ConfigMap: whole ones, and ones that are broken each in a way of its own.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fixtures=../../fixtures

cp "$fixtures/ref.yuv" "$fixtures/dist.yuv" "$fixtures/clip.mp4" "$folder"
: >"$folder/empty.yuv"
head -c 24576 "$fixtures/dist.yuv" >"$folder/four-frames.yuv" # of eight
head -c 49000 "$fixtures/dist.yuv" >"$folder/half-a-frame.yuv"
size=$(wc -c <"$fixtures/clip.mp4")
head -c $((size / 2)) "$fixtures/clip.mp4" >"$folder/truncated.mp4" # its index stood at the end
size=$(wc -c <"$fixtures/clip-faststart.mp4")
head -c $((size * 3 / 4)) "$fixtures/clip-faststart.mp4" >"$folder/cut-short.mp4" # the index promises more frames
head -c 4096 "$fixtures/ref.yuv" >"$folder/noise.mp4"
kubectl create configmap media --from-file="$folder" --namespace "$NAMESPACE"
