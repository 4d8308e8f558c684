# SPDX-License-Identifier: Apache-2.0
"""A process of its own that writes a journal and is killed, starved of disk or locked out by the tests.

Speaks one word per line on standard output; what it says has happened, nothing else.
"""

import resource
import sys
import threading
from functools import partial
from pathlib import Path

from terminal.errors import StorageError, UserError
from terminal.logs import configure_structlog
from terminal.paths import lock_profile, profile_paths
from terminal.storage.journal import JournalStore
from tests.unit.storage.records import intent


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def write(folder: Path) -> None:
    """Append one order each time a line comes in; say when it was queued and when it was durable."""
    journal = JournalStore(folder / "journal.db", disk_floor=0, busy_timeout_ms=60_000)
    journal.open(lambda callback: callback())
    say(f"id {journal.allocate_order_id(1)}")
    for number, _ in enumerate(sys.stdin, 1):
        journal.append(intent(number), partial(say, f"durable {number}"))
        say(f"queued {number}")


def fill_disk(folder: Path, allowed: int) -> None:
    """Append until the system refuses to let any file grow beyond ``allowed`` bytes."""
    failed = threading.Event()
    durable = 0

    def on_failure(fault: StorageError) -> None:
        say(f"failed {fault}")
        failed.set()

    journal = JournalStore(folder / "journal.db", disk_floor=0, on_failure=on_failure)
    journal.open(lambda callback: callback())
    resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, allowed))
    number = 0
    try:
        while not failed.is_set() and number < 100_000:
            number += 1
            done = threading.Event()
            journal.append(intent(number), done.set)
            while not done.wait(0.05) and not failed.is_set():
                pass
            durable += done.is_set()
    except StorageError:
        failed.wait(10)
    say(f"durable {durable}")
    try:
        journal.append(intent(number + 1), lambda: say("a refused order became durable"))
    except StorageError:
        say("refused")
    say(f"healthy {journal.healthy}")
    journal.close()


def take_profile(folder: Path) -> None:
    try:
        lock = lock_profile(profile_paths("demo", folder))
    except UserError as fault:
        say(fault.code)
        return
    say("locked")
    sys.stdin.readline()
    lock.release()


if __name__ == "__main__":
    configure_structlog()  # its own way of printing would speak on standard output
    where = Path(sys.argv[2])
    match sys.argv[1]:
        case "write":
            write(where)
        case "fill_disk":
            fill_disk(where, int(sys.argv[3]))
        case "take_profile":
            take_profile(where)
