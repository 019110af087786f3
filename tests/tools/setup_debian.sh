#!/bin/bash
# Installs on Debian (as root) what the tests need beyond Python: network tools, and a real InfluxDB built from source.
# usage: setup_debian.sh              everything; the InfluxDB build (8 to 10 minutes, once) runs last
#        setup_debian.sh packages     only what apt gives, quick
#        setup_debian.sh influxd      only InfluxDB
# Running it again costs a moment.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PATH="$PATH:/usr/sbin:/sbin:/usr/local/go/bin:$HOME/.cargo/bin"
need_go=1.25.10 need_cargo=1.83 # what InfluxDB 2.9.1 and its flux library ask for

say() { echo "setup_debian: $*"; }
fail() { echo "setup_debian: $*" >&2; exit 2; }
at_least() { dpkg --compare-versions "$1" ge "$2"; }

apt_ready=
apt_install() {
    [ "$(id -u)" = 0 ] || fail "must be root to install $*"
    if [ -z "$apt_ready" ]; then say "apt-get update"; apt-get update -qq; apt_ready=1; fi
    say "apt-get install $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" >/dev/null
}

packages() {
    local missing=()
    command -v ip >/dev/null || missing+=(iproute2)
    command -v nft >/dev/null || missing+=(nftables)
    command -v make >/dev/null || missing+=(make)
    command -v flock >/dev/null || missing+=(util-linux)
    command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core) # the browser tests of the page
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
    prometheus
    say "iproute2, nftables, make, python3 and prometheus are there"
}

prometheus() { # the tests start servers of their own: the service that the package brings is not wanted
    if command -v prometheus >/dev/null && command -v promtool >/dev/null; then return; fi
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        trap "rm -f $policy" EXIT
    fi
    apt_install prometheus
    if command -v systemctl >/dev/null; then systemctl disable --quiet prometheus || true; fi
}

influxd_there() { # the order in which the tests look it up
    local found
    for found in "${INFLUXD_BIN:-}" "$(command -v influxd || true)" "${XDG_CACHE_HOME:-$HOME/.cache}"/reachd/influxd-v2*; do
        if [ -x "$found" ] && "$found" version 2>/dev/null | grep -q 'InfluxDB v2'; then say "InfluxDB is there: $found"; return 0; fi
    done
    return 1
}

toolchain() { # toolchain NAME PACKAGE FOUND_VERSION NEEDED REMEDY
    if [ -n "$3" ] && at_least "$3" "$4"; then say "$1 $3 is there"; return; fi
    local offered=
    if [ "$(id -u)" = 0 ]; then
        if [ -z "$apt_ready" ]; then say "apt-get update"; apt-get update -qq; apt_ready=1; fi
        offered=$(LC_ALL=C apt-cache policy "$2" | sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}//p')
        if [ -n "$offered" ] && [ "$offered" != "(none)" ] && at_least "$offered" "$4"; then apt_install "$2"; return; fi
    fi
    fail "$1 ${3:-(none)} is here, InfluxDB needs >= $4, and apt offers ${offered:-nothing that was looked up}. $5"
}

influxd() {
    if influxd_there; then return; fi
    local missing=()
    command -v gcc >/dev/null || missing+=(gcc libc6-dev)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
    toolchain Go golang-go "$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)" "$need_go" \
        "The golang of Debian 12 is too old: unpack the tarball of go.dev/dl to /usr/local/go (or put a newer go on PATH), then run this again."
    toolchain Rust cargo "$(cargo --version 2>/dev/null | cut -d ' ' -f 2 || true)" "$need_cargo" \
        "Install the stable toolchain with rustup (rustup.rs), then run this again. Or name a ready server: INFLUXD_BIN=/path/to/influxd."
    say "building InfluxDB (8 to 10 minutes, once)"
    "$here/build_influxd.sh" # says how far it is every 30 s
    influxd_there || fail "the build left no InfluxDB 2 where the tests look for it"
}

case "${1:-all}" in
    all) packages; influxd ;;
    packages | influxd) "$1" ;;
    *) fail "unknown part: $1 (packages, influxd, or nothing for both)" ;;
esac
say "done"
