"""Malformed inputs and command lines, as rows of tables."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from faults.judging import RUN, Expected, Wanted, codes_of, judge
from faults.places import STARTS, Make, Stage, good
from faults.trees import tree


class Case(NamedTuple):
    """One malformed input or command line.

    Fields:
        name: <table>/<words>, unique.
        start: the row of `STARTS` that it begins with.
        expected: what is wanted.
        make: changes the place before the command line runs; its random numbers come from the
            seed and the name.
        arguments: added to the command line of the start; a flag that is there is replaced.
        alone: whether the arguments are the whole command line.
        twin: makes the good twin, whose result a case that is read must have.
        twin_arguments: what is added to the twin's command line.
        says: words that the output must hold if the input is read.
        user: the number of the user who runs it; 0 for the user of the campaign.
        compares: whether the result is compared with the twin's.
    """

    name: str
    start: str
    expected: Expected
    make: Make = good
    arguments: tuple[str, ...] = ()
    alone: bool = False
    twin: Make = good
    twin_arguments: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    user: int = 0
    compares: bool = True


def run_case(stage: Stage, case: Case, seed: int) -> list[str]:
    """Run a case and return its failures."""
    start = STARTS[case.start]
    place = stage.place(case.start)
    case.make(place, Random(f"{seed}/{case.name}"))
    arguments = with_flags([] if case.alone else start.arguments, case.arguments)
    wanted = Wanted(codes_of(case.expected), says=case.says, changes=_changes(case))
    if case.compares and case.expected in (Expected.READ, Expected.EITHER):
        wanted = wanted._replace(result=start.result, twin=_twin(stage, case))
    before = tree(place.root)
    ended = stage.run(place, arguments, user=case.user)
    failures = judge(ended, before, tree(place.root), wanted)
    stage.remove(place)
    return failures


def with_flags(line: Sequence[str], added: Sequence[str]) -> list[str]:
    """A command line of flags with one value each, and other flags, which replace those there."""
    pairs = zip(line[::2], line[1::2], strict=False)
    names = {word.split("=")[0] for word in added}
    last = line[-1:] if len(line) % 2 else []  # a flag without a value
    return [word for pair in pairs if pair[0] not in names for word in pair] + [*last, *added]


def _twin(stage: Stage, case: Case) -> Any:
    arguments = with_flags(STARTS[case.start].arguments, case.twin_arguments)
    return stage.twin(case.start, case.twin, arguments)


def _changes(case: Case) -> str:
    """Which earlier files of the run may change, see `Wanted`."""
    usual = Wanted._field_defaults["changes"]
    # A resumed run writes a damaged checkpoint again; that it is the same is seen at the end.
    also = {"overwrite": ".*", "resume": rf"{RUN}/model/model\.ckpt-4\..*"}
    return f"{usual}|{also[case.start]}" if case.start in also else usual


def rows(group: str, start: str, table: Mapping[str, Sequence[Any]]) -> list[Case]:
    """The cases of a table: words → (expected, make), and perhaps more fields as a mapping."""
    return [
        Case(f"{group}/{words}", start, expected, make, **(more[0] if more else {}))
        for words, (expected, make, *more) in table.items()
    ]
