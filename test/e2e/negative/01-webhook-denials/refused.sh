#!/bin/sh
# Creates each object of denied/, and every time wants to be refused by the webhook with the words of the file's first
# line; then a good one, which must be let through.
set -eu

status=0
for file in denied/*.yaml; do
  words=$(sed -n '1s/^# //p' "$file")
  if answer=$(kubectl create --filename "$file" --namespace "$NAMESPACE" 2>&1); then
    echo "$file was accepted: $answer"
    status=1
  elif ! printf '%s' "$answer" | grep -q 'admission webhook "vmafx[a-z]*.vmafx.dev" denied the request'; then
    echo "$file was refused, but not by the webhook: $answer"
    status=1
  elif ! printf '%s' "$answer" | grep -qiE -e "$words"; then
    echo "$file was refused without a word of \"$words\": $answer"
    status=1
  fi
done

kubectl create --filename good.yaml --namespace "$NAMESPACE" || status=1
# A good object must not become a bad one.
if answer=$(kubectl patch vmafxjob good --namespace "$NAMESPACE" --type merge \
  --patch '{"spec": {"distorted": "nowhere"}}' 2>&1); then
  echo "a bad change of a good job was accepted: $answer"
  status=1
fi
exit "$status"
