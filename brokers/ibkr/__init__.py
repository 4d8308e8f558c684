# SPDX-License-Identifier: Apache-2.0
"""Interactive Brokers through TWS or IB Gateway, over ib_insync.

Only the manifest lives here: importing this package must stay cheap, the library itself is imported
inside the running loop (eventkit reads the loop at import).
"""

from terminal.ports import BrokerPlugin

PLUGIN = BrokerPlugin(
    id="ibkr",
    title="Interactive Brokers (TWS or IB Gateway)",
    factory="brokers.ibkr.broker:IbkrBroker",
    capabilities=frozenset(
        {
            "quotes",
            "depth",
            "trades",
            "bars",
            "bar_streams",
            "option_chains",
            "option_greeks",
            "orders",
            "brackets",
            "modify",
            "what_if",
            "account",
            "pnl",
        }
    ),
)
