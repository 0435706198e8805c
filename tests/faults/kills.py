"""Kills and signals at random moments of training, of writing results, and of tests.

After each, the run is resumed or tested again. Its last checkpoint and its results must be those
of an undisturbed run, byte for byte.
"""

import re
import signal
import time
from random import Random
from typing import NamedTuple

from support.processes import PAUSE, Child

from faults.judging import RUN, Wanted, judge
from faults.places import EPOCHS, RESUME, TEST, TRAIN, Place, Stage, good, weights
from faults.trees import Tree, contents, tree

NUMBER = 60
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MOMENTS = ("start", "training", "training", "results", "test", "two signals")


class Kill(NamedTuple):
    """A signal at a moment.

    Fields:
        name: kills/<number> <signal> in <moment>.
        moment: what must have begun; a random part of its usual time is then waited for.
    """

    name: str
    number: signal.Signals
    moment: str


def cases() -> list[Kill]:
    """Each signal in each moment, in turn."""
    found = []
    for count in range(NUMBER):
        moment = MOMENTS[count % len(MOMENTS)]
        number = SIGNALS[(count // len(MOMENTS) + count) % len(SIGNALS)]
        if moment == "two signals" and number is signal.SIGKILL:
            number = signal.SIGINT
        found.append(Kill(f"kills/{count} {number.name} in {moment}", number, moment))
    return found


def has_begun(place: Place, moment: str) -> bool:
    """Whether what a moment names has begun."""
    if moment in ("training", "two signals"):
        return any(place.run.glob("log/events*"))
    if moment == "results":
        return (place.models / f"model.ckpt-{EPOCHS}.index").exists()
    return True  # the moment is any after the start of the process


def run_kill(stage: Stage, case: Kill, seed: int) -> list[str]:
    """Kill, judge, go on, judge again, and compare. Returns the failures."""
    random = Random(f"{seed}/{case.name}")
    longest = usual_seconds(stage)[case.moment]
    while True:
        place = stage.place("test" if case.moment == "test" else "clips")
        before = tree(place.root)
        child = stage.start(place, TEST if case.moment == "test" else TRAIN)
        if kill(child, place, case, random, longest):
            break
        child.end(stage.limit)
        stage.remove(place)
        longest /= 2  # it ended before the signal came
    ended = child.end(stage.limit)
    stopped = -case.number if case.number is signal.SIGKILL else 128 + case.number
    at_once = case.moment == "two signals"  # the second does not wait for a checkpoint
    wanted = Wanted(frozenset({0, stopped}), may_leave=at_once)
    failures = judge(ended, before, tree(place.root), wanted)
    failures += (tests_again if case.moment == "test" else goes_on)(stage, place)
    stage.remove(place)
    return failures


def kill(child: Child, place: Place, case: Kill, random: Random, longest: float) -> bool:
    """Send the signal at its moment; False if the process ended before."""
    while child.poll() is None and not has_begun(place, case.moment):
        time.sleep(PAUSE)
    wait(child, random.uniform(0, longest))
    sent = child.send_signal(case.number)
    if case.moment == "two signals":
        wait(child, random.uniform(0, 0.2))
        child.send_signal(case.number)
    return sent


def wait(child: Child, seconds: float) -> None:
    """Wait, but no longer than the process runs."""
    until = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < until:
        time.sleep(PAUSE)


def goes_on(stage: Stage, place: Place) -> list[str]:
    """Resume a training to its end: the failures."""
    before = tree(place.root)
    ended = stage.run(place, RESUME if has_options(place) else [*TRAIN, "--resume"])
    # A resumed run writes its last epochs and its results again.
    anything = Wanted(
        frozenset({0}), weights, weights(stage.undisturbed()), changes=rf"{RUN}/(?!test).*"
    )
    return [f"{failure} (resumed)" for failure in judge(ended, before, tree(place.root), anything)]


def has_options(place: Place) -> bool:
    """Whether a run has begun that knows its options; otherwise the command line gives them."""
    return (place.run / "options.json").exists()


def tests_again(stage: Stage, place: Place) -> list[str]:
    """Test a second time: the failures, and each result folder that is not whole."""
    before = tree(place.root)
    ended = stage.run(place, TEST)
    after = tree(place.root)
    failures = judge(ended, before, after, Wanted(frozenset({0}), changes=r".*[./]partial.*"))
    return [f"{failure} (tested again)" for failure in failures] + half_made(stage, after)


def half_made(stage: Stage, after: Tree) -> list[str]:
    """The folders of test results that differ from an undisturbed test's."""
    whole = stage.twin("test", good)
    pattern = rf"{RUN}/(final_result_testing\w*)/.*"
    names = {found[1] for path in after if (found := re.fullmatch(pattern, path))}
    found = [f"no result: {RUN} has no folder of test results"] if not names else []
    return found + [
        f"half-made under its final name: {name}"
        for name in sorted(names)
        if contents(after, rf"{RUN}/{name}/.*\.(gif|mp4)") != whole
    ]


def usual_seconds(stage: Stage) -> dict[str, float]:
    """How long each moment lasts in an undisturbed process, measured once."""
    if not stage.seconds:
        place = stage.place("clips")
        child = stage.start(place, TRAIN)
        times = {moment: 0.0 for moment in MOMENTS}
        while child.poll() is None:
            for moment in times:
                if not times[moment] and has_begun(place, moment):
                    times[moment] = time.monotonic()
            time.sleep(PAUSE)
        ended = time.monotonic()
        seconds = {moment: ended - (began or ended) for moment, began in times.items()}
        seconds["start"] = ended - child.began - seconds["training"]
        child = stage.start(place, TEST)
        child.end(stage.limit)
        seconds["test"] = time.monotonic() - child.began
        stage.seconds = seconds
        stage.remove(place)
    return stage.seconds
