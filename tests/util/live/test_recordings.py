"""Recordings never replace a file, and leave nothing half-written."""

import numpy as np
import pytest
from support.command_line import moving_pattern

from util.data.clip_facts import facts_of
from util.data.clips import read_clip
from util.live.recordings import Recordings
from util.pictures.showing import Showing

# Grey, because H.264 halves the resolution of colours.
FRAMES = moving_pattern(0, 4, 16)[..., :1].repeat(3, axis=-1)
SHOWING = Showing(1, 10.0, 1.0)


def test_videos_are_numbered_in_one_folder_of_the_session(tmp_path):
    recordings = Recordings(tmp_path / "run" / "final_result_live")
    assert recordings.folder is None and list(tmp_path.iterdir()) == []
    paths = [recordings.write(FRAMES, SHOWING) for _ in range(2)]
    folder = tmp_path / "run" / "final_result_live"
    assert paths == [folder / "recording_1.mp4", folder / "recording_2.mp4"]
    assert sorted(folder.iterdir()) == paths
    assert recordings.folder == folder


def test_frames_are_those_of_the_page(tmp_path):
    path = Recordings(tmp_path / "live").write(FRAMES, SHOWING)
    written = read_clip(facts_of(path), 0, len(FRAMES), 16)
    assert np.abs(written.astype(int) - FRAMES).mean() < 8
    assert facts_of(path).rate == 10


def test_another_session_gets_another_folder(tmp_path):
    (tmp_path / "live").mkdir()
    first, second = Recordings(tmp_path / "live"), Recordings(tmp_path / "live")
    assert first.write(FRAMES, SHOWING) == tmp_path / "live_2" / "recording_1.mp4"
    assert second.write(FRAMES, SHOWING) == tmp_path / "live_3" / "recording_1.mp4"
    assert list((tmp_path / "live").iterdir()) == []


def test_file_of_others_is_not_replaced(tmp_path):
    recordings = Recordings(tmp_path / "live")
    recordings.write(FRAMES, SHOWING)
    other = tmp_path / "live" / "recording_2.mp4"
    other.symlink_to("nowhere")
    assert recordings.write(FRAMES, SHOWING) == tmp_path / "live" / "recording_3.mp4"
    assert other.is_symlink()


def test_enlarged_file_of_a_renamed_recording_is_not_replaced(tmp_path):
    recordings = Recordings(tmp_path / "live")
    first = recordings.write(FRAMES, SHOWING._replace(enlarge=2))
    first.rename(first.with_name("mine.mp4"))
    enlarged = first.with_name("recording_1_enlarged.mp4")
    enlarged.write_bytes(b"mine, too")
    assert recordings.write(FRAMES, SHOWING._replace(enlarge=2)).name == "recording_2.mp4"
    assert enlarged.read_bytes() == b"mine, too"


def test_folder_that_was_removed_is_made_again(tmp_path):
    recordings = Recordings(tmp_path / "live")
    recordings.write(FRAMES, SHOWING).unlink()
    (tmp_path / "live").rmdir()
    assert recordings.write(FRAMES, SHOWING).is_file()


def test_failure_leaves_no_file_and_no_folder(tmp_path):
    recordings = Recordings(tmp_path / "live")
    with pytest.raises(ValueError, match="frames are"):
        recordings.write(FRAMES.astype(np.float32), SHOWING)
    assert list(tmp_path.iterdir()) == []
    assert recordings.write(FRAMES, SHOWING).parent == tmp_path / "live"


def test_what_a_killed_session_left_is_deleted(tmp_path):
    leftover = tmp_path / ".partial-0123456789abcdef-live"
    leftover.mkdir()
    (leftover / ".lock").write_text("")
    (leftover / ".partial-fedcba9876543210.mp4").write_text("half")
    Recordings(tmp_path / "live").write(FRAMES, SHOWING)
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
    assert [path.name for path in (tmp_path / "live").iterdir()] == ["recording_1.mp4"]


def test_enlarged_video_has_the_same_number(tmp_path):
    recordings = Recordings(tmp_path / "live")
    for _ in range(2):
        recordings.write(FRAMES, SHOWING._replace(enlarge=2))
    names = {f"recording_{number}{end}.mp4" for number in (1, 2) for end in ("", "_enlarged")}
    assert {path.name for path in (tmp_path / "live").iterdir()} == names


def test_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(OSError):
        Recordings(tmp_path / "run" / "live").write(FRAMES, SHOWING)
    assert (tmp_path / "run").read_text() == "mine"
