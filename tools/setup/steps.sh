# A step list with times, for the scripts that a person or CI starts; sourced.
#
#   steps_open TITLE LOG_DIR     begin; every quiet step logs to LOG_DIR/NAME.log
#   step NAME COMMAND...         run it quietly; its last lines are shown if it fails
#   step_shown NAME COMMAND...   run it with its own output
#   step_start NAME COMMAND...   run it beside what follows
#   step_join NAME               wait for it
#   steps_close [REPORT]         one line of verdict; ends the script
#
# step, step_shown and step_join return the command's status: `step ... || steps_close`
# ends early, a bare call under `set -e` ends the script with the verdict as well.
# On a terminal the running step has one live line; else there is a line when it
# begins, one when it ends, and a sign of life each minute.

declare -A step_pid=() step_began=() step_took=()
steps_failed=() step_group='' steps_live=''
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then steps_live=1; fi

steps_now() { now=${EPOCHREALTIME/[.,]/}; }           # sets now, in microseconds
steps_since() {                                       # BEGIN; sets took, as "12.3 s"
  steps_now
  local tenths=$(((now - $1) / 100000))
  took="$((tenths / 10)).$((tenths % 10)) s"
}

steps_line() {  # MARK NAME TEXT
  local mark=$1
  if [[ $steps_live ]]; then
    printf '\r\033[K'
    if [[ -z ${NO_COLOR:-} ]]; then
      case $mark in ok) mark=$'\033[32mok\033[0m    ' ;; FAILED) mark=$'\033[31mFAILED\033[0m' ;; esac
    fi
  fi
  printf '  %-6s %-26s %s\n' "$mark" "$2" "$3"
}

steps_open() {
  steps_title=$1 steps_logs=$2
  mkdir -p "$steps_logs"
  steps_now
  steps_began=$now
  echo "$steps_title"
  trap steps_on_exit EXIT
  trap 'steps_stop INT; exit 130' INT
  trap 'steps_stop TERM; exit 143' TERM HUP
}

steps_stop() {  # SIGNAL: ends every running step with all that it started
  local pid tries
  for pid in ${step_group:+"$step_group"} "${step_pid[@]}"; do kill "-$1" -- "-$pid" 2>/dev/null || true; done
  for ((tries = 0; tries < 150; tries++)); do
    steps_any_running || return 0
    sleep 0.1
  done
  for pid in ${step_group:+"$step_group"} "${step_pid[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}

steps_any_running() {
  local pid
  for pid in ${step_group:+"$step_group"} "${step_pid[@]}"; do
    if kill -0 "$pid" 2>/dev/null; then return 0; fi
  done
  return 1
}

steps_on_exit() {
  local status=$?
  trap - EXIT
  steps_stop TERM
  if [[ $status == 130 || $status == 143 ]]; then
    steps_failed+=(interrupted)
  elif ((status != 0 && ${#steps_failed[@]} == 0)); then
    steps_failed+=("the script itself, exit $status")
  fi
  steps_verdict ''
  exit "$status"
}

# Its own process group, so that it can be ended as a whole; and it ends with us, however we end.
steps_spawn() {  # LOG COMMAND...; sets spawned
  local log=$1
  shift
  set -m
  setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 </dev/null &
  spawned=$!
  set +m
}

steps_excerpt() {  # LOG: its first errors where it names any, and its end; no line longer than a screen can bear
  grep -aE '(^|[ :])(fatal error|[Ee]rror|FAILED)[: ]' "$1" | head -n 12 | cut -c 1-240 | sed 's/^/    ! /' || true
  tail -n 20 "$1" | tr '\r' '\n' | tail -n 20 | cut -c 1-240 | sed 's/^/    | /'
}

steps_finish() {  # NAME STATUS BEGIN LOG
  steps_since "$3"
  took=${step_took[$1]:-$took}
  if [[ $2 == 0 ]]; then
    steps_line ok "$1" "$took"
    return 0
  fi
  steps_failed+=("$1")
  steps_line FAILED "$1" "$took, exit $2"
  if [[ $4 ]]; then
    steps_excerpt "$4"
    echo "    full log: $4"
  fi
  return "$2"
}

steps_note_ended() {  # keeps how long a background step took, for when it is joined
  local name
  for name in "${!step_pid[@]}"; do
    if [[ ! ${step_took[$name]:-} ]] && ! kill -0 "${step_pid[$name]}" 2>/dev/null; then
      steps_since "${step_began[$name]}"
      step_took[$name]=$took
    fi
  done
}

steps_wait() {  # NAME PID BEGIN LOG: waits, with a sign of life
  local signs='|/-\' ticks=0 last others name
  while kill -0 "$2" 2>/dev/null; do
    if [[ $steps_live ]]; then
      steps_since "$3"
      others=''
      for name in "${!step_pid[@]}"; do
        if [[ $name != "$1" ]] && kill -0 "${step_pid[$name]}" 2>/dev/null; then others+=" (beside it: $name)"; fi
      done
      last=$(tail -c 400 "$4" | tr '\r' '\n' | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' | grep -v '^ *$' | tail -n 1 || true)
      printf '\r\033[K  %s      %-26s %s%s' "${signs:ticks % 4:1}" "$1" "$took" "$others"
      printf ' %.*s' "$((${COLUMNS:-100} - 48 - ${#others}))" "$last"
    elif ((ticks > 0 && ticks % 300 == 0)); then
      steps_since "$3"
      steps_line '...' "$1" "$took: $(tail -n 1 "$4")"
    fi
    ticks=$((ticks + 1))
    sleep 0.2
    steps_note_ended
  done
  wait "$2"
}

step() {
  local name=$1 log status=0 began
  shift
  log=$steps_logs/${name//[^A-Za-z0-9_.-]/_}.log
  steps_now
  began=$now
  if [[ ! $steps_live ]]; then steps_line '...' "$name" ''; fi
  steps_spawn "$log" "$@"
  step_group=$spawned
  steps_wait "$name" "$spawned" "$began" "$log" || status=$?
  step_group=''
  steps_finish "$name" "$status" "$began" "$log"
}

step_shown() {
  local name=$1 status=0 began
  shift
  steps_now
  began=$now
  steps_line '...' "$name" ''
  "$@" || status=$?
  steps_finish "$name" "$status" "$began" ''
}

step_start() {
  local name=$1
  shift
  steps_now
  step_began[$name]=$now
  steps_line '...' "$name" 'started, in the background'
  steps_spawn "$steps_logs/${name//[^A-Za-z0-9_.-]/_}.log" "$@"
  step_pid[$name]=$spawned
}

step_join() {
  local name=$1 log status=0
  log=$steps_logs/${name//[^A-Za-z0-9_.-]/_}.log
  steps_wait "$name" "${step_pid[$name]}" "${step_began[$name]}" "$log" || status=$?
  unset "step_pid[$name]"
  steps_finish "$name" "$status" "${step_began[$name]}" "$log"
}

steps_verdict() {  # REPORT
  steps_since "$steps_began"
  local failed
  if [[ $steps_live ]]; then printf '\r\033[K'; fi
  if ((${#steps_failed[@]} == 0)); then
    echo "$steps_title: passed in $took${1:+; report: $1}"
  else
    failed=$(printf ', %s' "${steps_failed[@]}")
    echo "$steps_title: FAILED (${failed:2}) after $took; logs: $steps_logs${1:+; report: $1}"
  fi
}

steps_close() {
  trap - EXIT
  steps_stop TERM
  steps_verdict "${1:-}"
  if ((${#steps_failed[@]} == 0)); then exit 0; else exit 1; fi
}
