# SPDX-License-Identifier: Apache-2.0
"""What every presenter is given: the core, the window's voice, and a way to run coroutines from slots."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtWidgets import QWidget

from terminal.errors import BrokerError, TerminalError, UserError
from terminal.kernel import Kernel
from widgets import formats
from widgets.presenters.ages import Ages
from widgets.theme import Theme
from widgets.toasts import Toast, ToastKind


@dataclass(slots=True)
class Stage:
    """The core and the window, as presenters see them."""

    kernel: Kernel
    theme: Theme
    window: QWidget
    toast: Callable[[Toast], object]
    dismiss: Callable[[str], None]
    ages: Ages = field(init=False)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ages = Ages(self.kernel, self.theme.tokens.age)

    @property
    def stale_s(self) -> float:
        return self.ages.stale_s

    @property
    def dead_s(self) -> float:
        return self.ages.dead_s

    def say(
        self, kind: ToastKind, title: str, text: str = "", *, code: str = "", key: str = "", side: str = ""
    ) -> None:
        """Show a toast with the market's time."""
        when = formats.clock_time(self.kernel.clock.now_ns())
        self.toast(Toast(kind=kind, title=title, text=text, code=code, key=key, side=side, time=when))

    def refuse(self, error: TerminalError, title: str = "Not done") -> None:
        """Tell a person why something did not happen: rule, value, way out."""
        match error:
            case UserError():
                self.say(ToastKind.ERROR, title, error.text, code=error.code)
            case BrokerError():
                self.say(ToastKind.ERROR, title, error.text, code=str(error.code) if error.code else "")
            case _:
                self.say(ToastKind.ERROR, title, str(error))

    def run(self, work: Coroutine[Any, Any, None], title: str = "Not done") -> None:
        """Run a coroutine from a slot; what it raises on purpose becomes a toast, a bug reaches the crash hook."""

        async def guarded() -> None:
            try:
                await work
            except TerminalError as error:
                self.refuse(error, title)

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before its first step, it never began

    def cancel_all(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    def attempt(self, call: Callable[[], object], title: str = "Not done") -> bool:
        """Run a synchronous wish; False when the core refused it (the person was told)."""
        try:
            call()
        except TerminalError as error:
            self.refuse(error, title)
            return False
        return True


def sentences(*parts: str) -> str:
    """Join what was said into sentences, each ended once."""
    return " ".join(part.strip().rstrip(".") + "." for part in parts if part.strip())
