# shellcheck shell=bash
# Packages: from the system's own sources into the system, and from other suites of its Debian mirror into folders.
# Source common.sh first. No list of sources is ever changed.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# sudo asks at the terminal, whatever the standard input is.
can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo > /dev/null && { sudo -n true 2> /dev/null || { : < /dev/tty; } 2> /dev/null; }; }
}

# install_packages PACKAGE…: what the system lacks
install_packages() {
    command -v apt-get > /dev/null || die "this system has no apt-get. Install what these Debian packages contain: $* (docs/setup.md)"
    can_be_root || die "these packages are missing: $*. Run 'tools/setup' as root or with sudo, or have them installed: apt-get install $*"
    local log=$root/.tools/apt.log
    say "installing from this system's package sources: $*"
    as_root apt-get -q update > "$log" 2>&1 || say "apt-get update reported errors; going on with the lists that are there"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" < /dev/null >> "$log" 2>&1 ||
        { tail -n 5 "$log" >&2; die "these packages are missing and could not be installed (is there a network?): $*. The log is .tools/apt.log"; }
}

# debian_mirror: prints the address of the Debian archive that this system uses; nothing on other systems
debian_mirror() {
    command -v apt-get > /dev/null || return 0
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || return 0
    # shellcheck disable=SC2016 # apt's own placeholders
    apt-get indextargets --format '$(REPO_URI) $(SUITE)' 2> /dev/null | grep -E '^(https?|file|mirror\+[a-z]+):.*/debian/? ' | head -n 1 | cut -d ' ' -f 1 || true
}

# private_apt FOLDER STATUS SUITE…: an apt of its own under FOLDER that sees these suites; sets `apt`
private_apt() {
    local folder=$1 status=$2 suite
    shift 2
    rm -rf "$folder"
    mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
    for suite in "$@"; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done > "$folder/sources.list"
    : > "$folder/empty-status"
    [ "$status" = system ] && status=/var/lib/dpkg/status || status=$folder/empty-status
    apt=(apt-get -q -y -oDir::Etc::sourcelist="$folder/sources.list" -oDir::Etc::sourceparts=/dev/null -oDir::Etc::preferencesparts=/dev/null
         -oDir::State::Lists="$folder/lists" -oDir::State::status="$status" -oDir::State::extended_states="$folder/extended_states"
         -oDir::Cache="$folder/cache" -oDebug::NoLocking=1 -oAPT::Sandbox::User="$(id -un)"
         -oAcquire::Languages=none -oAcquire::Retries=2 -oAPT::Install-Recommends=false)
    "${apt[@]}" update > "$folder/log" 2>&1 && ! grep -q '^[WE]: Failed' "$folder/log"
}

# unpack_packages ARCHIVES TARGET: every package in ARCHIVES, without the documentation
unpack_packages() {
    local package
    for package in "$1"/*.deb; do
        dpkg -x "$package" "$2" || return 1
    done
    rm -rf "$2/usr/share/doc" "$2/usr/share/man" "$2/usr/share/locale"
}
