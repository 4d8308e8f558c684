# SPDX-License-Identifier: Apache-2.0
"""The account as TWS reports it: every tag of account updates with its value and currency.

Tags and their meaning: https://interactivebrokers.github.io/tws-api/interfaceIBApi_1_1EWrapper.html
(updateAccountValue). Segment rows (-S securities, -C commodities) carry the whole account under securities: the
simulated account is not split. Pure formatting of a `Standing`.
"""

from terminal.simulation.accounts import Accounts, Standing

BUYING_POWER_FACTOR = 4.0
"""A Reg T margin account above 25,000 USD shows four times its available funds (pattern day trading)."""


def account_values(accounts: Accounts, account: str) -> list[tuple[str, str, str]]:
    """Return (tag, value, currency) rows."""
    standing = accounts.standing(account)
    ledger = accounts.ledger(account)
    rows = [
        ("AccountCode", account, ""),
        ("AccountOrGroup", account, ledger.base),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("Currency", ledger.base, ledger.base),
        ("TradingType-S", "STKNOPT", ""),
        ("SegmentTitle-S", "US Securities", ""),
        ("DayTradesRemaining", "-1", ""),
        ("Leverage-S", f"{_leverage(standing):.2f}", ""),
        ("Cushion", f"{_cushion(standing):.6f}", ""),
        ("LookAheadNextChange", "0", ""),
    ]
    for tag, amount in _amounts(standing):
        rows.append((tag, f"{amount:.2f}", ledger.base))
    rows.extend(_currencies(accounts, account, standing))
    return rows


def _cushion(standing: Standing) -> float:
    return standing.excess_liquidity / standing.net_liquidation if standing.net_liquidation > 0 else 0.0


def _leverage(standing: Standing) -> float:
    return standing.gross_position / standing.net_liquidation if standing.net_liquidation > 0 else 0.0


def _amounts(standing: Standing) -> list[tuple[str, float]]:
    buying_power = max(standing.available_funds, 0.0) * BUYING_POWER_FACTOR
    doubled = {
        "NetLiquidation": standing.net_liquidation,
        "TotalCashValue": standing.cash,
        "EquityWithLoanValue": standing.equity_with_loan,
        "AvailableFunds": standing.available_funds,
        "ExcessLiquidity": standing.excess_liquidity,
        "InitMarginReq": standing.initial,
        "MaintMarginReq": standing.maintenance,
        "FullAvailableFunds": standing.available_funds,
        "FullExcessLiquidity": standing.excess_liquidity,
        "FullInitMarginReq": standing.initial,
        "FullMaintMarginReq": standing.maintenance,
        "LookAheadAvailableFunds": standing.available_funds,
        "LookAheadExcessLiquidity": standing.excess_liquidity,
        "LookAheadInitMarginReq": standing.initial,
        "LookAheadMaintMarginReq": standing.maintenance,
        "GrossPositionValue": standing.gross_position,
        "AccruedCash": 0.0,
        "AccruedDividend": 0.0,
        "PASharesValue": 0.0,
        "PostExpirationExcess": 0.0,
        "PostExpirationMargin": 0.0,
        "Guarantee": 0.0,
        "IndianStockHaircut": 0.0,
    }
    rows = [
        ("BuyingPower", buying_power),
        ("RegTEquity", standing.equity_with_loan),
        ("RegTMargin", standing.initial),
        ("SMA", standing.available_funds),
        ("Billable", 0.0),
    ]
    for tag, amount in doubled.items():
        rows.append((tag, amount))
        rows.append((f"{tag}-S", amount))
    return rows


def _currencies(accounts: Accounts, account: str, standing: Standing) -> list[tuple[str, str, str]]:
    """Return the currency ledger: one block per currency, and one for the whole in base currency."""
    ledger = accounts.ledger(account)
    blocks = [("BASE", standing.cash, 1.0)]
    blocks += [(name, float(amount), accounts.rate(name)) for name, amount in ledger.cash.items()]
    rows: list[tuple[str, str, str]] = []
    for name, cash, rate in blocks:
        home = name in {"BASE", ledger.base}
        stocks, options, futures = (
            (standing.stocks, standing.options, standing.futures_profit) if home else (0.0, 0.0, 0.0)
        )
        amounts = {
            "CashBalance": cash,
            "TotalCashBalance": cash,
            "StockMarketValue": stocks,
            "OptionMarketValue": options,
            "FutureOptionValue": 0.0,
            "FuturesPNL": futures,
            "NetLiquidationByCurrency": cash + stocks + options + futures,
            "UnrealizedPnL": standing.unrealized if home else 0.0,
            "RealizedPnL": standing.realized if home else 0.0,
            "AccruedCash": 0.0,
            "NetDividend": 0.0,
            "FxCashBalance": 0.0,
        }
        rows.extend((tag, f"{amount:.4f}", name) for tag, amount in amounts.items())
        rows.append(("ExchangeRate", f"{rate:.6f}", name))
        rows.append(("RealCurrency", ledger.base if name == "BASE" else name, name))
    return rows
