# Builds pinned Go programs into a cache, one part (a folder with go.mod, go.sum
# and a recipe) at a time; sourced by tools/*/build.
#
#   CACHE/KIND/HASH/bin            the programs of all parts, with versions.json
#   CACHE/KIND/parts/PART-HASH/bin the programs of one part (hard links of the same files)
#   CACHE/KIND/logs/PART.log       what the last build of that part printed
#
# HASH is over what decides the result. A folder of that name appears by one
# rename when it is complete, so a killed build leaves nothing that looks built,
# and the parts it had finished are used by the next.
#
# A recipe sets: name, version (`pinned MODULE` reads go.mod), programs
# (FILE=PACKAGE ...), check (a command whose output must hold the version, or
# `says` where the program words it otherwise), and if need be tags, ldflags, cgo=1,
# links (NAME=FILE ...), a function `before FOLDER` that is called before the build, and a function `also FOLDER`
# that puts more beside the programs.

source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly part_flags="-trimpath -mod=readonly -buildvcs=false -s -w"
part_target="$(uname -m) ${GOOS:-} ${GOARCH:-} ${GOAMD64:-}"

pinned() {  # MODULE -> the version that go.mod in this folder requires
  awk -v module="$1" '{ sub(/^require /, "") } $1 == module && $2 ~ /^v/ { print $2; exit }' go.mod
}

hash_of() { { echo "$part_flags $part_target"; cat -- "$@"; } | sha256sum | cut -c1-16; }

part_files() {  # FOLDER PART -> its input files, in one order
  local file
  for file in "$1/$2"/{go.mod,go.sum,recipe,*.go}; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

tied() {  # runs a command that ends with this shell, however this shell ends (not for use with &: that adds a shell)
  setpriv --pdeathsig TERM "$@"
}

say() { printf '%s\n' "$*" >&2; }

load_recipe() {  # FOLDER PART; sets the recipe's variables, changes into its folder
  cd "$1/$2"
  name='' version='' tags='' ldflags='' says='' cgo=0 programs=() links=() check=()
  source ./recipe
  [[ -n $version ]] || { say "error: $1/$2/recipe: no version found in go.mod"; return 1; }
}

compile_part() {  # FOLDER PART OUT: everything of one part into OUT/bin
  set -euo pipefail
  load_recipe "$1" "$2"
  local out=$3 item file
  if declare -F before >/dev/null; then before "$out"; fi
  for item in "${programs[@]}"; do
    file=$out/bin/${item%%=*}
    mkdir -p "$(dirname "$file")"
    CGO_ENABLED=$cgo tied go build -v -trimpath -mod=readonly -buildvcs=false \
      -tags "$tags" -ldflags "-s -w $ldflags" -o "$file" "${item#*=}"
  done
  for item in ${links[@]+"${links[@]}"}; do
    ln -s "${item#*=}" "$out/bin/${item%%=*}"
  done
  if declare -F also >/dev/null; then also "$out/bin"; fi
  local answer
  answer=$("$out/bin/${check[0]}" "${check[@]:1}" 2>&1) || true
  says=${says:-${version#v}}
  if [[ $answer != *"$says"* ]]; then
    echo "'${check[*]}' should name version $says, but printed: $answer"
    return 1
  fi
}

build_lane() {  # KIND FOLDER WORK PART...: one part after the other; notes each in WORK/PART.state
  local kind_cache=$1 folder=$2 work=$3 part final begin log
  shift 3
  for part in "$@"; do
    final=$(cat "$work/$part.final")
    if [[ -d $final ]]; then continue; fi
    begin=$EPOCHSECONDS
    log=$kind_cache/logs/$part.log
    echo "building $begin" >"$work/$part.state"
    if ! tied bash -c 'source "$1"; shift; compile_part "$@"' - "${BASH_SOURCE[0]}" \
      "$folder" "$part" "$work/$part" >"$log" 2>&1 </dev/null; then
      echo "failed $begin" >"$work/$part.state"
      return 1
    fi
    mv -T "$work/$part" "$final"
    echo "built $((EPOCHSECONDS - begin))" >"$work/$part.state"
  done
}

explain_failure() {  # PART LOG
  say "error: building $1 failed; the last lines of its log:"
  tail -n 20 "$2" | sed 's/^/  | /' >&2
  local hint="Correct what the log names, then run this again: finished parts are kept."
  if grep -qE 'dial tcp|no such host|i/o timeout|TLS handshake|connection refused' "$2"; then
    hint="A Go module could not be fetched: check the network and GOPROXY, then run this again; finished parts are kept."
  elif grep -qE 'Package libseccomp|seccomp\.h|"pkg-config": executable|C compiler "' "$2"; then
    hint="A C library is missing: run tools/setup/setup, then this again."
  elif grep -q 'signal: killed' "$2"; then
    hint="The compiler was killed, most likely for want of memory: free about 4 GB or set GOFLAGS=-p=1, then run this again."
  elif grep -q 'no space left' "$2"; then
    hint="The disk is full: about 14 GB are needed (Go's build cache included)."
  elif grep -qE 'requires go >=|go.mod requires' "$2"; then
    hint="Go is too old: run tools/setup/setup."
  fi
  say "full log: $2"
  say "$hint"
}

show_lines() {  # WORK PART...: what has changed since the last call, a line each (no terminal)
  local work=$1 part state when title
  shift
  for part in "$@"; do
    [[ -f $work/$part.state ]] || continue
    read -r state when <"$work/$part.state" || continue
    title=$(cat "$work/$part.title")
    if [[ ! -f $work/$part.shown ]]; then
      : >"$work/$part.shown"
      say "building $title ..."
    fi
    if [[ $state == built && ! -s $work/$part.shown ]]; then
      echo 1 >"$work/$part.shown"
      say "building $title ... $when s"
    fi
  done
}

show_live() {  # KIND_CACHE WORK PART...: finished parts as lines, those under way in one live line
  local kind_cache=$1 work=$2 part state when line='' signs='|/-\' count
  shift 2
  tick=$((${tick:-0} + 1))
  for part in "$@"; do
    [[ -f $work/$part.state ]] || continue
    read -r state when <"$work/$part.state" || continue
    if [[ $state == built && ! -f $work/$part.shown ]]; then
      : >"$work/$part.shown"
      printf '\r\033[Kbuilding %s ... %s s\n' "$(cat "$work/$part.title")" "$when" >&2
    elif [[ $state == building ]]; then
      count=$(grep -vc '^go: ' "$kind_cache/logs/$part.log" 2>/dev/null || true)
      line+="${line:+, }$part $((EPOCHSECONDS - when)) s (${count:-0} packages)"
    fi
  done
  printf '\r\033[K%s building %.*s' "${signs:tick % 4:1}" "$((${COLUMNS:-100} - 12))" "$line" >&2
}

build_all() {  # KIND KIND_CACHE FOLDER FINAL LANE...
  local kind=$1 kind_cache=$2 folder=$3 final=$4 part work lane lanes_left failed=''
  local -a pids=() all=() inputs=()
  shift 4
  command -v go >/dev/null || { say "error: Go is not installed; run tools/setup/setup"; return 1; }
  mkdir -p "$kind_cache/parts" "$kind_cache/logs"

  exec 9>"$kind_cache/.lock"
  if ! flock -n 9; then
    say "another build of $kind is under way; waiting for it (its logs: $kind_cache/logs)"
    flock 9
    if [[ -d $final ]]; then return 0; fi
  fi
  rm -rf "$kind_cache"/.work.*  # of a build that was killed: only the lock's holder works here
  work=$(mktemp -d "$kind_cache/.work.XXXXXX")
  # shellcheck disable=SC2064
  trap "trap - EXIT; kill \$(jobs -p) 2>/dev/null || true; wait; rm -rf '$work'" EXIT
  trap 'say; exit 130' INT
  trap 'exit 143' TERM HUP

  # shellcheck disable=SC2048 # a lane is a list of words
  for part in $*; do
    all+=("$part")
    (load_recipe "$folder" "$part" && echo "$part ($name ${version#v})" >"$work/$part.title" &&
      echo "$version" >"$work/$part.version")
    mapfile -t inputs < <(part_files "$folder" "$part")
    echo "$kind_cache/parts/$part-$(hash_of "${inputs[@]}")" >"$work/$part.final"
  done

  for lane in "$@"; do
    # shellcheck disable=SC2086
    setpriv --pdeathsig TERM bash -c 'source "$1"; shift; build_lane "$@"' - "${BASH_SOURCE[0]}" \
      "$kind_cache" "$folder" "$work" $lane 9>&- &
    pids+=($!)
  done
  lanes_left=${#pids[@]}
  while ((lanes_left > 0)); do
    sleep 0.2 9>&-
    if [[ -t 2 ]]; then show_live "$kind_cache" "$work" "${all[@]}"; else show_lines "$work" "${all[@]}"; fi
    failed=$(grep -l '^failed' "$work"/*.state 2>/dev/null | head -n 1 || true)
    [[ -z $failed ]] || break
    lanes_left=0
    for lane in "${pids[@]}"; do
      if kill -0 "$lane" 2>/dev/null; then lanes_left=$((lanes_left + 1)); fi
    done
  done
  if [[ -t 2 ]]; then printf '\r\033[K' >&2; fi
  if [[ -n $failed ]]; then
    part=$(basename "$failed" .state)
    explain_failure "$(cat "$work/$part.title")" "$kind_cache/logs/$part.log"
    return 1
  fi

  local comma=''
  mkdir -p "$work/all/bin"
  {
    printf '{'
    for part in "${all[@]}"; do
      [[ -d $(cat "$work/$part.final") ]] || { say "error: $part was not built"; return 1; }
      cp -al "$(cat "$work/$part.final")/bin/." "$work/all/bin/"
      if [[ $part == kube ]]; then printf '%s"kubernetes": ' "$comma"; else printf '%s"%s": ' "$comma" "$part"; fi
      printf '"%s"' "$(cat "$work/$part.version")"
      comma=', '
    done
    printf '}\n'
  } >"$work/all/versions.json"
  mv -T "$work/all" "$final"
}

build_parts() {  # KIND FOLDER LANE... -- [--path|--help]
  local kind=$1 folder=$2 part kind_cache final
  local -a lanes=() inputs=()
  shift 2
  while [[ $1 != -- ]]; do lanes+=("$1"); shift; done
  shift
  # shellcheck disable=SC2048
  for part in ${lanes[*]}; do
    mapfile -t -O "${#inputs[@]}" inputs < <(part_files "$folder" "$part")
  done
  kind_cache=$seatrial_cache/$kind
  final=$kind_cache/$(hash_of "${inputs[@]}")
  case ${1:-} in
    --path) [[ -d $final ]] || { say "not built yet: run $folder/build"; return 1; } ;;
    '') [[ -d $final ]] || build_all "$kind" "$kind_cache" "$folder" "$final" "${lanes[@]}" ;;
    *)
      say "usage: $folder/build [--path]"
      say "builds the pinned programs (${lanes[*]}) if need be and prints their folder;"
      say "--path builds nothing: it prints the folder if it is complete, else ends with 1"
      [[ $1 == --help || $1 == -h ]] || return 2
      return 0
      ;;
  esac
  echo "$final/bin"
}
