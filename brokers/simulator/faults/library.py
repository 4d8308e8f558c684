# SPDX-License-Identifier: Apache-2.0
"""The catalogue: one script per fault, named T01, S01, O01 ... as in the fault catalogue of the documentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from brokers.simulator.faults.script import parse_script, variants
from brokers.simulator.faults.vocabulary import Script
from terminal.errors import UserError

FOLDER: Final = Path(__file__).with_name("catalogue")


def names() -> Sequence[str]:
    """Every fault of the catalogue, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def text_of(name: str) -> str:
    """The text of a script of the catalogue. Raises UserError SIM-022."""
    path = FOLDER / f"{name}.yaml"
    if name not in names():
        raise UserError("SIM-022", f"There is no fault {name!r} in the catalogue; it has {', '.join(names())}.")
    return path.read_text(encoding="utf-8")


def load(name: str) -> Script:
    """A fault by its name, or by name and variant (``T05.second``). Raises UserError SIM-020, SIM-022."""
    fault, _, variant = name.partition(".")
    return parse_script(text_of(fault), f"the catalogue's {fault}", variant, default_name=fault)


def forms(name: str) -> Sequence[str]:
    """The full names of a fault: itself, or one per variant."""
    found = variants(text_of(name))
    return [f"{name}.{each}" for each in found] if found else [name]
