"""Reading ahead: what comes next is read from the disk while the present is worked on."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Read = TypeVar("Read")


def read_ahead(reads: Iterable[Callable[[], Read]]) -> Generator[Read, None, None]:
    """Yield the result of each call, in order. One more is always made, in a second thread.

    An error of a call is raised where its result would be yielded.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming: Future[Read] | None = None
        for read in reads:
            present, coming = coming, thread.submit(read)
            if present is not None:
                yield present.result()
        if coming is not None:
            yield coming.result()
