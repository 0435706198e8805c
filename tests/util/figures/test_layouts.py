"""The layouts: which frames stand where in a figure."""

import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern, panels, played

from util.figures.layouts import Place, actions, animated, interpolated, recovered, textures
from util.figures.results import Result
from util.options.schema import Options
from util.pictures.layout import write_sequence
from util.pictures.sheets import Row
from util.pictures.showing import Showing, write_shown
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError

SHOWING = Showing(enlarge=1, rate=10.0)
BLANK = np.zeros((8, 8, 8, 3), np.uint8)  # 8 moments


def result(place, name, sequences, kinds, length=8):
    """A run with videos of 8×8 pixels; every video differs."""
    run = RunDirectory(place / name)
    run.path.mkdir()
    run.prepare(Options(category=name), sequences)
    videos = {}
    for sequence in sequences:
        for kind in kinds:
            frames = moving_pattern(len(videos) + len(name), length, 8)
            videos[sequence, kind] = frames
        folder = run.final_result / sequence
        folder.mkdir()
        of_sequence = {kind: videos[sequence, kind] for kind in kinds}
        write_sequence(folder, of_sequence, list(kinds), length, SHOWING)
    return Result(name, run), videos


def picture(place):
    return np.asarray(Image.open(place / "figure.png"))


def rows_of(labels, count=8):
    head = [str(number) for number in range(8)][:count]
    rows = [Row(label, BLANK[:count, np.newaxis]) for label in labels]
    return [rows[0]._replace(heads=head, corner="frame"), *rows[1:]]


def test_textures_have_a_row_for_each_clip(tmp_path):
    kinds = ("observed", "reconstructed", "synthesized_1", "synthesized_2", "synthesized_10")
    (fire, of_fire), (water, of_water) = (
        result(tmp_path, name, [f"{name} clip"], kinds) for name in ("fire", "water")
    )
    textures([fire, water], Place(tmp_path, 1))
    shown = ["observed", "synthesized_1", "synthesized_2", "synthesized_10"]
    labels = [f"{name}\n{kind.replace('_', ' ')}" for name in ("fire", "water") for kind in shown]
    found = panels(picture(tmp_path), rows_of(labels))
    wanted = [of_fire["fire clip", kind] for kind in shown]
    wanted += [of_water["water clip", kind] for kind in shown]
    assert np.array_equal(found, wanted)
    with Image.open(tmp_path / "figure.gif") as gif:
        assert gif.n_frames == 8 and gif.info["duration"] == 100
    assert (tmp_path / "figure.mp4").stat().st_size > 0


def test_sequences_of_a_category_are_named(tmp_path):
    found, videos = result(tmp_path, "fire", ["a", "b"], ("observed", "synthesized_1"))
    textures([found], Place(tmp_path, 1))
    labels = [f"fire\n{name}\n{kind}" for name in "ab" for kind in ("observed", "synthesized 1")]
    assert np.array_equal(panels(picture(tmp_path), rows_of(labels)), list(videos.values()))


def test_frames_of_the_picture_lie_within_the_shortest_video(tmp_path):
    found, _ = result(tmp_path, "fire", ["a"], ("observed", "synthesized_1"))
    longer = result(tmp_path, "longer", ["a"], ("observed", "synthesized_1"), length=20)[0]
    textures([longer, found], Place(tmp_path, 1))
    assert picture(tmp_path).shape[1] > 8 * 8


def test_recovered_clips_are_named_by_their_masks(tmp_path):
    found, videos = result(tmp_path, "flag", ["a"], ("observed", "recovered", "original", "mask"))
    recovered([found], Place(tmp_path, 1))
    labels = ["flag\nwith holes", "flag\nrecovered", "flag\noriginal"]
    wanted = [videos["a", kind] for kind in ("observed", "recovered", "original")]
    assert np.array_equal(panels(picture(tmp_path), rows_of(labels)), wanted)


def test_recovered_clip_without_known_truth_is_shown_without_it(tmp_path):
    found, videos = result(tmp_path, "flag", ["a"], ("observed", "recovered", "mask"))
    recovered([found], Place(tmp_path, 1))
    labels = ["flag\nwith holes", "flag\nrecovered"]
    wanted = [videos["a", kind] for kind in ("observed", "recovered")]
    assert np.array_equal(panels(picture(tmp_path), rows_of(labels)), wanted)


def test_actions_are_columns(tmp_path):
    names = [f"{number:02d}" for number in range(10)]
    found, videos = result(tmp_path, "waves", names, ("observed", "synthesized_1"), length=4)
    actions([found], Place(tmp_path, 1))
    rows = [
        Row(f"{kind}\nframe {moment}", BLANK[:, np.newaxis])
        for kind in ("observed", "synthesized 1")
        for moment in range(4)
    ]
    rows[0] = rows[0]._replace(heads=names[:8])
    wanted = [
        [videos[name, kind][moment] for name in names[:8]]
        for kind in ("observed", "synthesized_1")
        for moment in range(4)
    ]
    assert np.array_equal(panels(picture(tmp_path), rows), wanted)


def test_interpolation_shows_the_overviews_of_the_tests(tmp_path):
    found, _ = result(tmp_path, "blossoms", ["a"], ("observed",))
    tested = tmp_path / "tested"
    tested.mkdir()
    sheet = moving_pattern(3, 5, 16)
    write_shown(tested / "overview", sheet, SHOWING)
    Image.fromarray(sheet[0]).save(tested / "overview.png")
    found.test = tested
    interpolated([found], Place(tmp_path, 1))
    shown = panels(picture(tmp_path), [Row("blossoms", sheet[:1, np.newaxis])])
    assert np.array_equal(shown[0][0], sheet[0])
    assert len(played(tmp_path / "figure.gif", picture(tmp_path).shape[:2])) == 5


def test_animated_images_keep_their_order(tmp_path):
    found, _ = result(tmp_path, "walkers", ["a"], ("observed",))
    found.test = tmp_path / "tested"
    found.test.mkdir()
    videos = {}
    for name in ("2_b_1", "2_b_2", "10_a_1", "10_a_2"):
        videos[name] = moving_pattern(len(videos), 8, 8)
        write_shown(found.test / name, videos[name], Showing(enlarge=2))
    animated([found], Place(tmp_path, 1))
    labels = [f"walkers\n{image}\nvideo {video}" for image in "ba" for video in (1, 2)]
    shown = panels(picture(tmp_path), rows_of(labels))
    for row, frames in zip(shown, videos.values(), strict=True):
        assert np.abs(row.astype(int) - frames).mean() < 40  # the videos are compressed


@pytest.mark.parametrize(
    "gone", ["final_result", "final_result/a/observed", "final_result/a/observed.mp4"]
)
def test_results_that_are_gone_are_named(tmp_path, gone):
    found, _ = result(tmp_path, "fire", ["a"], ("observed", "synthesized_1"))
    (found.run.path / gone).rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is gone, so the figure cannot show it"):
        textures([found], Place(tmp_path, 1))
