#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Show the bare-machine claim: in a fresh Debian root with Python and make alone and an empty HOME, a clone of this
# repository passes `make test`, opens Tiller by `make run` and passes the self-test; then all of it again with the
# network off.
#
#   packaging/bare_machine.sh [DIR] [step ...]
#
# Steps: test, run, selftest (these three, if none is named); wheel and deb (install what `make package` left in
# dist/ and let it test itself); and any other target of the Makefile.
#
# Run as root on Debian with debootstrap and git; the mirror is the one that this machine's apt uses. DIR (default:
# a temporary folder) keeps the bare root between calls. A certificate bundle named by SSL_CERT_FILE goes along,
# because a machine behind a proxy of its own cannot do without.
set -euo pipefail
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=bookworm
work=${1:-$(mktemp -d -t tiller-bare.XXXXXX)}
steps=("${@:2}")
[[ ${#steps[@]} -gt 0 ]] || steps=(test run selftest)
root=$work/root
home=/home/trader

say() { printf '\n== %s\n' "$*"; }

mirror() {
    # shellcheck disable=SC2016 # the fields are apt's
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Identifier: Packages' |
        awk -v suite="$suite" '$2 == suite && $3 == "Debian" { print $1; exit }'
}

build_root() {
    local base=$work/base address
    if [[ ! -x $base/usr/bin/make ]]; then
        address=$(mirror)
        [[ -n $address ]] || { echo "apt knows no mirror of Debian $suite on this machine" >&2; exit 1; }
        say "debootstrap $suite: Python and make, nothing else"
        debootstrap --variant=minbase --include=python3,make "$suite" "$base" "$address" >"$work/debootstrap.log"
    fi
    release_root
    rm -rf --one-file-system "$root"
    cp -a "$base" "$root"
    mkdir -p "$root$home" "$root/tmp/runtime"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    if [[ -n ${SSL_CERT_FILE:-} && -f ${SSL_CERT_FILE:-} ]]; then
        cp "$SSL_CERT_FILE" "$root/etc/machine-certificates.pem"
    fi
    cp "$source_tree"/dist/*.whl "$source_tree"/dist/*.deb "$root/srv/" 2>/dev/null || true
    git clone --quiet --no-hardlinks "$source_tree" "$root/srv/tiller"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
}

release_root() {
    for place in dev proc; do
        if mountpoint -q "$root/$place"; then umount -R "$root/$place"; fi
    done
}

# inside COMMAND...: run it in the bare root with an empty environment
inside() {
    local environment=("HOME=$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 XDG_RUNTIME_DIR=/tmp/runtime)
    if [[ -f $root/etc/machine-certificates.pem ]]; then
        environment+=(SSL_CERT_FILE=/etc/machine-certificates.pem PIP_CERT=/etc/machine-certificates.pem)
    fi
    chroot "$root" /usr/bin/env -i "${environment[@]}" /bin/sh -c "cd /srv/tiller && $*"
}

# One window, from start to the first paint, then an orderly end by SIGTERM to the whole group.
see_window() {
    # shellcheck disable=SC2016 # expanded inside the root
    inside 'QT_QPA_PLATFORM=offscreen setsid make run >/tmp/run.log 2>&1 & group=$!
        for _ in $(seq 1800); do
            grep -q "first paint" /tmp/run.log && break
            kill -0 $group 2>/dev/null || break
            sleep 0.5
        done
        kill -TERM -$group 2>/dev/null
        for _ in $(seq 60); do kill -0 -$group 2>/dev/null || break; sleep 0.5; done
        tail -n 5 /tmp/run.log
        kill -KILL -$group 2>/dev/null && { echo "the window did not end within 30 s of SIGTERM"; exit 1; }
        grep -q "first paint" /tmp/run.log'
}

# shellcheck disable=SC2016 # expanded inside the root
FROM_WHEEL='cd / && export DEBIAN_FRONTEND=noninteractive
    [ -x /opt/wheel/bin/tiller ] || {
        apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv >/dev/null &&
            python3 -m venv /opt/wheel && /opt/wheel/bin/pip install --quiet /srv/tiller_terminal-*.whl
    } && /opt/wheel/bin/tiller selftest'
FROM_DEB='cd / && export DEBIAN_FRONTEND=noninteractive
    [ -x /usr/bin/tiller ] || {
        apt-get update -qq && apt-get install -qq -y --no-install-recommends /srv/tiller-terminal_*.deb >/dev/null
    } && tiller selftest'

step() {
    say "$1${2:+ ($2)}"
    case $1 in
    run) see_window ;;
    selftest) inside make run ARGS=selftest ;;
    wheel) inside "$FROM_WHEEL" ;;
    deb) inside "$FROM_DEB" ;;
    *) inside make "$1" ;;
    esac
}

main() {
    trap release_root EXIT
    build_root
    say "home before: $(find "$root$home" -mindepth 1 | wc -l) files; python: $(inside 'python3 --version')"
    for name in "${steps[@]}"; do step "$name"; done
    say "the same again without network"
    export -f inside see_window step say
    export root home FROM_WHEEL FROM_DEB
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --net bash -euo pipefail -c 'ip link set lo up; for name in "$@"; do step "$name" "network off"; done' \
        bare "${steps[@]}"
    say "passed: ${steps[*]}; bare root kept in $work"
}

main
