#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prepare everything that Tiller needs in this checkout; called by make, safe to run again, silent when done.
#
#   prepare.sh venv runtime|dev|package DIR   a virtual environment with the locked packages, each at its locked version
#   prepare.sh qt base|window DIR             the system libraries that Qt loads (window: also those of X11)
#   prepare.sh display                        refuse, with the way out, where a window cannot open
#
# DIR is the environment. What is finished leaves a stamp there, so a second run needs no network. Changes the
# system only by apt-get, only where it is root or sudo asks nothing; elsewhere it names the command and stops.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'tiller: %s\n' "$*" >&2; }
die() { for line in "$@"; do say "$line"; done; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# ------------------------------------------------------------------ python

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || die "PYTHON=$PYTHON is not Python 3.11, 3.12 or 3.13."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3 python; do
        if have "$candidate" && suits "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "Python 3.11, 3.12 or 3.13 was not found on PATH." \
        "Install it (Debian, Ubuntu: apt-get install python3.11), or name it: make run PYTHON=/path/to/python3.11"
}

# ------------------------------------------------------------------ system packages

install_system() {
    why=$1
    shift
    if ! have apt-get; then
        die "$why" "Install them with the package manager of this system, then run make again."
    fi
    sudo=
    if [ "$(id -u)" != 0 ]; then
        if have sudo && sudo -n true 2>/dev/null; then
            sudo="sudo -n"
        else
            die "$why" "Run this once, then make again:" \
                "  sudo apt-get update && sudo apt-get install --no-install-recommends $*"
        fi
    fi
    say "$why Installing: $*"
    $sudo apt-get update -qq || die "apt-get update failed: is there a network?"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null ||
        die "apt-get could not install: $*"
}

# ------------------------------------------------------------------ virtual environment

new_environment() {
    rm -rf "$dir"
    if have uv; then
        uv venv --quiet --python "$python" "$dir"
        return
    fi
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        name=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        install_system "$python has no venv module." "$name"
    fi
    "$python" -m venv "$dir"
}

install_packages() {
    if have uv; then
        uv pip install --quiet --python "$dir/bin/python" --require-hashes --compile-bytecode -r "$lock"
    else
        # an environment that uv made has no pip of its own
        "$dir/bin/python" -m pip --version >/dev/null 2>&1 || new_environment
        "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --progress-bar off \
            --require-hashes --compile -r "$lock"
    fi
}

make_environment() {
    set=$1 dir=$2 lock=requirements/$1.txt stamp=$2/.tiller-$1
    [ -f "$lock" ] || die "unknown set of packages: $set"
    wanted=$(cksum <"$lock")
    if suits "$dir/bin/python" && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        touch "$stamp"
        return
    fi
    python=$(find_python)
    suits "$dir/bin/python" || new_environment
    say "Installing the locked packages ($lock) into $dir; this needs the network once."
    install_packages ||
        die "The packages could not be installed. Is there a network? What is there already is kept: run make again."
    "$dir/bin/python" -m compileall -q main.py terminal brokers strategies widgets resources >/dev/null || true
    printf '%s\n' "$wanted" >"$stamp"
    # the development set contains the runtime set, so one environment answers for both
    if [ "$set" = dev ]; then cksum <requirements/runtime.txt >"$dir/.tiller-runtime"; fi
}

# ------------------------------------------------------------------ Qt's system libraries

# library that is loaded by name, and the Debian package that holds it
BASE="libEGL.so.1:libegl1 libGL.so.1:libgl1 libxkbcommon.so.0:libxkbcommon0 libdbus-1.so.3:libdbus-1-3
      libfontconfig.so.1:libfontconfig1 libglib-2.0.so.0:libglib2.0-0"
WINDOW="$BASE libX11-xcb.so.1:libx11-xcb1 libxkbcommon-x11.so.0:libxkbcommon-x11-0
      libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-image.so.0:libxcb-image0
      libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-randr.so.0:libxcb-randr0
      libxcb-render-util.so.0:libxcb-render-util0 libxcb-shape.so.0:libxcb-shape0
      libxcb-shm.so.0:libxcb-shm0 libxcb-sync.so.1:libxcb-sync1 libxcb-xfixes.so.0:libxcb-xfixes0
      libxcb-xkb.so.1:libxcb-xkb1"
WAYLAND="$BASE libwayland-cursor.so.0:libwayland-cursor0 libwayland-egl.so.1:libwayland-egl1"

absent_packages() {
    # shellcheck disable=SC2086 # the pairs are words
    "$dir/bin/python" - $1 <<'PY'
import ctypes
import sys

for pair in sys.argv[1:]:
    library, package = pair.split(":")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
PY
}

check_qt() {
    dir=$2 stamp=$2/.tiller-qt-$1
    case $1 in
    base) libraries=$BASE ;;
    window)
        # where another platform than X11 is chosen, X11's libraries are no condition and nothing is stamped
        if [ -n "${QT_QPA_PLATFORM:-}" ]; then
            libraries=$BASE stamp=/dev/null
        elif [ -z "${DISPLAY:-}" ] && [ -n "${WAYLAND_DISPLAY:-}" ]; then
            libraries=$WAYLAND stamp=/dev/null
        else
            libraries=$WINDOW
        fi
        ;;
    *) die "unknown set of libraries: $1" ;;
    esac
    if [ "$(uname -s)" = Linux ]; then
        absent=$(absent_packages "$libraries" | sort -u | tr '\n' ' ')
        if [ -n "$absent" ]; then
            # shellcheck disable=SC2086 # one word per package
            install_system "System libraries that Qt needs are missing." $absent
            absent=$(absent_packages "$libraries" | sort -u | tr '\n' ' ')
            [ -z "$absent" ] || die "Still missing after the installation: $absent"
        fi
    fi
    : >"$stamp"
}

# ------------------------------------------------------------------ display

check_display() {
    [ "$(uname -s)" = Linux ] || return 0
    [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ] || return 0
    die "There is no display to open the window on: neither DISPLAY nor WAYLAND_DISPLAY is set." \
        "On a desktop, run this in a terminal of the desktop session; over ssh, connect with ssh -X." \
        "Without a screen: make run ARGS=--headless (the same terminal without its window)," \
        "make shots (pictures of every panel), or QT_QPA_PLATFORM=offscreen make run (a window nobody sees)."
}

case ${1:-} in
venv) make_environment "$2" "$3" ;;
qt) check_qt "$2" "$3" ;;
display) check_display ;;
*) die "usage: prepare.sh venv runtime|dev|package DIR | qt base|window DIR | display" ;;
esac
