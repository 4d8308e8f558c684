# SPDX-License-Identifier: Apache-2.0
"""Reference data and session requests: contract details, option parameters, symbols, rules, time, accounts.

Everything here is answered at once from what the market lists; nothing is
subscribed and nothing is remembered.
"""

from typing import Final

from brokers.simulator.contracts import (
    NOT_FOUND,
    SEC_TYPES,
    contract_fields,
    hours_text,
    invalid,
    is_fund,
    local_time,
    zone_name,
)
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses
from brokers.simulator.protocol.values import Values
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from brokers.simulator.venues import BBO_MAP, VENUES
from terminal.clock import NS_PER_S
from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.order_table import ibkr_order_types

_MAX_SAMPLES: Final = 16


class ReferenceDesk:
    """Answers reference and session requests."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def handlers(self) -> Handlers:
        return {
            requests.REQ_CONTRACT_DETAILS: self.contract_details,
            requests.REQ_SEC_DEF_OPT_PARAMS: self.option_parameters,
            requests.REQ_MATCHING_SYMBOLS: self.matching_symbols,
            requests.REQ_MKT_DEPTH_EXCHANGES: self.depth_exchanges,
            requests.REQ_MARKET_RULE: self.market_rule,
            requests.REQ_SMART_COMPONENTS: self.smart_components,
            requests.REQ_CURRENT_TIME: self.current_time,
            requests.REQ_MANAGED_ACCOUNTS: self.managed_accounts,
        }

    def forget(self, session: Session) -> None:
        """Nothing is subscribed here."""

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here."""

    # ------------------------------------------------------------------ contracts
    def contract_details(self, session: Session, request: Request) -> None:
        """Every contract that fits, then the end marker; error 200 when none does."""
        found = self._hub.contracts.matches(request)
        if not found:
            raise SimulatorRefusalError(200, NOT_FOUND)
        for instrument in found:
            details = self._details(instrument, request.text("exchange"))
            session.send(responses.CONTRACT_DETAILS, req_id=request.id, **details)
        session.send(responses.CONTRACT_DETAILS_END, req_id=request.id)

    def _details(self, instrument: Instrument, exchange: str) -> Values:
        exchanges = self._hub.contracts.exchanges(instrument)
        underlying = self._hub.contracts.underlying(instrument)
        rule = str(self._hub.contracts.rule_id(instrument))
        is_stock = instrument.asset_class is AssetClass.STOCK
        return {
            **contract_fields(instrument, exchange),
            "last_trade_date": _last_trade(instrument),
            "market_name": instrument.trading_class or instrument.symbol,
            "min_tick": min([instrument.min_tick, *(band.increment for band in instrument.tick_bands)]),
            "order_types": ",".join(sorted(instrument.order_types) or ibkr_order_types(instrument.asset_class)),
            "valid_exchanges": ",".join(exchanges),
            "under_con_id": (underlying.broker_id or 0) if underlying else 0,
            "long_name": instrument.name,
            "contract_month": f"{instrument.expiry:%Y%m}" if instrument.expiry else "",
            "time_zone": zone_name(instrument),
            "trading_hours": hours_text(instrument, instrument.trading_hours),
            "liquid_hours": hours_text(instrument, instrument.liquid_hours),
            "under_symbol": underlying.symbol if underlying else "",
            "under_sec_type": SEC_TYPES[underlying.asset_class] if underlying else "",
            "market_rule_ids": ",".join([rule] * len(exchanges)),
            "real_expiration_date": f"{instrument.expiry:%Y%m%d}" if instrument.expiry else "",
            "stock_type": ("ETF" if is_fund(instrument) else "COMMON") if is_stock else "",
            "size_min_tick": instrument.size_increment,
            "min_size": instrument.min_size,
            "size_increment": instrument.size_increment,
            "suggested_size_increment": max(instrument.size_increment, 100) if is_stock else instrument.size_increment,
        }

    def option_parameters(self, session: Session, request: Request) -> None:
        """Expiries and strikes per exchange and class of one underlying."""
        underlying = self._hub.exchange.instrument(request.integer("con_id"))
        if underlying is None or underlying.symbol != request.text("symbol"):
            raise invalid("Invalid underlying: symbol and contract id must name one contract")
        chains = self._hub.exchange.option_chain(request.integer("con_id"))
        for exchange, trading_class, multiplier, expirations, strikes in chains:
            session.send(
                responses.SEC_DEF_OPT_PARAMS,
                req_id=request.id,
                exchange=exchange,
                under_con_id=request.integer("con_id"),
                trading_class=trading_class,
                multiplier=multiplier,
                expirations=list(expirations),
                strikes=list(strikes),
            )
        session.send(responses.SEC_DEF_OPT_PARAMS_END, req_id=request.id)

    def matching_symbols(self, session: Session, request: Request) -> None:
        """Contracts whose symbol or name fits a pattern."""
        found = self._hub.exchange.search(request.text("pattern"))[:_MAX_SAMPLES]
        session.send(
            responses.SYMBOL_SAMPLES,
            req_id=request.id,
            contracts=[
                {
                    "con_id": one.broker_id or 0,
                    "symbol": one.symbol,
                    "sec_type": SEC_TYPES[one.asset_class],
                    "primary_exchange": one.primary_exchange or one.exchange,
                    "currency": one.currency,
                    "derivatives": ["OPT"] if self._hub.exchange.option_chain(one.broker_id or 0) else [],
                    "description": one.name,
                    "issuer_id": "",
                }
                for one in found
            ],
        )

    def depth_exchanges(self, session: Session, request: Request) -> None:
        """Exchanges that show a book."""
        del request
        rows = sorted(
            {
                (instrument.primary_exchange or instrument.exchange, SEC_TYPES[instrument.asset_class])
                for instrument in self._hub.exchange.instruments()
            }
        )
        session.send(
            responses.DEPTH_EXCHANGES,
            exchanges=[
                {"exchange": name, "sec_type": sec_type, "service": "Deep2", "aggregation_group": 1}
                for name, sec_type in rows
            ],
        )

    def market_rule(self, session: Session, request: Request) -> None:
        """Price increments of a rule that some contract names."""
        rule_id = request.integer("rule_id")
        increments = self._hub.contracts.increments(rule_id)
        if increments is None:
            raise invalid(f"Invalid market rule id {rule_id}")
        session.send(
            responses.MARKET_RULE,
            rule_id=rule_id,
            increments=[{"low_edge": edge, "increment": step} for edge, step in increments],
        )

    @staticmethod
    def smart_components(session: Session, request: Request) -> None:
        """Which letter of a line's exchange strings means which exchange."""
        if request.text("bbo_exchange") != BBO_MAP:
            raise invalid(f"Invalid BBO exchange '{request.text('bbo_exchange')[:20]}', a line names {BBO_MAP}")
        session.send(
            responses.SMART_COMPONENTS,
            req_id=request.id,
            components=[
                {"bit": bit, "exchange": venue.exchange, "letter": venue.letter} for bit, venue in enumerate(VENUES)
            ],
        )

    # ------------------------------------------------------------------ session
    def current_time(self, session: Session, request: Request) -> None:
        """The market's own time: the broker's clock is the clock."""
        del request
        session.send(responses.CURRENT_TIME, epoch=self._hub.now_ns() // NS_PER_S)

    def managed_accounts(self, session: Session, request: Request) -> None:
        """The accounts of this login."""
        del request
        session.send(responses.MANAGED_ACCOUNTS, accounts=accounts_text(self._hub.exchange.accounts))


def accounts_text(accounts: tuple[str, ...]) -> str:
    """Account list as TWS writes it: each with a comma after it."""
    return "".join(f"{account}," for account in accounts)


def _last_trade(instrument: Instrument) -> str:
    """Last trading day; with time and zone where the sessions show them."""
    if instrument.expiry is None:
        return ""
    day = f"{instrument.expiry:%Y%m%d}"
    closes = [
        local_time(instrument, session.end_ns)
        for session in instrument.liquid_hours
        if local_time(instrument, session.end_ns).date() == instrument.expiry
    ]
    return f"{day} {closes[-1]:%H:%M} {zone_name(instrument)}" if closes else day
