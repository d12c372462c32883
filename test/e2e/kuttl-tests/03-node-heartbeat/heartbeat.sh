#!/bin/sh
# What an assert file cannot say of a time: heartbeat.sh fresh|advances|explained|stands. .status.lastHeartbeat is
# written by vmafx-operator when the annotated URL answered its probe. Says on stdout what is wrong and exits 1.
set -eu

node=node-cpu-stub
# Longer than a period (5 s) of the operator's probe, so that a heartbeat that goes on would be seen.
quiet=8

fail() {
  echo "$*"
  exit 1
}

field() { # jsonpath
  kubectl get vmafxnode "$node" --namespace "$NAMESPACE" --output "jsonpath=$1"
}

seconds() { # RFC 3339 in UTC
  date --utc --date "$1" +%s
}

# The first other heartbeat than $1 that a watch of at most $2 seconds shows; nothing when there is none.
next() {
  sh -c 'echo $$; exec "$@"' watch timeout "$2" kubectl get vmafxnode "$node" --namespace "$NAMESPACE" --watch \
    --output 'jsonpath={.status.lastHeartbeat}{"\n"}' | {
    read -r watcher
    while read -r beat; do # not awk: mawk waits until a block is full
      if [ -n "$beat" ] && [ "$beat" != "$1" ]; then
        echo "$beat"
        break
      fi
    done
    kill "$watcher" 2>/dev/null || true # it would see that nobody reads only with its next line
  }
}

case $1 in
  fresh)
    now=$(date +%s)
    beat=$(field '{.status.lastHeartbeat}')
    [ -n "$beat" ] || fail "no lastHeartbeat"
    age=$((now - $(seconds "$beat")))
    [ "$age" -le 10 ] && [ "$age" -ge -2 ] || fail "lastHeartbeat $beat is $age s away from now"
    created=$(field '{.metadata.creationTimestamp}')
    [ "$(seconds "$beat")" -ge "$(seconds "$created")" ] || fail "lastHeartbeat $beat is before creation at $created"
    ;;
  advances)
    beat=$(field '{.status.lastHeartbeat}')
    later=$(next "$beat" 25)
    [ -n "$later" ] || fail "lastHeartbeat stays at $beat although the stub answers"
    [ "$(seconds "$later")" -gt "$(seconds "$beat")" ] || fail "lastHeartbeat went from $beat back to $later"
    ;;
  explained)
    reason=$(field '{.status.conditions[?(@.type=="Ready")].reason}')
    message=$(field '{.status.conditions[?(@.type=="Ready")].message}')
    [ -n "$reason" ] || fail "condition Ready is False without a reason"
    case $message in
      *node-stub*) ;;
      *) fail "condition Ready does not name what was asked: \"$message\"" ;;
    esac
    ;;
  stands)
    beat=$(field '{.status.lastHeartbeat}')
    later=$(next "$beat" "$quiet")
    [ -z "$later" ] || fail "lastHeartbeat went on from $beat to $later although nobody answers"
    ;;
  *) fail "heartbeat.sh: unknown check $1" ;;
esac
