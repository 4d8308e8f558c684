# SPDX-License-Identifier: Apache-2.0
"""A data folder and a market per journey."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.conftest import ROOT
from tests.gui.journeys.stage import DrivenMarket, Terminal


@pytest.fixture
def terminal(tmp_path: Path, qapp: QApplication) -> Terminal:
    return Terminal(tmp_path / "data")


@pytest.fixture
def open_market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., DrivenMarket]]:
    """Return a function that starts a market of its own process; all are stopped at the end."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made: list[DrivenMarket] = []

    def start(*extra: str) -> DrivenMarket:
        made.append(DrivenMarket(tmp_path / f"market{len(made)}", *extra))
        return made[-1]

    yield start
    for market in made:
        market.stop()


@pytest.fixture
def market(open_market: Callable[..., DrivenMarket]) -> DrivenMarket:
    return open_market()
