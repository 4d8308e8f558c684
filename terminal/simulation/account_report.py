# SPDX-License-Identifier: Apache-2.0
"""The account as TWS reports it: every tag of account updates with its value and currency.

Tags and their meaning: https://interactivebrokers.github.io/tws-api/interfaceIBApi_1_1EWrapper.html
(updateAccountValue) and IBKR's account window page. Rows that end in -S are the securities segment, -C the
commodities segment, which holds the margin of futures. Pure formatting of a `Standing`.
"""

from typing import Final

from terminal.clock import NS_PER_S
from terminal.simulation.account_book import DAY_TRADES_ALLOWED, AccountBook
from terminal.simulation.accounts import Accounts
from terminal.simulation.funds import DAY_TRADING_MINIMUM
from terminal.simulation.valuation import CurrencyWorth, Standing

BUYING_POWER_FACTOR: Final = 4.0
"""Available funds at an initial margin of 25 % buy four times their amount (IBKR's account window page)."""
WARNING_CUSHION: Final = 0.05
"""From this share of excess liquidity on the account window warns (yellow, orange, red, liquidation)."""
LEDGER_TAGS: Final = (
    "CashBalance",
    "TotalCashBalance",
    "AccruedCash",
    "StockMarketValue",
    "OptionMarketValue",
    "FutureOptionValue",
    "FuturesPNL",
    "NetLiquidationByCurrency",
    "UnrealizedPnL",
    "RealizedPnL",
    "ExchangeRate",
    "FundValue",
    "NetDividend",
    "MutualFundValue",
    "MoneyMarketFundValue",
    "CorporateBondValue",
    "TBondValue",
    "TBillValue",
    "WarrantValue",
    "FxCashBalance",
    "AccountOrGroup",
    "RealCurrency",
    "IssuerOptionValue",
    "Currency",
    "Cryptocurrency",
)
_EMPTY_LEDGER: Final = (
    "FutureOptionValue",
    "FundValue",
    "MutualFundValue",
    "MoneyMarketFundValue",
    "CorporateBondValue",
    "TBondValue",
    "TBillValue",
    "WarrantValue",
    "IssuerOptionValue",
)


def account_values(accounts: Accounts, account: str, outlook: Standing | None = None) -> list[tuple[str, str, str]]:
    """Return (tag, value, currency) rows.

    Args:
        outlook: the account after the expiry of today's options, if it holds any.
    """
    standing = accounts.standing(account)
    book = accounts.books[account]
    base = accounts.ledger(account).base
    rows = [
        ("AccountCode", account, ""),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("TradingType-S", "STKNOPT", ""),
        ("SegmentTitle-S", "US Securities", ""),
        ("SegmentTitle-C", "US Commodities", ""),
        ("WhatIfPMEnabled", "true", ""),
        ("ColumnPrio-S", "1", ""),
        ("ColumnPrio-C", "2", ""),
        ("Leverage-S", f"{_leverage(standing):.2f}", ""),
        ("Leverage", f"{_leverage(standing):.2f}", ""),
        ("Cushion", f"{standing.cushion:.6f}", ""),
        ("HighestSeverity", str(severity(standing)), ""),
        ("LookAheadNextChange", str(accounts.margin_day()[1] // NS_PER_S), ""),
    ]
    rows.extend(_day_trades(accounts, book, standing.net_liquidation * accounts.rate(base)))
    rows.extend((tag, f"{amount:.2f}", base) for tag, amount in _amounts(standing, outlook))
    rows.extend(_currencies(accounts, account, standing))
    return rows


def severity(standing: Standing) -> int:
    """Return how near the account is to a liquidation: 0 not, 1 to 2 with little cushion, 3 in deficiency.

    TWS documents the tag (HighestSeverity: a measure of how close the account is to liquidation), not its numbers.
    """
    if not standing.maintenance:
        return 0
    if standing.excess_liquidity < 0:
        return 3
    if standing.cushion < WARNING_CUSHION:
        return 2
    return 1 if standing.cushion < 2 * WARNING_CUSHION else 0


def _day_trades(accounts: Accounts, book: AccountBook, equity: float) -> list[tuple[str, str, str]]:
    """Return the day trades left today and on the four days to come; -1 is unlimited."""
    day = accounts.day()[0]
    rows = []
    for ahead, tag in enumerate(("", "T+1", "T+2", "T+3", "T+4")):
        left = -1
        if equity < DAY_TRADING_MINIMUM:
            left = max(DAY_TRADES_ALLOWED - book.recent_day_trades(day, ahead), 0)
        rows.append((f"DayTradesRemaining{tag}", str(left), ""))
    return rows


def _leverage(standing: Standing) -> float:
    return standing.gross_position / standing.net_liquidation if standing.net_liquidation > 0 else 0.0


def _amounts(standing: Standing, outlook: Standing | None) -> list[tuple[str, float]]:
    rows = [
        ("BuyingPower", max(standing.available_funds, 0.0) * BUYING_POWER_FACTOR),
        ("PreviousEquityWithLoanValue", standing.previous_equity),
        ("PreviousDayEquityWithLoanValue", standing.previous_equity),
        ("PreviousDayEquityWithLoanValue-S", standing.previous_equity),
        ("RegTEquity", standing.equity_with_loan),
        ("RegTEquity-S", standing.equity_with_loan),
        ("RegTMargin", standing.need.regulation_t),
        ("RegTMargin-S", standing.need.regulation_t),
        ("SMA", standing.memorandum),
        ("SMA-S", standing.memorandum),
        ("SettledCash", standing.cash),
        ("Billable", 0.0),
    ]
    for tag, (whole, commodities) in _by_segment(standing, outlook).items():
        rows.append((tag, whole))
        rows.append((f"{tag}-S", whole - commodities))
        rows.append((f"{tag}-C", commodities))
    return rows


def _by_segment(standing: Standing, outlook: Standing | None) -> dict[str, tuple[float, float]]:
    """Return tag -> (whole account, commodities segment)."""
    # The broker sweeps to the commodities segment what its margin needs; the profit of futures stays there.
    initial, maintenance = standing.commodities.initial, standing.commodities.maintenance
    profit, swept = standing.futures_profit, max(initial, 0.0)
    figures = {
        "NetLiquidation": (standing.net_liquidation, profit + swept),
        "TotalCashValue": (standing.cash, swept),
        "EquityWithLoanValue": (standing.equity_with_loan, profit + swept),
        "AccruedCash": (standing.interest, 0.0),
        "AccruedDividend": (standing.dividends, 0.0),
        "GrossPositionValue": (standing.gross_position, 0.0),
        "PASharesValue": (0.0, 0.0),
        "PostExpirationExcess": (outlook.excess_liquidity if outlook else 0.0, 0.0),
        "PostExpirationMargin": (outlook.maintenance if outlook else 0.0, 0.0),
        "Guarantee": (0.0, 0.0),
        "IndianStockHaircut": (0.0, 0.0),
        "IncentiveCoupons": (0.0, 0.0),
        "PhysicalCertificateValue": (0.0, 0.0),
    }
    night, equity = standing.commodities_by_night, standing.equity_with_loan
    for prefix, need, initially, kept in (
        ("", standing.need, initial, maintenance),
        ("Full", standing.look_ahead, night.initial, night.maintenance),
        ("LookAhead", standing.look_ahead, night.initial, night.maintenance),
    ):
        figures[f"{prefix}AvailableFunds"] = (equity - need.initial, profit + swept - initially)
        figures[f"{prefix}ExcessLiquidity"] = (equity - need.maintenance, profit + swept - kept)
        figures[f"{prefix}InitMarginReq"] = (need.initial, initially)
        figures[f"{prefix}MaintMarginReq"] = (need.maintenance, kept)
    return figures


def _currencies(accounts: Accounts, account: str, standing: Standing) -> list[tuple[str, str, str]]:
    """Return the currency ledger: one block for the whole in base currency, then one per currency."""
    base = accounts.ledger(account).base
    rates = {name: accounts.rate(name, base) for name in standing.by_currency}
    whole = CurrencyWorth()
    for name, worth in standing.by_currency.items():
        for slot in CurrencyWorth.__dataclass_fields__:
            setattr(whole, slot, getattr(whole, slot) + rates[name] * getattr(worth, slot))
    rows = _block(account, "BASE", base, whole, 1.0)
    for name, worth in standing.by_currency.items():
        rows.extend(_block(account, name, name, worth, rates[name]))
    return rows


def _block(account: str, name: str, real: str, worth: CurrencyWorth, rate: float) -> list[tuple[str, str, str]]:
    amounts = {
        "CashBalance": worth.cash,
        "TotalCashBalance": worth.cash,
        "AccruedCash": worth.interest,
        "StockMarketValue": worth.stocks,
        "OptionMarketValue": worth.options,
        "FuturesPNL": worth.futures_profit,
        "NetLiquidationByCurrency": worth.net_liquidation,
        "UnrealizedPnL": worth.unrealized,
        "RealizedPnL": worth.realized,
        "NetDividend": worth.dividends,
        "FxCashBalance": 0.0,
        "Cryptocurrency": worth.crypto,
    }
    amounts.update(dict.fromkeys(_EMPTY_LEDGER, 0.0))
    rows = [("Currency", name, name), ("AccountOrGroup", account, name), ("RealCurrency", real, name)]
    rows.extend((tag, f"{amount:.4f}", name) for tag, amount in amounts.items())
    rows.append(("ExchangeRate", f"{rate:.6f}", name))
    return rows
