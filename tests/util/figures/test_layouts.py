"""The layouts: which frames stand where in a figure."""

import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern, panels, played

from util.figures.layouts import (
    Place,
    actions,
    animated,
    continued,
    interpolated,
    looped,
    recovered,
    slowed,
    textures,
)
from util.figures.results import Result
from util.options.schema import Options
from util.pictures.encoding import write_frames
from util.pictures.layout import write_sequence
from util.pictures.sheets import BORDER_COLOUR, Row, Sheet
from util.pictures.showing import Showing, write_shown
from util.runs.run_directory import RunDirectory
from util.system.errors import RunError

SHOWING = Showing(enlarge=1, rate=10.0)
BLANK = np.zeros((8, 8, 8, 3), np.uint8)  # 8 moments


def result(place, name, sequences, kinds, length=8, **options):
    """A run with videos of 8×8 pixels; every video differs."""
    run = RunDirectory(place / name)
    run.path.mkdir()
    run.prepare(Options(category=name, **options), sequences)
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


def add_test(found, place, length, count):
    """Add a test with videos of the sequence a, numbered from 1 and not by their letters."""
    found.test = place / "tested"
    found.test.mkdir()
    videos = [moving_pattern(20 + number, length, 8) for number in range(1, count + 1)]
    for number, video in enumerate(videos, 1):
        write_shown(found.test / f"a_{number}", video, Showing(enlarge=2))
    return videos


def near(found, wanted):
    """Whether frames are alike; the videos are compressed."""
    return np.abs(np.asarray(found).astype(int) - wanted).mean() < 40


@pytest.mark.parametrize("known", [True, False, "damaged"])
def test_futures_stand_below_the_clip_and_have_a_border(tmp_path, known):
    found, _ = result(
        tmp_path,
        "fire",
        ["a"],
        ("observed",),
        num_frames=8,
        image_size=8,
        first_frame=1,
        data_path=str(tmp_path / "clips"),
    )
    clip = moving_pattern(9, 40 if known else 9, 8)
    write_frames(tmp_path / "clips" / "fire" / "a", clip)
    if known == "damaged":  # after the frames of the training
        (tmp_path / "clips" / "fire" / "a" / "00020.png").write_bytes(b"no picture")
        known = False
    futures = add_test(found, tmp_path, 20, 10)
    continued([found], Place(tmp_path, 1))
    numbers = range(3, 18)  # five frames before the change, and ten after it
    labels = ["fire\nclip", *(f"fire\nfuture {number}" for number in range(1, 11))]
    rows = [Row(label, np.zeros((15, 1, 8, 8, 3), np.uint8)) for label in labels]
    if not known:
        rows[0] = rows[0]._replace(videos=rows[0].videos[:5])
        rows[1] = rows[1]._replace(heads=list(map(str, numbers)), corner="frame")
    heads = list(map(str, numbers))[: len(rows[0].videos)]
    rows[0] = rows[0]._replace(heads=heads, corner="frame")
    shown = panels(picture(tmp_path), rows)
    of_clip = clip[1 + 3 : 1 + 18 if known else 1 + 8]
    assert np.array_equal(shown[0], of_clip)
    for row, video in zip(shown[1:], futures, strict=True):
        assert near(row, video[list(numbers)])
    orange = np.all(picture(tmp_path) == BORDER_COLOUR, axis=-1)
    sheet = Sheet(rows, 1)
    borders = [orange[top - 3, left] for top in sheet.tops for left in sheet.lefts]
    assert np.array_equal(
        np.reshape(borders, (11, 15)), [[False] * 15, *[[False] * 5 + [True] * 10] * 10]
    )
    with Image.open(tmp_path / "figure.gif") as gif:
        assert gif.n_frames == (38 if known else 20)


def test_loops_are_shown_around_their_seam_beside_that_of_the_clip(tmp_path):
    found, videos = result(tmp_path, "fire", ["a"], ("observed", "synthesized_1"))
    rounds = add_test(found, tmp_path, 24, 1)[0]  # two rounds of 12 frames, say
    (found.test / "seams.csv").write_text("sequence,video,frames\na,a_1,12\n")
    looped([found], Place(tmp_path, 1))
    rows = [Row(f"fire\n{name}", BLANK[:, np.newaxis]) for name in ("clip", "loop")]
    rows[0] = rows[0]._replace(heads=[str(number) for number in range(-4, 4)], corner="frame")
    of_clip, of_loop = panels(picture(tmp_path), rows)
    assert np.array_equal(of_clip, np.roll(videos["a", "observed"], 4, axis=0))
    assert near(of_loop, rounds[[8, 9, 10, 11, 0, 1, 2, 3]])
    with Image.open(tmp_path / "figure.gif") as gif:
        assert gif.n_frames == 12


@pytest.mark.parametrize("known", [True, False])
def test_slow_motion_is_shown_with_linear_interpolation_and_the_truth(tmp_path, known):
    kinds = ("observed", "recovered", "original")[: 3 if known else 2]
    found, videos = result(tmp_path, "flag", ["a"], kinds, length=13, factor=4)
    slowed([found], Place(tmp_path, 1))
    names = ["slow motion", "linear interpolation", "truth"][: len(kinds)]
    rows = [Row(f"flag\n{name}", np.zeros((9, 1, 8, 8, 3), np.uint8)) for name in names]
    rows[0] = rows[0]._replace(heads=[str(number) for number in range(4, 13)], corner="frame")
    shown = panels(picture(tmp_path), rows)
    slow = videos["a", "recovered"].astype(float)
    assert np.array_equal(shown[0], slow[4:])
    for number in range(4, 13):
        before, share = number // 4 * 4, number % 4 / 4
        mixed = (1 - share) * slow[before] + share * slow[min(before + 4, 12)]
        assert np.abs(shown[1][number - 4] - mixed).max() <= 1
    assert not known or np.array_equal(shown[2], videos["a", "original"][4:])


def test_videos_of_a_test_that_are_gone_are_named(tmp_path):
    found, _ = result(tmp_path, "fire", ["a"], ("observed", "synthesized_1"))
    add_test(found, tmp_path, 12, 0)
    (found.test / "seams.csv").write_text("sequence,video,frames\na,a_1,12\n")
    with pytest.raises(RunError, match="a_1.mp4 is gone, so the figure cannot show it"):
        looped([found], Place(tmp_path, 1))


@pytest.mark.parametrize(
    "gone", ["final_result", "final_result/a/observed", "final_result/a/observed.mp4"]
)
def test_results_that_are_gone_are_named(tmp_path, gone):
    found, _ = result(tmp_path, "fire", ["a"], ("observed", "synthesized_1"))
    (found.run.path / gone).rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is gone, so the figure cannot show it"):
        textures([found], Place(tmp_path, 1))
