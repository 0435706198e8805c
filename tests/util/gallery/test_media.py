"""What the page links of a run, and under which address."""

import os
from urllib.parse import unquote_to_bytes

import pytest
from support.made_runs import make_run

from util.gallery.media import address, find_media
from util.runs.run_directory import RunDirectory


def media_of(folder):
    return find_media(RunDirectory(folder), folder.parent)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_videos_of_a_sequence_in_their_order_enlarged_where_they_are(tmp_path):
    run = make_run(tmp_path / "run")
    names = ["observed", "reconstructed", *(f"synthesized_{n}" for n in (1, 2, 10))]
    touch(run / "final_result" / "ripples", *(f"{name}.mp4" for name in names), "observed.gif")
    touch(run / "final_result" / "ripples", "observed_enlarged.mp4", "side_by_side.mp4", "my.mp4")
    touch(run / "final_result" / ".partial-0123456789abcdef", "observed.mp4")
    media = media_of(run)
    assert media.is_final
    (sequence,) = media.sequences
    assert [video.name for video in sequence.videos] == [
        "observed", "reconstructed", "synthesized 1", "synthesized 2", "synthesized 10",
    ]  # fmt: skip
    addresses = [video.address for video in sequence.videos]
    assert addresses[0] == "./run/final_result/ripples/observed_enlarged.mp4"
    assert addresses[2] == "./run/final_result/ripples/synthesized_1.mp4"
    assert [video.whole for video in sequence.videos] == [True, True, False, False, False]


def test_recovered_videos_without_the_mask(tmp_path):
    run = make_run(tmp_path / "run")
    kinds = ["original", "recovered", "observed", "mask"]
    touch(run / "final_result" / "ripples", *(f"{kind}.mp4" for kind in kinds))
    (sequence,) = media_of(run).sequences
    assert [video.name for video in sequence.videos] == ["observed", "recovered", "original"]


def test_run_without_results_has_its_clips_and_its_newest_sheets(tmp_path):
    run = make_run(tmp_path / "run", table=None)
    touch(run / "observed_sequence", "ripples.mp4", "ripples.gif", "swell.mp4")
    sheets = ("epoch_00010_synthesis.png", "epoch_100000_synthesis.png", "epoch_00020_other.png")
    touch(run / "synthesis_sequence", *sheets, "epoch_00020_reconstruction.png")
    media = media_of(run)
    assert not media.is_final
    assert [sequence.name for sequence in media.sequences] == ["ripples", "swell"]
    assert media.sheets == [
        ("reconstruction, epoch 20", "./run/synthesis_sequence/epoch_00020_reconstruction.png"),
        ("synthesis, epoch 100000", "./run/synthesis_sequence/epoch_100000_synthesis.png"),
    ]


def test_checkpoints_folders_and_tests_are_linked(tmp_path):
    run = make_run(tmp_path / "run")
    for epoch in (2, 10):
        touch(run / "model", f"model.ckpt-{epoch}.index", f"model.ckpt-{epoch}.data-00000-of-00001")
    touch(run / "model", "model.ckpt-12.index")  # half of a checkpoint
    touch(run / "final_result_testing_2", "animation.csv", "evaluation.csv", "overview.png")
    touch(run / "test" / "synthesis", "overview.mp4")
    touch(run / "final_result_of_mine", "overview.png")
    touch(run / "final_result_loop", "seams.csv")
    media = media_of(run)
    assert [link.text for link in media.checkpoints] == ["2", "10"]
    assert media.checkpoints[1].address == "./run/model/model.ckpt-10.index"
    texts = [link.text for link in media.links]
    assert texts == [
        "final_result/evaluation.csv", "options.json", "final_result/", "model/", "log/",
        "final_result_loop/", "final_result_loop/seams.csv",
        "final_result_testing_2/", "final_result_testing_2/overview.png",
        "final_result_testing_2/animation.csv", "final_result_testing_2/evaluation.csv",
        "test/synthesis/", "test/synthesis/overview.mp4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["a b", "100%25", "#1", "who?", "http:", "<script>", "a&b'c\"d", "ü火", b"\xff\xfe", "a\nb"],
)
def test_address_leads_to_the_file_whatever_its_name(tmp_path, name):
    path = tmp_path / os.fsdecode(name) / "x.mp4"
    found = address(path, tmp_path)
    assert found.startswith("./") and found.isascii()
    assert not set(found) & set("#?<>\"'& \n:")
    assert unquote_to_bytes(found) == b"./" + os.fsencode(name) + b"/x.mp4"
