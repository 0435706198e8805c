"""Two processes in one run folder, the second at a random moment of the first."""

from random import Random
from typing import NamedTuple

from faults.judging import OF_A_USER, RUN, Wanted, judge
from faults.kills import half_made, usual_seconds, wait
from faults.places import RESUME, TEST, TRAIN, Stage, weights
from faults.trees import tree

NUMBER = 20
OVERWRITE = [*TRAIN, "--overwrite"]
# The start, the two command lines, and whether exactly one of them must succeed.
KINDS = {
    "training and training": ("clips", TRAIN, TRAIN, True),
    "training and resume": ("clips", TRAIN, [*TRAIN, "--resume"], False),
    "training and overwrite": ("clips", TRAIN, OVERWRITE, False),
    "resume and resume": ("resume", RESUME, RESUME, False),
    "test and test": ("test", TEST, TEST, False),
    "resume and test": ("resume", RESUME, TEST, False),
    "training and test": ("clips", TRAIN, TEST, False),
}


class Pair(NamedTuple):
    """Two processes; `kind` is a row of `KINDS`. The name is pairs/<number> <kind>."""

    name: str
    kind: str


def cases() -> list[Pair]:
    """The kinds in turn."""
    kinds = list(KINDS)
    return [
        Pair(f"pairs/{number} {kinds[number % len(kinds)]}", kinds[number % len(kinds)])
        for number in range(NUMBER)
    ]


def run_pair(stage: Stage, case: Pair, seed: int) -> list[str]:
    """Run both, judge both, and compare the result with that of one undisturbed process."""
    random = Random(f"{seed}/{case.name}")
    start, first, second, one_only = KINDS[case.kind]
    seconds = usual_seconds(stage)
    place = stage.place(start)
    before = tree(place.root)
    children = [stage.start(place, first)]
    # A third of the pairs start at once.
    longest = seconds["test"] if first is TEST else seconds["start"] + seconds["training"]
    wait(children[0], random.choice((0.0, random.uniform(0, longest), random.uniform(0, longest))))
    children.append(stage.start(place, second))
    ends = [child.end(stage.limit) for child in children]
    after = tree(place.root)
    # What both leave together is judged once for each: a refused one must not have changed it, but
    # that is seen in the result.
    allowed = Wanted(frozenset({0, 1}), changes=rf"{RUN}/(?!.*{OF_A_USER}).*", may_stop=True)
    failures = [
        f"{failure} ({which})"
        for which, ended in zip(("first", "second"), ends, strict=True)
        for failure in judge(ended, before, after, allowed)
    ]
    codes = [ended.returncode for ended in ends]
    if 0 not in codes or (one_only and codes.count(0) != 1):
        failures.append(f"exit code: {codes}")
    if first is TEST and codes != [0, 0]:
        failures.append(f"good input refused: {codes} of two tests")
    trained = [code for code, line in zip(codes, (first, second), strict=True) if line is not TEST]
    if 0 in trained and weights(after) != weights(stage.undisturbed()):
        failures.append("silent wrong result: not that of one undisturbed training")
    if TEST not in (first, second):
        stage.remove(place)
        return failures
    if first is TEST:
        failures += half_made(stage, after)
    stage.remove(place)
    return failures
