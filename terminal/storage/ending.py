# SPDX-License-Identifier: Apache-2.0
"""The end of a writer's thread, as a future: for both writers, the journal's and that of the market data.

It comes once, whoever brings it: the thread itself, or the one who stops a writer that never ran. It stops nothing.
"""

import threading
from concurrent.futures import Future


class ThreadEnd:
    """Call `come` at the very end of the thread's work, `of` when it has been told to stop."""

    def __init__(self) -> None:
        self._future: Future[None] = Future()
        self._lock = threading.Lock()

    def come(self) -> None:
        """The thread has done its last work. Repeats do no harm."""
        with self._lock:
            if not self._future.done():
                self._future.set_result(None)

    def of(self, thread: threading.Thread) -> "Future[None]":
        """Return the future that is done when ``thread`` has ended; at once when it does not run."""
        if not thread.is_alive():
            self.come()
        return self._future
