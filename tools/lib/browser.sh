# shellcheck shell=bash
# A browser for the desktop application, which looks for the same names. Source common.sh and apt.sh first.

has_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable microsoft-edge microsoft-edge-stable; do
        if command -v "$name" > /dev/null; then return; fi
    done
    return 1
}

# install_browser: Debian's Chromium, where the system has no browser that will do; 1 on systems that have no such package
install_browser() {
    has_browser && return
    [ -n "$(debian_mirror)" ] || return 1
    install_packages chromium
}
