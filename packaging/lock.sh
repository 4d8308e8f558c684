#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compile requirements/*.txt from pyproject.toml, and requirements/clients/*.txt (the client programs that the tests run
# against the simulated TWS) from the .in files beside them: every version and every file hash, for all platforms.
#
# The files hold no address and no path: where files come from is the business of whoever installs, what they
# are is ours. Needs uv and the network; run it by `make lock`, read the difference, commit it.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}

compile() {
    out=requirements/$1.txt
    shift
    {
        printf '# Compiled from pyproject.toml by "make lock"; do not edit. Versions and hashes only.\n'
        "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
            --no-header --no-annotate --no-emit-index-url "$@" pyproject.toml
    } >"$out.new"
    mv "$out.new" "$out"
}

compile dev --group dev
compile runtime --constraint requirements/dev.txt
compile package --group package --constraint requirements/dev.txt

compile_client() {
    out=requirements/clients/$1.txt
    {
        printf '# Locked with hashes for the contract suite of the simulated TWS (tests/clients); a test dependency, never shipped.\n'
        sed 's/^/# asked for: /' "requirements/clients/$1.in"
        "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
            --no-header --no-annotate --no-emit-index-url "requirements/clients/$1.in"
    } >"$out.new"
    mv "$out.new" "$out"
}

for client in ib_insync ib_async ibapi nautilus_ibapi; do compile_client "$client"; done
