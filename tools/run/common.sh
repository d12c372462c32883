# What the scripts beside this file share; sourced from the repository's root.
source tools/setup/env.sh
source tools/setup/steps.sh

# A second checkout of the same sources compiles nothing anew.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

run_setup() {
  step setup tools/setup/setup
  source tools/setup/env.sh # setup may have put Go there just now
}

compile() {  # PRESET
  step "configure ($1)" cmake --preset "$1"
  step "compile ($1)" cmake --build --preset "$1"
}

# Kubernetes and what goes with it take about a quarter of an hour on two cores where
# they are not built yet, so they are built beside the C++ sources, and behind them
# where both want a core.
start_kubernetes() { step_start kubernetes nice -n 10 tools/kubernetes/build; }

join_kubernetes() {
  step_join kubernetes
  SEATRIAL_KUBERNETES_BIN=$(tools/kubernetes/build)
  export SEATRIAL_KUBERNETES_BIN
}

start_pinned() {  # all of it
  start_kubernetes
  step_start companions nice -n 12 tools/companions/build
  step_start ffmpeg tools/ffmpeg
  step_start eval nice -n 12 tools/eval/build
}

join_pinned() {
  step_join ffmpeg
  step_join eval
  join_kubernetes
  step_join companions
}

# One line "PASSED FAILED" for .ci/run to add up.
write_counts() { # NAME PASSED FAILED
  mkdir -p build/counts
  echo "$2 $3" >"build/counts/$1"
}

run_tests() {  # PRESET: shows ctest's lines; a report per program in build/report/PRESET
  local report=$PWD/build/report/$1 status=0
  rm -rf "$report"
  mkdir -p "$report"
  GTEST_OUTPUT=xml:$report/gtest/ GTEST_COLOR=no step_shown "test ($1)" \
    ctest --preset "$1" --output-junit "$report/ctest.xml" ${TEST:+--tests-regex "$TEST" --no-tests=ignore} || status=$?
  # shellcheck disable=SC2046
  write_counts "test-$1" $(tools/run/count_tests "$report/ctest.xml" "$report/gtest")
  return "$status"
}
