"""Work in a second thread, such as writing files, so that training need not wait for it."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """Does one piece of work at a time in its own thread; used as a context.

    An error of the work is raised by the next call, or at the end of the context. If another error
    ends the context, the error of the work is only printed.
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
        """Start `work(*arguments)` after the previous work is done."""
        self.wait()
        self._work = self._executor.submit(work, *arguments)

    def check(self) -> None:
        """Raise the error of the work, if the work is done and has failed."""
        if self._work and self._work.done():
            self.wait()

    def wait(self) -> None:
        """Wait until the work is done, and raise its error if it has failed."""
        work, self._work = self._work, None
        if work:
            work.result()
