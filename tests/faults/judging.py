"""The verdict on a case: what went wrong, from the end of its process and the files around it."""

import re
import signal
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from support.processes import Ended

from faults.trees import Tree, differing

RUN = "work/output_synthesis/waves"  # the run folder of all cases, from the root of a case
LOCK = re.compile(rf"{RUN}/[^/]*lock[^/]*")
CHECKPOINT = re.compile(r"model/model\.ckpt-\d+\.(index|data-00000-of-00001)$")
PARTIAL = re.compile(rf"^{RUN}/(.*/)?\.[^/]*partial")
# The page of all runs, which every training makes anew at its end.
PAGE = re.compile(r"work/output_synthesis/(index|\.partial-[0-9a-f]{16})\.html( \(.*\))?")
KERAS = "home/.keras"  # Keras writes its settings there when TensorFlow imports it
SHOWN = 3  # paths of one kind of failure that are reported
OF_A_USER = "of_a_user"  # a file with this word in its name must survive everything
TRACE = re.compile(r"Traceback \(most recent|^Exception ignored|^Fatal Python|Segmentation", re.M)
NOISE = re.compile(r"\w+Warning: |^[WEF]\d{4} \d\d:|^\d{4}-\d\d-\d\d .*: [WEF] ", re.M)


class Expected(Enum):
    """What a case wants of a command line."""

    REFUSED = "exit code 1 or 2, and nothing changes"
    READ = "exit code 0, and the result of the good twin"
    EITHER = "refused, or read as the good twin"
    ANY = "refused, or any result"


class Wanted(NamedTuple):
    """What is right for a case.

    Fields:
        codes: the exit codes that are right; a negative number is a signal.
        result: what is compared, as a function of the files after the process.
        twin: what `result` is after a good twin; None if nothing is compared.
        says: words that the output must hold after exit code 0.
        changes: which earlier files of the run may change, as a regular expression.
        may_stop: whether a refusal may leave new files in the run folder: the process is refused
            on its way, as by a full disk.
        may_leave: whether unfinished files may be left, to be cleared when the run goes on.
    """

    codes: frozenset[int]
    result: Callable[[Tree], Any] | None = None
    twin: Any = None
    says: tuple[str, ...] = ()
    changes: str = rf"{RUN}/(options\.json|checkpoint|model/checkpoint|log(/.*)?)"
    may_stop: bool = False
    may_leave: bool = False


def codes_of(expected: Expected) -> frozenset[int]:
    """The exit codes that an expectation allows."""
    read, refused = frozenset({0}), frozenset({1, 2})
    return {Expected.READ: read, Expected.REFUSED: refused}.get(expected, read | refused)


def judge(ended: Ended, before: Tree, after: Tree, wanted: Wanted) -> list[str]:
    """The failures of a case; empty if it is clean. Each begins with its kind and a colon."""
    if ended.hung:
        return ["hang: killed at the time limit"]
    return [
        *_of_the_end(ended, wanted),
        *_of_the_output(ended, wanted),
        *_of_the_files(ended, before, after, wanted),
        *_of_the_result(ended, after, wanted),
    ]


def _of_the_end(ended: Ended, wanted: Wanted) -> list[str]:
    code = ended.returncode
    if code in wanted.codes:
        return []
    if code == 0:
        return ["silent wrong result: exit code 0 for what must be refused"]
    if wanted.codes == {0} and code in (1, 2):
        return [f"good input refused: {_last_line(ended)}"]
    return [f"exit code: {code} instead of {sorted(wanted.codes)}; {_last_line(ended)}"]


def _of_the_output(ended: Ended, wanted: Wanted) -> list[str]:
    both = f"{ended.stdout}\n{ended.stderr}"
    lines = [line for line in re.split(r"[\r\n]", ended.stderr) if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    found = []
    if TRACE.search(both):
        found.append(f"traceback: {_last_line(ended)}")
    if NOISE.search(both):
        found.append(f"noise: {NOISE.search(both)[0]}")
    if len(errors) > 1 or errors and not lines[-1].startswith("error:"):
        found.append(f"more than one line of error: {' | '.join(lines[-3:])}")
    if ended.returncode in (1, 2) and not errors:
        found.append(f"no line of error: exit code {ended.returncode}; {_last_line(ended)}")
    if ended.returncode == 0:
        found += [f"not said: {word}" for word in wanted.says if word not in both]
    return found


def _of_the_files(ended: Ended, before: Tree, after: Tree, wanted: Wanted) -> list[str]:
    found = []
    refused = ended.returncode in (1, 2) and not wanted.may_stop
    for path in differing(before, after):
        if LOCK.fullmatch(path) or PAGE.fullmatch(path) or path.startswith(KERAS):
            continue
        inside = path.startswith(f"{RUN}/") or path in (RUN, "work/output_synthesis")
        if not inside:
            found.append(f"byte outside the run's folder: {path}")
        elif path in before and PARTIAL.search(path):
            continue  # under the name of a temporary file, nothing is an earlier result
        elif path in before and (
            refused or must_stay(path, before) or not re.fullmatch(wanted.changes, path)
        ):
            found.append(f"earlier result lost: {path}")
        elif refused:
            found.append(f"written though refused: {path}")
    left = [
        path for path in after if PARTIAL.search(path) and "link to" not in before.get(path, "")
    ]
    if ended.returncode != -signal.SIGKILL and not wanted.may_leave:
        found += [f"left half-written: {path}" for path in left]
    return shortened(found)


def shortened(failures: list[str]) -> list[str]:
    """The first failures of each kind, and how many more there are."""
    short = []
    for kind in dict.fromkeys(failure.split(":")[0] for failure in failures):
        of_kind = [failure for failure in failures if failure.split(":")[0] == kind]
        short += of_kind[:SHOWN]
        if len(of_kind) > SHOWN:
            short.append(f"{kind}: and {len(of_kind) - SHOWN} more")
    return short


def must_stay(path: str, before: Tree) -> bool:
    """Whether nothing may change a path: a file of a user, or a link that a user made.

    A run writes and deletes its checkpoints, also where one of their names is a link.
    """
    is_link = before[path].startswith("link to") and not CHECKPOINT.search(path)
    return OF_A_USER in path or is_link


def _of_the_result(ended: Ended, after: Tree, wanted: Wanted) -> list[str]:
    if ended.returncode or wanted.result is None or wanted.twin is None:
        return []
    if wanted.result(after) == wanted.twin:
        return []
    return ["silent wrong result: not that of the good twin"]


def _last_line(ended: Ended) -> str:
    lines = re.split(r"[\r\n]+", ended.stderr.strip())
    return lines[-1][:300]
