# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks [NAME...] [--quick]``: measure, ours and the reference in the same run.

Every benchmark runs in a process of its own, one after the other. A goal that is missed is told as missed and is
no failure; a benchmark that cannot run is one (exit code 1). All figures are kept as JSON under ``bench/``.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import ROOT, Row, python

BENCHMARKS: Final[Mapping[str, str]] = {
    "start": "from the process's start to the first paint, to filled docks, to streaming panels (G15)",
    "packet": "one packet of market data through adapter, hub, bus and bridge",
    "chart": "a million bars and a ladder against an empty plot (G5)",
    "store": "bars from disk to arrays (G12)",
    "journal": "an order's intent made durable (G10)",
    "lanes": "a cancel behind 200 data requests (G9)",
    "send": "from the click on Send to the bytes on the socket",
    "simulator": "the simulated market: a first chart, and streaming",
    "wire": "level 1 encoded, and end to end over one socket",
    "fills": "from a market order's bytes to its fill's, over a socket, without latency",
    "loop": "stalls of the event loop in a minute of the demo, and memory",
    "memory": "resident memory of a fast demo over three hours of its market: flat?",
}
_PATIENCE_S: Final = 600


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    described = "\n".join(f"  {name:<10} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure, ours and the reference in one run.\n\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these alone (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for a look, not for the record")
    parser.add_argument("--inside", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return options


def _inside(name: str, kept: Path, *, quick: bool) -> int:
    """Run one benchmark in this process; tell its rows and keep them."""
    module: Any = importlib.import_module(f"benchmarks.bench_{name}")
    rows: list[Row] = module.measure(quick=quick)
    for row in rows:
        print(row.line(), flush=True)
    kept.write_text(json.dumps([row.plain() for row in rows]), encoding="utf-8")
    return 0


def _outside(names: Sequence[str], *, quick: bool) -> int:
    folder = ROOT / "bench"
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "default.warning=false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    record: dict[str, Any] = {"machine": _machine(), "load_at_start": _load(), "quick": quick, "rows": {}}
    failed, missed = [], []
    started = time.monotonic()
    print(f"{record['machine']}; load {record['load_at_start']}", flush=True)
    for name in names:
        print(f"{name}: {BENCHMARKS[name]}", flush=True)
        kept = folder / f".{name}.json"
        kept.unlink(missing_ok=True)
        begun = time.monotonic()
        arguments = ["-m", "benchmarks", name, "--inside", str(kept), *(["--quick"] if quick else [])]
        child = python(*arguments, environment=environment)
        try:
            code = child.wait(_PATIENCE_S)
        finally:
            child.kill()
            child.wait()
        if code or not kept.exists():
            failed.append(name)
            print(f"  {name} could not run (exit code {code})", flush=True)
            continue
        rows = json.loads(kept.read_text("utf-8"))
        kept.unlink()
        record["rows"][name] = {"seconds": round(time.monotonic() - begun, 1), "load": _load(), "rows": rows}
        missed += [row["name"] for row in rows if row["met"] is False]
    (folder / time.strftime("%Y%m%dT%H%M%S.json")).write_text(json.dumps(record, indent=1), encoding="utf-8")
    _sum_up(record, missed, failed, time.monotonic() - started)
    return 1 if failed else 0


def _sum_up(record: Mapping[str, Any], missed: Sequence[str], failed: Sequence[str], seconds: float) -> None:
    rows = [row for each in record["rows"].values() for row in each["rows"] if row["met"] is not None]
    print(f"{len(rows) - len(missed)} of {len(rows)} goals met in {seconds:.0f} s; load now {_load()}")
    for name in missed:
        print(f"  MISSED {name}")
    for name in failed:
        print(f"  could not run: {name}")


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    if options.inside:
        return _inside(options.names[0], Path(options.inside), quick=options.quick)
    return _outside(options.names or list(BENCHMARKS), quick=options.quick)


if __name__ == "__main__":
    sys.exit(main())
