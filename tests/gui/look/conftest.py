# SPDX-License-Identifier: Apache-2.0
"""One theme per test, on the real application."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from widgets.theme import Theme


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark", "compact")
    yield made
    made.deleteLater()
