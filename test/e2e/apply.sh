#!/bin/sh
# Applies manifests to the test's namespace: sh apply.sh FILE... In them @NAMESPACE@ stands for the namespace, and
# @IMAGE_NAME@ for the image that $SEATRIAL_IMAGE_NAME names, because its tag is known only when it is made.
set -eu

: "${NAMESPACE:?run it as a command of a test}"

for file in "$@"; do
  text=$(sed "s|@NAMESPACE@|$NAMESPACE|g" "$file")
  for name in $(printf '%s' "$text" | grep -o '@IMAGE_[A-Z0-9_]*@' | sort -u | tr -d @); do
    image=$(printenv "SEATRIAL_$name") || {
      echo "$file needs an image that is not there: eval \"\$(seatrial image env build/images)\" sets SEATRIAL_$name" >&2
      exit 1
    }
    text=$(printf '%s' "$text" | sed "s|@$name@|$image|g")
  done
  printf '%s\n' "$text" | kubectl apply --namespace "$NAMESPACE" --filename -
done
