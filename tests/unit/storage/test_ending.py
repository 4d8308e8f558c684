# SPDX-License-Identifier: Apache-2.0
"""The end of a writer's thread comes once, whoever brings it."""

import threading

from terminal.storage.ending import ThreadEnd


def test_a_thread_that_never_ran_has_ended() -> None:
    end = ThreadEnd()
    future = end.of(threading.Thread(target=lambda: None))
    assert future.done()
    assert end.of(threading.Thread(target=lambda: None)) is future


def test_the_end_of_a_running_thread_is_its_own_word() -> None:
    end, go = ThreadEnd(), threading.Event()

    def work() -> None:
        go.wait(10)
        end.come()

    thread = threading.Thread(target=work)
    thread.start()
    future = end.of(thread)
    assert not future.done()
    go.set()
    assert future.result(timeout=10) is None
    thread.join(10)
    end.come()
    assert end.of(thread) is future
