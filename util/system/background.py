"""Work that training need not wait for, such as writing files, done beside it."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """Does one piece of work at a time in a thread of its own; used as a context.

    What the work raises is raised by the next call or at the end of the context, and only told
    where the context ends by another error.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._work: Future | None = None

    def __enter__(self) -> "Background":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._executor.shutdown(wait=True)
        if error is None:
            self.wait()
        elif self._work and (failure := self._work.exception()):
            print(f"error: in the background: {failure}", file=sys.stderr)

    def start(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Begin `work(*arguments)`, once the work before it is done."""
        self.wait()
        self._work = self._executor.submit(work, *arguments)

    def check(self) -> None:
        """Raise what the work raised, if it is over."""
        if self._work and self._work.done():
            self.wait()

    def wait(self) -> None:
        """Return when the work is done."""
        work, self._work = self._work, None
        if work:
            work.result()
