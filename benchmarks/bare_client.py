# SPDX-License-Identifier: Apache-2.0
"""The control of G8: asyncio and ib_insync's client on a bare loop, nothing else. ``... PORT`` then a line per order.

For every line on standard input it places one limit order and prints when it began, the machine's monotonic clock
in nanoseconds; then it cancels the order.
"""

import asyncio
import sys
import time
from typing import Any, Final

from brokers.ibkr.library import load, quiet

FIRST_ID: Final = 900_000


async def _serve(port: int) -> None:
    library = load()
    quiet()
    ib: Any = library.IB()
    await ib.client.connectAsync("127.0.0.1", port, 99, 10)
    ib.client.MaxRequests = 0
    contract = library.Stock("MSFT", "SMART", "USD")
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    number = FIRST_ID
    while await loop.run_in_executor(None, sys.stdin.readline):
        number += 1
        order = library.LimitOrder("BUY", 1, 100, orderId=number, tif="DAY")
        await asyncio.sleep(0)
        start = time.monotonic_ns()
        ib.client.placeOrder(number, contract, order)
        print(start, flush=True)
        await asyncio.sleep(0.02)
        ib.client.cancelOrder(number)
    ib.client.disconnect()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
