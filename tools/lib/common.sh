# shellcheck shell=bash
# What the scripts of this folder share. Sourced with `set -euo pipefail` in force.
root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The .NET SDK in which global.json's version is looked for; sets dotnet_root, and PATH where it is not on it.
find_dotnet() {
    local dotnet
    dotnet=$(command -v dotnet || true)
    [ -n "$dotnet" ] || for dotnet in "${DOTNET_ROOT:-/nonexistent}/dotnet" "${HOME:-/root}/.dotnet/dotnet" /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet; do
        if [ -x "$dotnet" ]; then PATH=${dotnet%/*}:$PATH; break; fi
    done
    [ -x "$dotnet" ] || die "the .NET 10 SDK was not found (no 'dotnet' on PATH). Install it first: https://dotnet.microsoft.com/download/dotnet/10.0"
    dotnet=$(readlink -f "$dotnet")
    dotnet_root=${dotnet%/*}
    compgen -G "$dotnet_root/sdk/10.*" > /dev/null ||
        die "$dotnet has no .NET 10 SDK in $dotnet_root/sdk. Install it first: https://dotnet.microsoft.com/download/dotnet/10.0"
    export DOTNET_ROOT=$dotnet_root
}
