# SPDX-License-Identifier: Apache-2.0
"""The four standard ports of TWS and IB Gateway: which of them listens. For messages and the doctor."""

import asyncio
from dataclasses import replace
from typing import Final

from brokers.ibkr.connection import Cause
from brokers.ibkr.timing import BrokerClock, within
from terminal.ports import ConnectionSettings

STANDARD_PORTS: Final = {
    7496: "TWS, live",
    7497: "TWS, paper",
    4001: "IB Gateway, live",
    4002: "IB Gateway, paper",
}
_PROBE_S: Final = 0.5


async def listens(clock: BrokerClock, host: str, port: int, timeout_s: float = _PROBE_S) -> bool:
    """Say whether a TCP connection to ``host:port`` succeeds."""
    try:
        _, writer = await within(clock, timeout_s, asyncio.open_connection(host, port))
    except (TimeoutError, OSError):
        return False
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return True  # accepted, then reset: it listened
    return True


async def open_standard_ports(clock: BrokerClock, host: str, besides: int | None = None) -> list[int]:
    """Return which standard ports listen on ``host``, in the order TWS live, TWS paper, Gateway live, Gateway paper."""
    ports = [port for port in STANDARD_PORTS if port != besides]
    answers = await asyncio.gather(*(listens(clock, host, port) for port in ports))
    return [port for port, answer in zip(ports, answers, strict=True) if answer]


async def describe_ports(clock: BrokerClock, settings: ConnectionSettings, cause: Cause) -> Cause:
    """Add to a refused connection what does listen on the standard ports."""
    found = await open_standard_ports(clock, settings.host, settings.port)
    if found:
        shown = ", ".join(f"{port} ({STANDARD_PORTS[port]})" for port in found)
        return replace(
            cause,
            text=f"{cause.text}; open there: {shown}",
            way_out=f"Set the profile's port to one of these, or: {cause.way_out}",
        )
    return replace(
        cause,
        text=f"{cause.text}, nor on the standard ports 7496, 7497, 4001, 4002",
        way_out=f"Start TWS or IB Gateway and log in. {cause.way_out}, and use the port shown there",
    )
