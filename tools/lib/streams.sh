# shellcheck shell=bash
# require_streams: gives a program what it cannot run without: standard streams, of which a closed one becomes /dev/null (or the next file
# that the runtime opens would take its place), and enough file handles for it to start. Source common.sh first.
require_streams() {
    { true <&0; } 2> /dev/null || exec < /dev/null
    { true >&1; } 2> /dev/null || exec > /dev/null
    { true >&2; } 2> /dev/null || exec 2> /dev/null
    local handles
    handles=$(ulimit -n)
    [ "$handles" = unlimited ] || [ "$handles" -ge 96 ] || die "at most $handles files may be open (ulimit -n); expected 96 or more"
}
