# SPDX-License-Identifier: Apache-2.0
"""The options of `tiller simulate`, and what they mean for time: a public interface, forms are added, never changed."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from terminal.errors import UserError
from terminal.simulation.costs import Schedule

FASTEST: Final = 3600.0
EXCHANGE_ZONE: Final = ZoneInfo("America/New_York")
VERSIONS: Final = (157, 176, 178)
_NS: Final = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `tiller simulate` to a parser."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the market (default: 1)")
    parser.add_argument("--state", type=Path, metavar="FILE", help="resume from this file and save to it")
    parser.add_argument(
        "--replay", type=Path, nargs="+", metavar="PATH", help="serve recorded prices from these files or folders"
    )
    parser.add_argument("--read-only", action="store_true", help="refuse orders, as TWS's Read-Only API setting")
    parser.add_argument(
        "--unsubscribed",
        nargs="+",
        default=(),
        metavar="SYMBOL",
        help="no live market data for these symbols and their options: delayed by 15 minutes where the client takes it",
    )
    parser.add_argument("--accounts", type=int, choices=(1, 2), default=1, help="how many accounts (default: 1)")
    parser.add_argument(
        "--commissions",
        choices=[each.value for each in Schedule],
        default=Schedule.TIERED.value,
        help="IBKR's price list (default: %(default)s)",
    )
    parser.add_argument(
        "--server-version", type=int, choices=VERSIONS, default=176, help="newest dialect to speak (default: 176)"
    )
    parser.add_argument("--history", type=Path, metavar="FILE", help="append every message and event as JSON lines")
    parser.add_argument("--parent-pid", type=int, metavar="N", help="stop when process N is gone")
    _add_time(parser)
    _add_faults(parser)
    parser.add_argument(
        "--listen-on-every-interface-i-know-it-is-unprotected",
        "--allow-remote",
        dest="allow_remote",
        action="store_true",
        help="allow a --host that is not the loopback: anybody who reaches it can trade, there is no password",
    )


def _add_time(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("time")
    group.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="market seconds per second, above 0 up to 3600 (default: 1)",
    )
    group.add_argument("--from", dest="start", metavar="TIME", help="begin here, YYYY-MM-DDTHH:MM[:SS] New York")
    group.add_argument("--until", metavar="TIME", help="let the market stand still from here on")
    group.add_argument("--paused", action="store_true", help="begin paused; go on or step over the control port")
    group.add_argument(
        "--clock",
        choices=("machine", "market"),
        default="machine",
        help="whose time limits and faults go by; with market a run repeats byte for byte (default: machine)",
    )


def _add_faults(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faults and control")
    group.add_argument("--faults", type=Path, action="append", default=[], metavar="FILE", help="run this fault script")
    group.add_argument(
        "--fault", action="append", default=[], metavar="ID", help="run a fault of the catalogue, as T01 or T05.second"
    )
    group.add_argument("--list-faults", action="store_true", help="print the catalogue and end")
    group.add_argument("--proxy", action="store_true", help="put the fault proxy in front from the beginning")
    group.add_argument("--control", action="store_true", help="listen on a control port too; its token is printed")
    group.add_argument("--control-port", type=_port, default=0, metavar="N", help="0 takes a free one (default)")
    group.add_argument(
        "--control-token", type=Path, metavar="FILE", help="write the token here (mode 0600) instead of printing it"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a port from 0 to 65535, was {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number above 0 up to {FASTEST:g}, was {text!r}")
    return speed


def moment(text: str, option: str) -> int:
    """Nanoseconds UTC of a time that a person wrote. Raises UserError SIM-023 when there is no such time."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            "SIM-023", f"{option} must be a time like 2025-03-04T10:30 (New York), was {text!r}: {error}."
        ) from error
    if local.tzinfo is None:
        aware = local.replace(tzinfo=EXCHANGE_ZONE)
        if datetime.fromtimestamp(aware.timestamp(), EXCHANGE_ZONE).replace(tzinfo=None) != local:
            raise UserError(
                "SIM-023", f"{option} {text} does not exist in New York: the clocks go forward over it. Choose another."
            )
        local = aware
    return round(local.timestamp() * _NS)


def shown(ns: int) -> str:
    """A moment as a person would write it for these options."""
    return f"{datetime.fromtimestamp(ns / _NS, EXCHANGE_ZONE):%Y-%m-%dT%H:%M:%S}"
