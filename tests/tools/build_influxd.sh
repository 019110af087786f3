#!/bin/sh
# Builds a real InfluxDB 2.x server (no web UI) for the integration tests: needs Go >= 1.25.10, Rust, gcc, pkg-config.
# usage: build_influxd.sh [OUTPUT_FILE]      without a file: the user's cache, where the tests look for it
# Takes 7 to 10 minutes once; with warm Go and cargo caches a few seconds.
set -eu
mod=github.com/influxdata/influxdb/v2 ver=v2.9.1
sum=h1:lCCimWY/VpSmNyfOUm5WqKhZijlgJA8JHSD/+39XXuA= # the module's own go.sum and flux's Cargo.lock pin the rest
out=$(realpath -m "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/reachd/influxd-$ver}")
mkdir -p "$(dirname "$out")"

exec 9>"$out.lock"
flock 9 # two builders at once would only slow each other down
if [ -x "$out" ]; then echo "$out is there already"; exit 0; fi
for tool in go cargo gcc pkg-config python3; do
    command -v "$tool" >/dev/null || { echo "build_influxd: $tool is missing; tests/tools/setup_debian.sh says what to install" >&2; exit 2; }
done

started=$(date +%s)
step() { echo "build_influxd: +$(($(date +%s) - started)) s: $*"; }
work=$(mktemp -d)
ticker=
cleanup() { [ -n "$ticker" ] && kill "$ticker" 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
(while sleep 30; do step "still building ($(du -sm "$(go env GOCACHE)" 2>/dev/null | cut -f1) MB of build cache)"; done) 9>&- &
ticker=$!

step "fetching $mod $ver"
cd "$work"
src=$(go mod download -json "$mod@$ver" | python3 -c '
import json, sys
found = json.load(sys.stdin)
if found.get("Sum") != sys.argv[1]:
    sys.exit("influxdb module: %s" % (found.get("Error") or "checksum differs: " + found["Sum"]))
print(found["Dir"])' "$sum")
cd "$src" # in the read-only module cache it is the main module, so its own go.mod, replaces and go.sum hold
export GOFLAGS="-mod=readonly -buildvcs=false"
step "building the pkg-config shim that compiles libflux with cargo"
go build -o "$work/pkg-config" github.com/influxdata/pkg-config
# flux pins an old Rust with six targets in rust-toolchain.toml; the stable one builds it as well
export PKG_CONFIG="$work/pkg-config" RUSTUP_TOOLCHAIN="${RUSTUP_TOOLCHAIN:-stable}"
step "compiling the server (the long part)"
go build -trimpath -tags sqlite_foreign_keys,sqlite_json -ldflags "-s -w -X main.version=$ver" -o "$out.part" ./cmd/influxd
mv "$out.part" "$out"
step "built $out"
