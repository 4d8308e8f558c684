# SPDX-License-Identifier: Apache-2.0
"""The rendering script paints every panel in every theme: a person looks at the pictures, this at their being there."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.gui.painted import render
from widgets.theme import Theme


@pytest.mark.parametrize("name", ["dark", "light", "contrast", "cvd"])
def test_every_panel_is_painted(theme: Theme, tmp_path: Path, name: str) -> None:
    theme.switch(name=name)
    files = render.render(theme, tmp_path, "1280")
    assert [path.name.split(f"-{name}")[0] for path in files] == list(render.PANELS)
    for path in files:
        image = QImage(str(path))
        colors = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
        assert len(colors) > 20
