"""Faults against the command line: malformed inputs, kills, full disks, pairs of processes.

    python tests/faults/campaign.py
    python tests/faults/campaign.py --seed 1 --parts kills,disks
    python tests/faults/campaign.py --only "clips/bomb"

README.md explains what is tried and what counts as a failure.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import Queue
from random import Random
from typing import Any, NamedTuple

TESTS = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:1] = [str(TESTS), str(TESTS.parent)]

from support.processes import Server  # noqa: E402

from faults import disks, kills, pairs  # noqa: E402
from faults.inputs import clips, images, lines, masks, run_case, runs, streams  # noqa: E402
from faults.places import Stage  # noqa: E402

TABLES = (clips, masks, images, runs, lines)
LIMIT = 120.0  # seconds after which a process counts as hung


class Part(NamedTuple):
    """A part of the campaign: its cases, and how one is run with a seed."""

    cases: Callable[[], Sequence[Any]]
    run: Callable[[Stage, Any, int], list[str]]


class Failed(NamedTuple):
    """A case that is not clean, and its failures, each as <kind>: <words>."""

    part: str
    case: str
    failures: list[str]


def inputs() -> list[Any]:
    """The cases of all tables, and those of streams."""
    return [*(case for table in TABLES for case in table.cases()), *streams.cases()]


def run_input(stage: Stage, case: Any, seed: int) -> list[str]:
    """Run a case of a table or of streams."""
    return (streams.run_stream if isinstance(case, streams.Stream) else run_case)(stage, case, seed)


def parts_of(mounts: bool) -> dict[str, Part]:
    """The parts by their names; see `disks.run_disk` for `mounts`."""
    return {
        "inputs": Part(inputs, run_input),
        "kills": Part(kills.cases, kills.run_kill),
        "disks": Part(disks.cases, partial(disks.run_disk, mounts=mounts)),
        "pairs": Part(pairs.cases, pairs.run_pair),
    }


def chosen(cases: Sequence[Any], share: float, only: str, seed: int) -> list[Any]:
    """The cases to run, in their order: those whose name begins with `only`, or a random share."""
    if only:
        return [case for case in cases if case.name == only or case.name.startswith(f"{only}/")]
    count = max(1, round(share * len(cases)))
    kept = sorted(Random(seed).sample(range(len(cases)), count))
    return [cases[index] for index in kept]


def run_part(
    stages: Sequence[Stage], name: str, part: Part, cases: Sequence[Any], seed: int
) -> list[Failed]:
    """Run cases of a part, as many at a time as there are stages. Returns those not clean."""
    free: Queue[Stage] = Queue()
    for stage in stages:
        free.put(stage)

    def failures_of(case: Any) -> list[str]:
        stage = free.get()
        try:
            return part.run(stage, case, seed)
        except Exception as error:  # the campaign goes on, and the case counts as failed
            return [f"campaign: {type(error).__name__}: {error}"]
        finally:
            free.put(stage)

    found = []
    with ThreadPoolExecutor(len(stages)) as workers:
        of_all = workers.map(failures_of, cases)
        for number, (case, failures) in enumerate(zip(cases, of_all, strict=True), 1):
            if failures:
                found.append(Failed(name, case.name, failures))
            mark = "".join(f"\n    {printable(failure)}" for failure in failures) or " clean"
            line = f"{number}/{len(cases)} {printable(case.name)}:{mark}"
            print(line, file=sys.stderr, flush=True)
    return found


def printable(words: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in words)


def in_namespace(arguments: Sequence[str]) -> tuple[int, list[Failed]]:
    """Run the part `disks` in a namespace of its own. Returns the number of cases and failures."""
    command = ["unshare", "-rm", sys.executable, __file__, *arguments, "--parts", "disks", "--json"]
    answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return answer["tried"], [Failed(*row) for row in answer["failed"]]


def table(tried: dict[str, int], failed: Sequence[Failed], seed: int) -> str:
    """What was tried, what was clean, how often each kind of failure came, and each failure."""
    rows = [f"{'part':10} {'tried':>6} {'clean':>6}  failures"]
    for part, count in tried.items():
        of_part = [row for row in failed if row.part == part]
        kinds = Counter(kind for row in of_part for kind in {f.split(":")[0] for f in row.failures})
        words = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())) or "none"
        rows.append(f"{part:10} {count:6} {count - len(of_part):6}  {words}")
    for row in failed:
        rows.append(f"\n{printable(row.case)} (seed {seed})")
        rows += [f"    {printable(failure)}" for failure in row.failures]
        rows.append(f"    {Path(__file__).name} --seed {seed} --only {row.case!r}")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign. Returns 1 if any case is not clean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", default="inputs,kills,disks,pairs", help="separated by commas")
    parser.add_argument("--share", type=float, default=1.0, help="share of the cases of each part")
    parser.add_argument("--only", default="", help="a case, or the first word of its name")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one process")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    mounts = given.json or disks.may_mount()
    parts = {name: parts_of(mounts)[name] for name in given.parts.split(",")}
    tried: dict[str, int] = {}
    failed: list[Failed] = []
    with ExitStack() as closing:
        stages = [Stage(closing.enter_context(Server()), given.limit) for _ in range(given.jobs)]
        try:
            for name, part in parts.items():
                cases = chosen(part.cases(), given.share, given.only, given.seed)
                if not cases:
                    continue
                if name == "disks" and mounts and not given.json:
                    same = ["--seed", str(given.seed), "--share", str(given.share)]
                    same += ["--only", given.only, "--limit", str(given.limit)]
                    same += ["--jobs", str(given.jobs)]
                    tried[name], of_part = in_namespace(same)
                else:
                    tried[name] = len(cases)
                    of_part = run_part(stages, name, part, cases, given.seed)
                failed += of_part
        finally:
            for stage in stages:
                stage.close()
    if given.json:
        print(json.dumps({"tried": sum(tried.values()), "failed": failed}))
        return 0
    print(table(tried, failed, given.seed))
    if "disks" in tried:
        print(
            f"\nfull disks: {'tmpfs in a namespace' if mounts else 'limit of the size of a file'}"
        )
    print(f"{time.monotonic() - began:.0f} seconds")
    if not tried:
        print(f"error: no case {given.only}", file=sys.stderr)
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # to clean up
    sys.exit(main())
