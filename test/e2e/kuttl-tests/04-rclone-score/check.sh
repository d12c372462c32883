#!/bin/sh
# What the assert files cannot say: check.sh uploaded|scored|refused. Says on stdout what is wrong and exits 1.
set -eu

fail() {
  echo "$*"
  exit 1
}

field() { # job jsonpath
  kubectl get vmafxjob "$1" --namespace "$NAMESPACE" --output "jsonpath=$2"
}

# .status.message: vmafx-operator, in vmafx-node's words. It must hold each of the given words.
says() { # job word...
  job=$1
  message=$(field "$job" '{.status.message}')
  shift
  for word in "$@"; do
    printf '%s' "$message" | grep -qiE -e "$word" || fail "the message of $job says nothing of \"$word\": \"$message\""
  done
  [ "$(field "$job" '{.status.conditions[?(@.type=="Failed")].status}')" = True ] || fail "$job has no condition Failed"
  [ -z "$(field "$job" '{.status.score}')" ] || fail "$job has failed and yet has a score"
}

case $1 in
  uploaded)
    # Both containers are rclone's, reading from MinIO.
    sizes=$(kubectl logs job/upload --container sizes --namespace "$NAMESPACE")
    digests=$(kubectl logs job/upload --container digests --namespace "$NAMESPACE")
    for clip in ref.yuv dist.yuv; do
      size=$(wc -c <"../../fixtures/$clip")
      digest=$(sha256sum "../../fixtures/$clip" | cut -d ' ' -f 1)
      printf '%s\n' "$sizes" | grep -qE "^ *$size $clip\$" || fail "the bucket does not hold $size bytes of $clip: $sizes"
      printf '%s\n' "$digests" | grep -q "^$digest  $clip\$" || fail "the bucket's $clip is another file: $digests"
    done
    ;;
  scored)
    # .status.score: vmafx-operator, from vmafx-controller, computed by vmafx-node with libvmaf.
    score=$(field job-rclone-cpu '{.status.score}')
    colon=$(field job-rclone-colon '{.status.score}')
    file=$(field job-file '{.status.score}')
    [ -n "$score" ] || fail "job-rclone-cpu has no score"
    # To the last digit: where the bytes come from does not matter.
    [ "$score" = "$file" ] || fail "scored $score from the store and $file from a volume"
    [ "$score" = "$colon" ] || fail "scored $score by rclone://remote/bucket/key and $colon by rclone://remote:bucket/key"
    awk -v score="$score" -v expected="$(cat ../../fixtures/expected-score)" 'BEGIN {
      off = score - expected; if (off < 0) off = -off
      if (off > 0.000001) { print "score " score " is not the expected " expected; exit 1 }
    }' || exit 1
    # vmafx-operator mounts the Secret's rclone.conf and nothing else of it.
    items=$(kubectl get pod job-rclone-cpu-1 --namespace "$NAMESPACE" \
      --output 'jsonpath={.spec.volumes[?(@.secret.secretName=="rclone-config")].secret.items[*].key}')
    [ "$items" = rclone.conf ] || fail "the worker mounts \"$items\" of Secret rclone-config, not rclone.conf alone"
    ;;
  refused)
    says job-missing-object 'missing\.yuv' 'no object|not found' 'correct|upload'
    says job-wrong-key 'e2eminio' 'denied|forbidden|refused|credential|access key|SignatureDoesNotMatch'
    says job-cut-stream 'clips:8080/cut/(ref|dist)\.yuv' 'broke' '24576 bytes' 'submit the job again'
    ;;
  *) fail "check.sh: unknown check $1" ;;
esac
