# SPDX-License-Identifier: Apache-2.0
"""The program as a person starts it: processes that are waited for, and ended whatever happens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

PATIENCE_S: Final = 60
CODE: Final = re.compile(r"\b[A-Z]{3}-\d{3}: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    output: str
    errors: str

    def refused(self, code: str, *words: str) -> None:
        """Check a refusal: exit 1, the code, the words, and no traceback."""
        said = self.output + self.errors
        assert self.code == 1, said
        assert f"{code}: " in self.errors, said
        assert "Traceback" not in said
        for word in words:
            assert word in self.errors, said


def tiller(*arguments: str | Path) -> Ended:
    """Run to the end."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(code=done.returncode, output=done.stdout, errors=done.stderr)


@contextmanager
def running(*arguments: str | Path, until: str) -> "Iterator[subprocess.Popen[str]]":
    """Start and wait until a line of standard error contains ``until``."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if until in line:
                break
        else:
            raise AssertionError(f"it ended before it said {until!r}: {''.join(seen)}")
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
