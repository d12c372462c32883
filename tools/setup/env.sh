# Sourced by the other scripts: where things are kept, and a PATH on which the
# tools that `tools/setup/setup` put into the cache come first.
seatrial_cache=${SEATRIAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seatrial}
if [[ -x $seatrial_cache/go/bin/go && $PATH != "$seatrial_cache/go/bin":* ]]; then
  PATH=$seatrial_cache/go/bin:$PATH
fi
export GOTOOLCHAIN=local
