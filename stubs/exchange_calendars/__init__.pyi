# SPDX-License-Identifier: Apache-2.0
"""Types of exchange_calendars 4, as far as Tiller uses it: sessions, opens, closes, breaks."""

from typing import Literal, TypeAlias

import pandas as pd

from exchange_calendars.exchange_calendar import ExchangeCalendar as ExchangeCalendar

_Date: TypeAlias = pd.Timestamp | str

def get_calendar(
    name: str,
    start: _Date | None = None,
    end: _Date | None = None,
    side: Literal["left", "right", "both", "neither"] | None = None,
) -> ExchangeCalendar: ...
def get_calendar_names(include_aliases: bool = True, sort: bool = True) -> list[str]: ...
def resolve_alias(name: str) -> str: ...
def clear_calendars() -> None: ...
