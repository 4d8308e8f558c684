# SPDX-License-Identifier: Apache-2.0
"""The command line: a public interface. Forms are added, never changed."""

import argparse
from pathlib import Path
from typing import Final

from terminal import __version__

RESERVED: Final = ("day", "data", "drill", "kill", "backtest")


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not cross or not width.isdecimal() or not height.isdecimal() or int(width) < 800 or int(height) < 600:
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT of at least 800x600, was {text!r}")
    return int(width), int(height)


def parser() -> argparse.ArgumentParser:
    """Return the parser of everything but ``tiller simulate``, which parses for itself."""
    made = argparse.ArgumentParser(prog="tiller", description="A desktop trading terminal for Interactive Brokers.")
    made.add_argument("--version", action="version", version=f"Tiller {__version__}")
    _profile_options(made)
    made.add_argument("--demo", action="store_true", help="trade the simulated market, whatever the profile says")
    made.add_argument("--headless", action="store_true", help="the same core without a window, until SIGINT or SIGTERM")
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    simulate = commands.add_parser("simulate", help="run the simulated TWS alone", add_help=False)
    simulate.add_argument("rest", nargs=argparse.REMAINDER)
    shots = commands.add_parser("shots", help="start the demo offscreen and save a picture of every panel")
    shots.add_argument("directory", type=Path, metavar="DIR")
    shots.add_argument("--seconds", type=float, default=20.0, help="let it stream this long (default: 20)")
    shots.add_argument("--size", type=_size, default=(1440, 900), metavar="WxH", help="window size (default: 1440x900)")
    shots.add_argument("--theme", choices=("dark", "light", "contrast", "cvd"), default="dark")
    selftest = commands.add_parser("selftest", help="prove this installation: connect, trade, crash, recover, verify")
    selftest.add_argument("--json", action="store_true", help="one JSON object per step")
    selftest.add_argument("--core", type=Path, default=None, help=argparse.SUPPRESS)  # the side that is killed
    journal = commands.add_parser("journal", help="read the journal without the window, or restore its newest backup")
    journal.add_argument("subject", choices=("orders", "fills", "positions", "verify", "restore"))
    journal.add_argument("--json", action="store_true")
    _profile_options(journal)
    doctor = commands.add_parser(
        "doctor", help="check ports, API settings, client id, permissions, clock, disk, keyring"
    )
    doctor.add_argument("--host", default=None)
    doctor.add_argument("--port", type=int, default=None)
    doctor.add_argument("--json", action="store_true")
    _profile_options(doctor)
    probe = commands.add_parser("probe", help="ask a paper account's TWS forty harmless things, say what differs")
    probe.add_argument("--host", default="127.0.0.1", help="where TWS or the Gateway listens (default: %(default)s)")
    probe.add_argument("--port", type=int, default=7497, help="its API port (default: 7497, TWS with a paper account)")
    probe.add_argument("--client-id", type=int, default=917, help="API client id (default: 917)")
    probe.add_argument(
        "--transcript", type=Path, default=Path("probe.jsonl"), metavar="FILE",
        help="keep every message of both directions here, mode 0600 (default: probe.jsonl)",
    )  # fmt: skip
    probe.add_argument("--json", action="store_true")
    for name in RESERVED:
        commands.add_parser(name, help="reserved for a later version")
    return made


def _profile_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", default=argparse.SUPPRESS, help="name of the profile (default: demo)")
    parser.add_argument(
        "--data-dir", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="keep the profiles' data here"
    )
