"""Environments, and standard streams that are closed, full, or read by nobody.

Each runs as a process of its own, because the interpreter opens its streams when it starts.
"""

from collections.abc import Mapping
from typing import NamedTuple

from support.processes import run_alone

from faults.judging import Wanted, judge
from faults.places import ONE_EPOCH, Stage, good, observed
from faults.trees import tree

HELP, TRAIN = ["--help"], ONE_EPOCH
REFUSED_LINE = ["--category", "none"]


class Stream(NamedTuple):
    """A command line with unusual streams or an unusual environment.

    Fields:
        name: streams/<words>.
        arguments: the command line.
        redirect: a redirection of the shell, as in `2>&-`; may also be a pipe.
        environment: variables that are added.
        codes: the exit codes that are right.
    """

    name: str
    arguments: list[str]
    redirect: str = ""
    environment: Mapping[str, str] = {}
    codes: frozenset[int] = frozenset({0})


REDIRECTIONS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "both closed": ">&- 2>&-",
    "stdin closed": "<&-",
    "stdout full": "> /dev/full",
    "stderr full": "2> /dev/full",
    "both full": "> /dev/full 2>&1",
    "reader of stdout goes away": "| head -c 1 > /dev/null",
    "reader of both goes away": "2>&1 | head -c 30 > /dev/null",
}
ENVIRONMENTS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "latin-1 strict": {"PYTHONIOENCODING": "latin-1:strict"},
    "C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "no columns": {"COLUMNS": "0"},
    "one column": {"COLUMNS": "1"},
    "columns of a word": {"COLUMNS": "wide"},
    "no TMPDIR": {"TMPDIR": "/nowhere"},
    "optimized": {"PYTHONOPTIMIZE": "2"},
}


def cases() -> list[Stream]:
    """All streams and environments."""
    found = []
    for words, redirect in REDIRECTIONS.items():
        found.append(Stream(f"streams/training, {words}", TRAIN, redirect))
        found.append(Stream(f"streams/--help, {words}", HELP, redirect))
        codes = frozenset({1})
        found.append(Stream(f"streams/refused, {words}", REFUSED_LINE, redirect, {}, codes))
    for words, environment in ENVIRONMENTS.items():
        found.append(Stream(f"streams/--help, {words}", HELP, "", environment))
    for words in ("ascii", "cp1252", "C locale", "one column"):
        found.append(Stream(f"streams/training, {words}", TRAIN, "", ENVIRONMENTS[words]))
    nothing = {"IMAGEIO_FFMPEG_EXE": "/nowhere/ffmpeg"}
    found.append(Stream("streams/no ffmpeg", TRAIN, "", nothing, frozenset({1})))
    other = {"IMAGEIO_FFMPEG_EXE": "/bin/true"}
    found.append(Stream("streams/ffmpeg that is none", TRAIN, "", other, frozenset({1})))
    return found


def run_stream(stage: Stage, case: Stream, _: int) -> list[str]:
    """Run a case and return its failures. Of a pipe, the exit code of the program counts."""
    place = stage.place("clips")
    before = tree(place.root)
    environment = {**place.environment(), **case.environment}
    ended = run_alone(place.work, case.arguments, stage.limit, environment, case.redirect)
    wanted = Wanted(case.codes)
    if case.arguments == TRAIN and case.codes == {0}:
        wanted = wanted._replace(result=observed, twin=stage.twin("clips", good))
    # What is lost with a stream is its text, so no line of error can be asked for.
    if case.redirect and ended.returncode in (1, 2) and "error:" not in ended.stderr:
        ended = ended._replace(stderr=f"{ended.stderr}\nerror: lost")
    failures = judge(ended, before, tree(place.root), wanted)
    stage.remove(place)
    return failures
