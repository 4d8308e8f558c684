# SPDX-License-Identifier: Apache-2.0
"""Settings while they are in use: several go into one save, all of them or none."""

from pathlib import Path

import pytest

from brokers.ibkr.broker import IbkrBroker
from terminal.clock import LiveClock
from terminal.errors import UserError
from terminal.kernel import Kernel
from terminal.paths import ProfilePaths
from terminal.settings import Settings, SettingsFile
from tests.support.core import build_kernel, risk_rules


def kernel_on(profile: ProfilePaths) -> Kernel:
    return build_kernel(profile, clock=LiveClock(), address=("127.0.0.1", 1), broker=IbkrBroker)


def kept(path: Path) -> dict[str, object]:
    return dict(SettingsFile(path, risk_rules()).load().settings.strategies.get("vwap_cross", {}))


def test_values_that_belong_together_are_saved_at_once(profile: ProfilePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = kernel_on(profile)
    saves: list[object] = []
    file = kernel.parts.settings_file
    save = file.save

    def counted(settings: Settings) -> None:
        saves.append(settings)
        save(settings)

    monkeypatch.setattr(file, "save", counted)
    values = {
        "strategies.vwap_cross.sma_bars": 11.0,
        "strategies.vwap_cross.atr_bars": 15.0,
        "risk.max_notional": 9_000.0,
    }
    kernel.preferences.change_all(values)
    assert len(saves) == 1
    assert kept(profile.settings) == {"sma_bars": 11.0, "atr_bars": 15.0}
    assert kernel.risk.limits.max_notional == 9_000.0


def test_one_wrong_value_changes_nothing(profile: ProfilePaths) -> None:
    kernel = kernel_on(profile)
    before = kernel.settings
    with pytest.raises(ValueError, match=r"(?i)max_notional|largest"):
        kernel.preferences.change_all({"demo.seed": 7, "risk.max_notional": -1.0})
    assert kernel.settings == before
    assert not profile.settings.exists()


def test_limits_that_contradict_each_other_are_not_saved(profile: ProfilePaths) -> None:
    kernel = kernel_on(profile)
    with pytest.raises(UserError, match="RSK-001"):
        kernel.preferences.change_all({"risk.loss_reduce_percent": 9.0, "risk.loss_halt_percent": 5.0})
    assert not profile.settings.exists()
