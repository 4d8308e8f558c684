# SPDX-License-Identifier: Apache-2.0
"""A relay before the simulated TWS, in a process of its own, that notes when the bytes of an order arrive.

``python -m benchmarks.relay UPSTREAM_PORT`` prints its own port, then one JSON line per order: the machine's
monotonic clock in nanoseconds, and the order id.
"""

import asyncio
import json
import sys
import time
from typing import Final

_PLACE_ORDER: Final = b"3"
_HELLO: Final = b"API\0"


class _Orders:
    """Finds placed orders in what one client sends."""

    def __init__(self) -> None:
        self._rest = b""
        self._greeted = False

    def see(self, data: bytes, ns: int) -> None:
        self._rest += data
        if not self._greeted and self._rest.startswith(_HELLO):
            self._rest = self._rest[len(_HELLO) :]
            self._greeted = True
        while len(self._rest) >= 4:
            size = int.from_bytes(self._rest[:4], "big")
            if len(self._rest) < 4 + size:
                return
            fields = self._rest[4 : 4 + size].split(b"\0", 2)
            self._rest = self._rest[4 + size :]
            if fields[0] == _PLACE_ORDER:
                print(json.dumps({"ns": ns, "id": int(fields[1])}), flush=True)


async def _relay(port: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_outwards(reader, back_writer), _inwards(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _outwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    orders = _Orders()
    while data := await reader.read(1 << 16):
        now = time.monotonic_ns()
        writer.write(data)
        orders.see(data, now)
    writer.close()


async def _inwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


if __name__ == "__main__":
    asyncio.run(_relay(int(sys.argv[1])))
