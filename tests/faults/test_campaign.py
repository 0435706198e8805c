"""The campaign's judge, its forked children, and a small part of its cases."""

import itertools
import signal

import pytest
from support.processes import Ended, Server, run_alone

from faults import campaign, kills
from faults.inputs import run_case, with_flags
from faults.judging import OF_A_USER, RUN, Expected, Wanted, codes_of, judge
from faults.places import TRAIN, Stage, weights
from faults.trees import differing, tree

BEFORE = {f"{RUN}/model/a": "1", f"{RUN}/{OF_A_USER}.txt": "2", "outside/b": "3"}
BEFORE |= {f"{RUN}/link": "link to elsewhere"}
READ, REFUSED = (Wanted(codes_of(expected)) for expected in (Expected.READ, Expected.REFUSED))
DONE, ERROR = Ended(0, "done", ""), Ended(2, "", "error: no\n")
KILLED = Wanted(frozenset({-9}))
ANYTHING = READ._replace(changes=".*")
TWIN = READ._replace(result=lambda found: found.get("x"), twin="1")

# What happened and what was wanted → the kinds of failures.
VERDICTS = {
    "done": (DONE, {}, READ, []),
    "refused": (ERROR, {}, REFUSED, []),
    "hang": (Ended(-9, "", "", True), {}, READ, ["hang"]),
    "traceback": (
        Ended(0, "", "Traceback (most recent call last):\n"),
        {},
        READ,
        ["traceback"],
    ),
    "ignored exception": (Ended(0, "", "Exception ignored in: x"), {}, READ, ["traceback"]),
    "warning of a library": (Ended(0, "", "x.py:1: UserWarning: y"), {}, READ, ["noise"]),
    "two lines": (
        Ended(1, "", "error: a\nerror: b\n"),
        {},
        REFUSED,
        ["more than one line of error"],
    ),
    "line that goes on": (
        Ended(1, "", "error: a\nb\n"),
        {},
        REFUSED,
        ["more than one line of error"],
    ),
    "no line": (Ended(1, "", ""), {}, REFUSED, ["no line of error"]),
    "taken": (DONE, {}, REFUSED, ["silent wrong result"]),
    "good refused": (ERROR, {}, READ, ["good input refused"]),
    "died": (Ended(-11, "", ""), {}, REFUSED, ["exit code"]),
    "killed": (Ended(-9, "", ""), {f"{RUN}/.partial-x": "1"}, KILLED, []),
    "partial": (DONE, {f"{RUN}/log/.partial-x": "1"}, READ, ["left half-written"]),
    "outside": (DONE, {"outside/c": "1"}, READ, ["byte outside the run's folder"]),
    "changed outside": (DONE, {"outside/b": "4"}, READ, ["byte outside the run's folder"]),
    "lost": (DONE, {f"{RUN}/model/a": None}, READ, ["earlier result lost"]),
    "changed": (DONE, {f"{RUN}/model/a": "2"}, READ, ["earlier result lost"]),
    "may change": (DONE, {f"{RUN}/model/a": "2"}, ANYTHING, []),
    "of a user": (DONE, {f"{RUN}/{OF_A_USER}.txt": None}, ANYTHING, ["earlier result lost"]),
    "link": (DONE, {f"{RUN}/link": "folder"}, ANYTHING, ["earlier result lost"]),
    "written": (ERROR, {f"{RUN}/new": "1"}, REFUSED, ["written though refused"]),
    "like the twin": (DONE, {f"{RUN}/x": "1"}, TWIN._replace(twin=None), []),
    "unlike the twin": (DONE, {}, TWIN, ["silent wrong result"]),
    "not said": (DONE, {}, READ._replace(says=("mask",)), ["not said"]),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_judge_names_what_went_wrong(case):
    ended, changes, wanted, kinds = VERDICTS[case]
    after = {path: content for path, content in (BEFORE | changes).items() if content is not None}
    assert [failure.split(":")[0] for failure in judge(ended, BEFORE, after, wanted)] == kinds


def test_tree_follows_no_link_and_opens_no_pipe(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("folder")
    before = tree(tmp_path)
    assert before.keys() == {"folder", "folder/file", "link"}
    assert before["link"] == "link to folder"
    (tmp_path / "folder" / "file").write_bytes(b"2")
    (tmp_path / "link").unlink()
    campaign.clips.SPECIAL["FIFO"](tmp_path / "pipe", None)
    assert differing(before, tree(tmp_path)) == ["folder/file", "link", "pipe"]


def test_flags_replace_those_of_the_start():
    line = ["--a", "1", "--b", "2", "--overwrite"]
    assert with_flags(line, ("--b=3", "--c")) == ["--a", "1", "--overwrite", "--b=3", "--c"]


def test_campaign_is_large_enough_and_has_unique_names():
    parts = {name: part.cases() for name, part in campaign.parts_of(mounts=True).items()}
    counts = {"inputs": 300, "kills": 60, "disks": 20, "pairs": 20}
    assert all(len(parts[name]) >= count for name, count in counts.items())
    names = [case.name for case in itertools.chain(*parts.values())]
    assert len(set(names)) == len(names)
    assert {kill.number for kill in parts["kills"]} == set(kills.SIGNALS)


def test_share_is_drawn_from_the_seed_and_one_case_by_its_name():
    cases = kills.cases()
    assert len(campaign.chosen(cases, 0.1, "", 0)) == 6
    assert campaign.chosen(cases, 0.1, "", 0) != campaign.chosen(cases, 0.1, "", 1)
    assert campaign.chosen(cases, 0.1, cases[7].name, 0) == [cases[7]]
    assert campaign.chosen(cases, 0.1, "kills", 0) == cases


def test_table_counts_the_kinds_and_says_how_to_repeat_a_case():
    failed = [campaign.Failed("kills", "kills/3", ["hang: x", "hang: y", "noise: z"])]
    head, inputs, of_kills, *rest = campaign.table({"inputs": 5, "kills": 4}, failed, 7).split("\n")
    assert head.split() == ["part", "tried", "clean", "failures"]
    assert inputs.split() == ["inputs", "5", "5", "none"]
    assert of_kills.split() == ["kills", "4", "3", "hang", "1,", "noise", "1"]
    assert "--seed 7 --only 'kills/3'" in rest[-1]


@pytest.fixture(scope="module")
def stage():
    """A stage that takes the usual time of each moment as half a second."""
    with Server() as server:
        made = Stage(server, campaign.LIMIT)
        made.seconds = dict.fromkeys(kills.MOMENTS, 0.5)
        yield made
        made.close()


def test_a_forked_child_is_as_a_process_of_its_own(stage):
    place = stage.place("clips")
    ended = run_alone(place.work, TRAIN, campaign.LIMIT, place.environment())
    assert ended.returncode == 0, ended.stderr
    assert weights(tree(place.root)) == weights(stage.undisturbed())
    assert len(weights(stage.undisturbed())) > 10
    # Their exit codes and outputs are the same, too, also of what is refused.
    refused = ["--category", "none"]
    child = stage.run(place, refused)
    assert child == run_alone(place.work, refused, campaign.LIMIT, place.environment())
    assert child.returncode == 1


INPUTS = (
    "clips/noise .mp4",
    "clips/hls .mp4",
    "masks/pickled .npy",
    "test/index damaged 0",
    "lines/--seed 'nan'",
    "lines/resume and overwrite",
)


@pytest.mark.parametrize("name", INPUTS)
def test_malformed_input_is_clean(stage, name):
    (case,) = campaign.chosen(campaign.inputs(), 1.0, name, 0)
    assert run_case(stage, case, seed=0) == []


def test_killed_training_is_clean(stage):
    case = kills.Kill("kills/test", signal.SIGKILL, "training")
    assert kills.run_kill(stage, case, seed=0) == []
