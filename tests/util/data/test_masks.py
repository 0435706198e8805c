"""Masks: every format read alike, the kinds that are made, and what is refused."""

import os
import pickle
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image
from support.command_line import encode, flags, moving_pattern, parse, refusal

from util.data.clip_facts import ClipFacts
from util.data.clips import (
    fill_from_nearest,
    nearest_pixels,
    resize_square,
    resize_square_plane,
    resize_square_without,
)
from util.data.frames import to_bytes
from util.data.masks import masks as each_mask
from util.data.masks import never_visible, read_mask, tell_shares
from util.options.schema import Options
from util.pictures.encoding import write_frames, write_video
from util.runs.jobs import prepare

LENGTH, SIDE = 6, 8


def masks(*arguments):
    return list(each_mask(*arguments))


def blocks() -> np.ndarray:
    """A mask, bool [LENGTH, SIDE, SIDE]: of each 2×2 block all or nothing, no two frames alike."""
    small = np.random.default_rng(0).uniform(size=(LENGTH, SIDE // 2, SIDE // 2)) < 0.4
    return np.kron(small, np.ones((1, 2, 2), bool))


def as_array(missing, channels=None, value=1, dtype=np.uint8):
    """[height, width, frames], or with equal channels, `value` where missing."""
    values = (np.moveaxis(missing, 0, 2) * value).astype(dtype)
    return values if channels is None else np.stack([values] * channels, axis=3)


def as_frames(missing):
    """Pictures, uint8 [T, H, W, 3], white where missing."""
    return np.repeat(np.uint8(255) * missing[..., np.newaxis], 3, axis=3)


def write_mat(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"masks": values}, do_compression=True)
    return path


def write_npy(path, values):
    np.save(path, values)
    return path


def write_npz(path, values):
    np.savez_compressed(path, masks=values)
    return path


def video(path, missing):
    """What the project itself writes, of which the .mp4 is compressed with loss."""
    write_video(path.with_suffix(""), as_frames(missing))
    return path


def folder(path, missing):
    write_frames(path, as_frames(missing))
    return path


FORMATS = {
    "three channels": lambda place, mask: write_mat(place / "a.mat", as_array(mask, 3)),
    "one channel": lambda place, mask: write_mat(place / "a.mat", as_array(mask, 1)),
    "no channels": lambda place, mask: write_mat(place / "a.mat", as_array(mask)),
    "logical": lambda place, mask: write_mat(place / "a.mat", as_array(mask, 3, dtype=bool)),
    "capitals": lambda place, mask: write_mat(place / "A.MAT", as_array(mask, 3)),
    "npy": lambda place, mask: write_npy(place / "a.npy", as_array(mask)),
    "small numbers": lambda place, mask: write_npy(place / "a.npy", as_array(mask, 3, 0.1, float)),
    "npz": lambda place, mask: write_npz(place / "a.npz", as_array(mask, 3)),
    "mp4": lambda place, mask: video(place / "a.mp4", mask),
    "gif": lambda place, mask: video(place / "a.gif", mask),
    "folder": lambda place, mask: folder(place / "a", mask),
}


def settings(place=Path(), **changed) -> Options:
    """The options of a run whose masks are below `place`."""
    given = {"num_frames": LENGTH, "image_size": SIDE, "mask_path": str(place)}
    return Options(category="waves", **{**given, **changed})


# --- Formats ---


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_to_the_same_mask(tmp_path, kind):
    source = FORMATS[kind](tmp_path, blocks())
    np.testing.assert_array_equal(read_mask(source, 0, LENGTH), blocks())


@pytest.mark.parametrize("kind", FORMATS)
def test_first_frame_is_the_first_of_the_mask_that_is_used(tmp_path, kind):
    source = FORMATS[kind](tmp_path, blocks())
    np.testing.assert_array_equal(read_mask(source, 2, 3), blocks()[2:5])


def test_one_image_is_the_mask_of_every_frame(tmp_path):
    image = Image.fromarray(as_frames(blocks())[0])
    for name in ("mask.png", "mask.jpg"):
        image.save(tmp_path / name, quality=95)
        read = read_mask(tmp_path / name, 4, 3)
        np.testing.assert_array_equal(read, np.stack([blocks()[0]] * 3))


def test_a_pixel_is_missing_where_any_channel_says_so(tmp_path):
    values = np.zeros((SIDE, SIDE, LENGTH, 3), np.uint8)
    values[1, 2, 3, 1] = 1
    read = read_mask(write_mat(tmp_path / "a.mat", values), 0, LENGTH)
    assert np.argwhere(read).tolist() == [[3, 1, 2]]


def test_images_are_missing_where_they_are_bright(tmp_path):
    grey = np.zeros((SIDE, SIDE), np.uint8)
    grey[0, :3] = (127, 128, 255)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert np.argwhere(read_mask(tmp_path / "a.png", 0, 1)).tolist() == [[0, 0, 1], [0, 0, 2]]


# --- Resizing ---


@pytest.mark.parametrize("height, width", [(4, 4), (24, 24), (5, 13), (16, 3)])
def test_resized_mask_has_each_pixel_from_the_nearest(height, width):
    """Its centre is never further from that of its source than half a pixel of the source."""
    for new in ((SIDE, SIDE), (7, 10), (height, width)):
        taken = nearest_pixels(np.indices((height, width)), *new)
        assert taken.shape == (2, *new)
        for size, new_size, old, place in zip(
            (height, width), new, taken, np.indices(new), strict=True
        ):
            distance = old + 0.5 - (place + 0.5) * size / new_size
            assert np.abs(distance).max() <= 0.5 + 1e-9


def test_mask_of_another_size_stays_so_and_is_told_of_once_where_sequences_share_it(
    tmp_path, capsys
):
    (tmp_path / "waves").mkdir()
    wide = np.kron(blocks(), np.ones((1, 2, 3), bool))
    write_mat(tmp_path / "waves" / "all.mat", as_array(wide))
    clips = [ClipFacts(Path(name), LENGTH, 2 * SIDE, 3 * SIDE) for name in ("a", "b", "c")]
    read = masks(settings(tmp_path, mask_file="all.mat"), ["a", "b", "c"], clips)
    np.testing.assert_array_equal(read, [wide] * 3)
    (line,) = capsys.readouterr().err.splitlines()
    for word in (str(tmp_path / "waves" / "all.mat"), "24×16", "8×8"):
        assert word in line


def missing_share(share):
    """A mask that hides this share of each frame."""
    missing = np.zeros((LENGTH, 10, 10), bool)
    missing.reshape(LENGTH, 100)[:, : round(100 * share)] = True
    return missing


@pytest.mark.parametrize(
    "share, inverted, said",
    [
        (0.16, False, "16.0 % of the pixels are missing"),
        (0.8, False, "80.0 % of the pixels are missing"),
        (
            0.94,
            False,
            "94.0 % of the pixels are missing; if it should be the other pixels: "
            "--invert_mask True",
        ),
        (0.94, True, "6.0 % of the pixels are missing"),
        (
            0.06,
            True,
            "94.0 % of the pixels are missing; if it should be the other pixels: "
            "--invert_mask False",
        ),
    ],
)
def test_share_of_missing_pixels_is_told_and_inverting_exchanges_them(
    tmp_path, capsys, share, inverted, said
):
    (tmp_path / "waves").mkdir()
    path = write_mat(tmp_path / "waves" / "all.mat", as_array(missing_share(share)))
    asked = settings(tmp_path, mask_file="all.mat", invert_mask=inverted, image_size=10)
    (read,) = masks(asked, ["a"])
    np.testing.assert_array_equal(read, missing_share(share) ^ inverted)
    assert capsys.readouterr().err == ""
    tell_shares(asked, ["a"], [read])
    note = "note: " * ("if it" in said)  # so that a figure shows it, too
    assert capsys.readouterr().err.splitlines()[0] == f"{note}mask {path}: {said}"


def test_share_of_a_mask_that_is_made_is_told_once_for_all_sequences(capsys):
    made = settings(mask_type="missingFrames", missing_fraction=5 / 6)
    tell_shares(made, ["a", "b"], masks(made, ["a", "b"]))
    assert capsys.readouterr().err == (
        f"--mask_type missingFrames with --missing_fraction {5 / 6}: 83.3 % of the pixels are "
        "missing\n"
    )


# --- One mask for all sequences, or each its own ---


def test_sequences_have_the_mask_of_the_category_or_one_of_their_own(tmp_path):
    shared, own = blocks(), ~blocks()
    (tmp_path / "waves" / "swell").mkdir(parents=True)
    write_mat(tmp_path / "waves" / "region.mat", as_array(shared))
    write_mat(tmp_path / "waves" / "swell" / "region.mat", as_array(own))
    read = masks(settings(tmp_path, mask_file="region.mat"), ["ripples", "swell"])
    assert [mask.dtype for mask in read] == [bool, bool]
    np.testing.assert_array_equal(read, [shared, own])


def test_a_folder_of_images_can_be_the_mask_file(tmp_path):
    folder(tmp_path / "waves" / "frames", blocks())
    (read,) = masks(settings(tmp_path, mask_file="frames"), ["ripples"])
    np.testing.assert_array_equal(read, blocks())


def test_masks_begin_at_the_first_frame_of_the_clips(tmp_path):
    (tmp_path / "waves").mkdir()
    write_npy(tmp_path / "waves" / "a.npy", as_array(blocks()))
    (read,) = masks(settings(tmp_path, mask_file="a.npy", first_frame=1, num_frames=4), ["one"])
    np.testing.assert_array_equal(read, blocks()[1:5])


# --- Masks that are made ---


@pytest.mark.parametrize("length, fraction, number", [(6, 0.5, 3), (10, 0.34, 3), (7, 0.9, 6)])
def test_missing_frames_are_so_many_and_missing_entirely(length, fraction, number):
    options = settings(mask_type="missingFrames", missing_fraction=fraction, num_frames=length)
    of_frames = np.reshape(masks(options, ["a", "b"]), (2, length, SIDE**2))
    np.testing.assert_array_equal(of_frames.any(axis=2), of_frames.all(axis=2))
    assert of_frames.all(axis=2).sum(axis=1).tolist() == [number, number]


@pytest.mark.parametrize("side, size, width", [(8, 0.4, 3), (16, 0.5, 8), (8, 0.01, 1)])
def test_random_region_is_one_square_of_each_frame_that_jumps(side, size, width):
    options = settings(mask_type="randomRegion", region_size=size, image_size=side, num_frames=20)
    places = []
    for frame in masks(options, ["a"])[0]:
        rows, columns = np.flatnonzero(frame.any(axis=1)), np.flatnonzero(frame.any(axis=0))
        assert frame.sum() == width**2
        assert np.ptp(rows) == np.ptp(columns) == width - 1
        places.append((rows[0], columns[0]))
    assert len(set(places)) > 10


def test_random_region_reaches_every_edge():
    options = settings(mask_type="randomRegion", num_frames=200)
    assert masks(options, ["a"])[0].any(axis=0).all()


@pytest.mark.parametrize("kind", ["missingFrames", "randomRegion"])
def test_the_seed_decides_a_mask_that_is_made_of_each_sequence_anew(kind):
    one, same, other = (
        masks(settings(mask_type=kind, num_frames=20, seed=seed), ["a", "b"]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    for sequence in (0, 1):
        assert np.any(one[sequence] != other[sequence])
    assert np.any(one[0] != one[1])


# --- Clips are read without what is hidden ---


def clips_in(place, **more):
    """The clips of an incomplete run in the folder `place`, as it would train on them."""
    folders = {"data_path": place / "data", "mask_path": place / "mask", "category": "waves"}
    sizes = {"image_size": SIDE, "num_frames": LENGTH, "mask_file": "a.mat"}
    given = {"experiment": "recovery", "output_dir": place / "out", **folders, **sizes, **more}
    return prepare(parse(flags(**given))).clips


def write_clip(place, frames):
    write_frames(place / "data" / "waves" / "ripples", frames)


@pytest.mark.parametrize("side", [5, 12, 30])
@pytest.mark.parametrize("mask_type", ["external", "missingFrames", "randomRegion"])
def test_nothing_of_what_is_hidden_gets_into_the_visible_pixels(tmp_path, side, mask_type):
    """Whatever the size of the clip, which is resized; the mask here has it or the frames'."""
    frames, large = moving_pattern(1, LENGTH, side), np.random.default_rng(2)
    missing = large.uniform(size=(LENGTH, side, side)) < 0.4
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(missing))
    write_clip(tmp_path, frames)
    first = clips_in(tmp_path, mask_type=mask_type)
    if mask_type != "external":
        missing = nearest_pixels(first.missing[0, ..., 0], side, side)
    for grey in (0, 255):
        write_clip(tmp_path, np.where(missing[..., np.newaxis], np.uint8(grey), frames))
        other = clips_in(tmp_path, mask_type=mask_type)
        np.testing.assert_array_equal(other.missing, first.missing)
        assert other.digest == first.digest
        assert np.any(other.truth != first.truth)


@pytest.mark.parametrize("first, length", [(0, LENGTH), (1, 4)])
def test_missing_pixels_are_black_and_all_others_those_of_the_clip(tmp_path, first, length):
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    frames = moving_pattern(1, LENGTH, SIDE)
    write_clip(tmp_path, frames)
    clips = clips_in(tmp_path, first_frame=first, num_frames=length)
    used = slice(first, first + length)
    np.testing.assert_array_equal(clips.missing[0, ..., 0], blocks()[used])
    np.testing.assert_array_equal(clips.visible[:], ~clips.missing[:])
    black_out = np.where(blocks()[..., np.newaxis], 0, frames)[used]
    np.testing.assert_array_equal(to_bytes(clips.frames[0]), black_out)
    np.testing.assert_array_equal(clips.truth[0], frames[used])


def test_clips_that_show_an_object_are_not_taken_for_the_truth(tmp_path, capsys):
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    write_clip(tmp_path, moving_pattern(1, LENGTH, SIDE))
    assert clips_in(tmp_path, experiment="inpainting").truth is None
    assert "cannot be scored" in capsys.readouterr().err


def test_truth_is_found_by_the_names_of_the_sequences(tmp_path):
    """Of folders "b" comes before "b2", of files "b.avi" after "b2.avi"."""
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    patterns = {name: moving_pattern(seed, LENGTH, SIDE) for seed, name in enumerate(["b", "b2"])}
    for name, frames in patterns.items():
        write_frames(tmp_path / "data" / "waves" / name, frames)
        (tmp_path / "truth" / "waves").mkdir(parents=True, exist_ok=True)
        lossless = ["-c:v", "ffv1", "-pix_fmt", "bgr0"]
        encode(tmp_path / "truth" / "waves" / f"{name}.avi", frames, *lossless)
    clips = clips_in(tmp_path, truth_path=tmp_path / "truth")
    assert clips.names == ["b", "b2"]
    for name, truth in zip(clips.names, clips.truth, strict=True):
        np.testing.assert_array_equal(truth, patterns[name])


def test_hidden_pixel_is_painted_over_with_a_nearest_visible_one():
    random = np.random.default_rng(3)
    hidden = random.uniform(size=(6, 9)) < 0.7
    picture = np.arange(6 * 9 * 3, dtype=np.uint8).reshape(6, 9, 3)  # every pixel another
    painted = np.asarray(fill_from_nearest(Image.fromarray(picture), hidden))
    visible = np.argwhere(~hidden)
    for place in np.ndindex(6, 9):
        (source,) = np.argwhere((picture == painted[place]).all(axis=-1))
        distances = np.linalg.norm(visible - place, axis=1)
        assert not hidden[tuple(source)]
        assert np.linalg.norm(source - place) == distances.min()


@pytest.mark.parametrize("side", [3, 5, 12, 20])
def test_resized_pixel_is_the_mean_of_the_visible_ones_by_the_filters_weights(side):
    height, width = 10, 14
    random = np.random.default_rng(4)
    hidden = random.uniform(size=(height, width)) < 0.5
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(picture)
    resized = resize_square_without(image, hidden, side)
    impulses = np.eye(height * width).reshape(-1, height, width)
    weights = np.stack([resize_square_plane(impulse, side) for impulse in impulses], axis=2)
    weights = (weights * ~hidden.ravel()).astype(np.float64)
    total = weights.sum(axis=2, keepdims=True)
    seen = total[..., 0] > 1e-2
    expected = (weights @ picture.reshape(-1, 3).astype(np.float64) / np.maximum(total, 1e-9))[seen]
    np.testing.assert_allclose(resized[seen], expected, atol=1.01)
    np.testing.assert_array_equal(
        resize_square_without(image, np.zeros((1, 1), bool), side), resize_square(image, side)
    )


def test_frame_that_is_hidden_entirely_is_painted_black():
    picture = Image.fromarray(moving_pattern(1, 1, SIDE)[0])
    assert not np.any(resize_square_without(picture, np.ones((3, 4), bool), SIDE))


@pytest.mark.parametrize("odd, word", [(True, "covers nothing"), (False, "covers all")])
def test_mask_that_does_so_only_when_it_is_resized_is_refused(tmp_path, odd, word):
    """One pixel is unlike all others, and none of the frames' pixels is taken from there."""
    missing = np.full((LENGTH, 8 * SIDE, 8 * SIDE), not odd)
    missing[0, 0, 0] = odd
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(missing))
    write_clip(tmp_path, moving_pattern(1, LENGTH, SIDE))
    assert word in refusal(clips_in, tmp_path)


# --- What is refused ---


def mask_of_shape(place, shape):
    """Write the mask that `clips_in` takes, with a corner missing."""
    missing = np.zeros(shape, np.uint8)
    missing[:4, :4] = 1
    write_mat(place / "mask" / "waves" / "a.mat", missing)


@pytest.mark.parametrize("shape", [(2 * SIDE, SIDE, LENGTH), (SIDE, 2 * SIDE + 3, LENGTH)])
def test_array_of_other_proportions_than_the_clip_is_refused(tmp_path, shape):
    """As where height and width changed places."""
    mask_of_shape(tmp_path, shape)
    write_clip(tmp_path, moving_pattern(1, LENGTH, 2 * SIDE)[:, :SIDE])
    message = refusal(clips_in, tmp_path)
    for word in (
        "ripples",
        str(list(shape)),
        f"{2 * SIDE}×{SIDE}",
        "neither [height, width, frames] nor",
        "--mask_layout HWT",
    ):
        assert word in message
    message = refusal(clips_in, tmp_path, mask_layout="HWT")
    for word in ("ripples", f"{shape[1]}×{shape[0]}", f"{2 * SIDE}×{SIDE}"):
        assert word in message


def test_array_with_frames_first_is_read_where_only_this_fits(tmp_path):
    """With a clip of 16×8, and about as many frames as pixels on a side."""
    write_clip(tmp_path, moving_pattern(1, LENGTH, 2 * SIDE)[:, :SIDE])
    missing = np.zeros((LENGTH, SIDE, 2 * SIDE), bool)
    missing[:, 2:4, :6] = True
    write_mat(tmp_path / "mask" / "waves" / "a.mat", missing)
    of_clip = clips_in(tmp_path).missing[0, ..., 0]
    np.testing.assert_array_equal(of_clip, nearest_pixels(missing, SIDE, SIDE))


def test_array_whose_axes_are_not_certain_is_read_as_asked(tmp_path):
    cube = np.zeros((SIDE, SIDE, SIDE), np.uint8)
    cube[:6, 2:5, 1:3] = 1
    write_mat(tmp_path / "mask" / "waves" / "a.mat", cube)
    write_clip(tmp_path, moving_pattern(1, LENGTH, SIDE))
    message = refusal(clips_in, tmp_path)
    for word in ("both", str([SIDE] * 3), "--mask_layout HWT", "--mask_layout THW", "ripples"):
        assert word in message
    for layout, frames in {"HWT": np.moveaxis(cube, 2, 0), "THW": cube}.items():
        found = clips_in(tmp_path, mask_layout=layout).missing[0, ..., 0]
        np.testing.assert_array_equal(found, frames[:LENGTH] != 0)


@pytest.mark.parametrize(
    "shape",
    [(SIDE, 2 * SIDE, 2 * SIDE), (3 * SIDE, 6 * SIDE, LENGTH), (SIDE + 1, SIDE + 1, LENGTH)],
)
def test_mask_of_the_clips_proportions_or_a_square_is_taken(tmp_path, shape):
    mask_of_shape(tmp_path, shape)
    write_clip(tmp_path, moving_pattern(1, LENGTH, 2 * SIDE)[:, :SIDE])
    assert clips_in(tmp_path).missing[:].any()


def test_unknown_mask_names_those_that_there_are(tmp_path):
    (tmp_path / "waves" / "swell").mkdir(parents=True)
    write_mat(tmp_path / "waves" / "region.mat", as_array(blocks()))
    message = refusal(masks, settings(tmp_path, mask_file="regions.mat"), ["swell"])
    for word in (str(tmp_path / "waves" / "regions.mat"), "--mask_file", "region.mat", "swell"):
        assert word in message
    assert "region.mat" in refusal(masks, settings(tmp_path), ["swell"])


def test_unknown_folder_of_masks_is_named(tmp_path):
    message = refusal(masks, settings(tmp_path / "none", mask_file="a.mat"), ["swell"])
    assert str(tmp_path / "none" / "waves") in message
    assert "--mask_path" in message


@pytest.mark.parametrize("kind", FORMATS)
def test_mask_with_too_few_frames_names_both_lengths(tmp_path, kind):
    source = FORMATS[kind](tmp_path, blocks())
    message = refusal(read_mask, source, 2, 5)
    for word in (str(source), f"{LENGTH} frames", "--num_frames 5", "--first_frame 2"):
        assert word in message


@pytest.mark.parametrize("value, word", [(0, "covers nothing"), (1, "covers all of swell")])
def test_mask_that_hides_nothing_or_everything_is_refused(tmp_path, value, word):
    (tmp_path / "waves").mkdir()
    path = write_npy(tmp_path / "waves" / "a.npy", np.full((SIDE, SIDE, LENGTH), value))
    message = refusal(masks, settings(tmp_path, mask_file="a.npy"), ["swell"])
    assert word in message
    assert str(path) in message


def test_one_of_several_sequences_may_have_nothing_hidden(tmp_path):
    for name, value in {"swell": 0, "ripples": 1}.items():
        (tmp_path / "waves" / name).mkdir(parents=True)
        missing = np.zeros((SIDE, SIDE, LENGTH), np.uint8)
        missing[2:4] = value
        write_npy(tmp_path / "waves" / name / "a.npy", missing)
    of_swell, of_ripples = masks(settings(tmp_path, mask_file="a.npy"), ["swell", "ripples"])
    assert not of_swell.any()
    assert of_ripples[:, 2:4].all()


@pytest.mark.parametrize("fraction, word", [(0.05, "covers nothing"), (0.95, "covers all")])
def test_share_of_frames_that_rounds_to_none_or_all_is_refused(fraction, word):
    options = settings(mask_type="missingFrames", missing_fraction=fraction)
    message = refusal(masks, options, ["swell"])
    assert word in message
    assert f"--missing_fraction {fraction}" in message


def test_mask_that_hides_all_of_one_sequence_is_refused_by_its_name(tmp_path):
    (tmp_path / "waves" / "swell").mkdir(parents=True)
    write_npy(tmp_path / "waves" / "a.npy", as_array(blocks()))
    write_npy(tmp_path / "waves" / "swell" / "a.npy", np.ones((SIDE, SIDE, LENGTH)))
    message = refusal(masks, settings(tmp_path, mask_file="a.npy"), ["ripples", "swell"])
    assert "of swell" in message
    assert "ripples" not in message


@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_file_without_the_variable_is_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    save = scipy.io.savemat if suffix == ".mat" else lambda path, values: np.savez(path, **values)
    save(path, {"mask": as_array(blocks())})
    message = refusal(read_mask, path, 0, LENGTH)
    assert str(path) in message
    assert "no variable masks" in message


def test_matlab_7_3_is_refused_with_the_way_out(tmp_path):
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM"
    (tmp_path / "a.mat").write_bytes(header.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "-v7" in refusal(read_mask, tmp_path / "a.mat", 0, LENGTH)


DAMAGE = {
    "empty": lambda data: b"",
    "cut in its header": lambda data: data[:60],
    "cut": lambda data: data[: len(data) // 2],
    "changed": lambda data: data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :],
    "text": lambda data: b"not a mask but a text " * 20,
}


WRITERS = {"a.mat": write_mat, "a.npy": write_npy, "a.npz": write_npz}
# Of a changed .npy nothing can tell: it has no checksum.
DAMAGED = [pair for pair in product(WRITERS, DAMAGE) if pair != ("a.npy", "changed")]


@pytest.mark.parametrize("name, damage", DAMAGED)
def test_damaged_file_is_refused(tmp_path, name, damage):
    path = WRITERS[name](tmp_path / name, np.random.default_rng(0).uniform(size=(20, 20, 6)))
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    message = refusal(read_mask, path, 0, LENGTH)
    assert str(path) in message
    assert "replace" in message


class Trap:
    """What opens a file as soon as it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def write_pickle(path, values):
    path.write_bytes(pickle.dumps(values))
    return path


PICKLED = {
    "array": (write_npy, "a.npy"),
    "zip": (write_npz, "a.npz"),
    "bare": (write_pickle, "a.npy"),
}


@pytest.mark.parametrize("kind", PICKLED)
def test_pickled_objects_are_refused_and_not_unpickled(tmp_path, kind):
    write, name = PICKLED[kind]
    sprung = tmp_path / "sprung"
    source = write(tmp_path / name, np.array([Trap(sprung)], object))
    message = refusal(read_mask, source, 0, LENGTH)
    assert str(source) in message
    assert "unsafely" not in message  # NumPy's advice would be to open the trap
    assert not sprung.exists()


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (SIDE, SIDE, LENGTH, 1, 1)])
def test_wrong_number_of_dimensions_is_refused(tmp_path, shape):
    message = refusal(read_mask, write_npy(tmp_path / "a.npy", np.ones(shape)), 0, LENGTH)
    for word in (str(list(shape)), "[height, width, frames]", "[height, width, frames, channels]"):
        assert word in message


@pytest.mark.parametrize("shape", [(0, 0, LENGTH), (SIDE, SIDE, LENGTH, 0)])
def test_empty_array_is_refused(tmp_path, shape):
    message = refusal(read_mask, write_npy(tmp_path / "a.npy", np.ones(shape)), 0, LENGTH)
    assert str(list(shape)) in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_value_that_is_not_finite_is_refused(tmp_path, value):
    values = as_array(blocks(), dtype=float)
    values[0, 0, 0] = value
    message = refusal(read_mask, write_npy(tmp_path / "a.npy", values), 0, LENGTH)
    assert "not finite" in message


@pytest.mark.parametrize("values", [{"a": 1.0}, "text", np.array([[1, "a"]], object)])
def test_what_is_not_numbers_is_refused(tmp_path, values):
    path = write_mat(tmp_path / "a.mat", values)
    assert "must hold numbers" in refusal(read_mask, path, 0, LENGTH)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.mp4", "a.gif"])
def test_broken_picture_or_video_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(256)) * 9)
    assert str(tmp_path / name) in refusal(read_mask, tmp_path / name, 0, LENGTH)


def test_unknown_kind_of_file_names_those_that_are_known(tmp_path):
    (tmp_path / "a.txt").write_text("1 0 1")
    message = refusal(read_mask, tmp_path / "a.txt", 0, LENGTH)
    for word in ("a.txt", ".mat", ".npy", ".mp4", ".png"):
        assert word in message


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("no image")
    assert str(tmp_path / "a") in refusal(read_mask, tmp_path / "a", 0, LENGTH)


def test_folder_of_images_of_different_sizes_is_refused(tmp_path):
    source = folder(tmp_path / "a", blocks())
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(source / "00001.png")
    assert str(source) in refusal(read_mask, source, 0, LENGTH)


def test_mask_of_another_length_than_the_clip_is_told_with_both_lengths(tmp_path, capsys):
    write_clip(tmp_path, moving_pattern(1, LENGTH + 3, SIDE))
    place = tmp_path / "mask" / "waves"
    place.mkdir(parents=True)
    encode(place / "a.avi", as_frames(blocks()), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    clips_in(tmp_path, mask_file="a.avi")
    share = 100 * blocks().mean()
    lines = capsys.readouterr().err.splitlines()
    clip = tmp_path / "data" / "waves" / "ripples"
    assert (
        f"note: mask {place / 'a.avi'} has 6 frames and {clip} has 9: both are used from frame 0 "
        "to 5"
    ) in lines
    assert f"mask {place / 'a.avi'}: {share:.1f} % of the pixels are missing" in lines


def test_numbered_mask_of_another_length_is_used_by_its_numbers_without_a_word(tmp_path, capsys):
    frames, mask = moving_pattern(1, LENGTH, SIDE), blocks()
    numbered(tmp_path / "data" / "waves" / "ripples", frames, 100)
    whole = np.concatenate([np.zeros((100, SIDE, SIDE), bool), mask, mask])
    numbered(tmp_path / "mask" / "waves" / "a", as_frames(whole), 0)
    clips = clips_in(tmp_path, mask_file="a")
    np.testing.assert_array_equal(clips.missing[0, ..., 0], mask)
    assert "frames" not in capsys.readouterr().err


def numbered(place, frames, first):
    """Write frames as images with numbers from `first` on."""
    place.mkdir(parents=True)
    for number, frame in enumerate(frames, first):
        Image.fromarray(frame).save(place / f"{number:04}.png")


def test_numbered_truth_belongs_to_the_frames_of_the_same_numbers(tmp_path):
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    shot = moving_pattern(1, 3 * LENGTH, SIDE)
    numbered(tmp_path / "data" / "waves" / "ripples", shot[7 : 7 + LENGTH], 7)
    numbered(tmp_path / "truth" / "waves" / "ripples", shot, 0)
    clips = clips_in(tmp_path, truth_path=tmp_path / "truth")
    np.testing.assert_array_equal(clips.truth[0], shot[7 : 7 + LENGTH])


@pytest.mark.parametrize(
    "shape, first, said",
    [((LENGTH, 4, 8), 7, "proportions"), ((LENGTH, 8, 8), 0, "images 0–5, but the frames")],
)
def test_truth_of_other_numbers_or_proportions_is_refused(tmp_path, shape, first, said):
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    numbered(tmp_path / "data" / "waves" / "ripples", moving_pattern(1, LENGTH, SIDE), 7)
    numbered(tmp_path / "truth" / "waves" / "ripples", np.zeros((*shape, 3), np.uint8), first)
    line = refusal(clips_in, tmp_path, truth_path=tmp_path / "truth")
    assert line.startswith("the truth ") and said in line


def test_truth_of_another_length_is_told(tmp_path, capsys):
    write_mat(tmp_path / "mask" / "waves" / "a.mat", as_array(blocks()))
    write_clip(tmp_path, moving_pattern(1, LENGTH, SIDE))
    (tmp_path / "truth" / "waves").mkdir(parents=True)
    truth = tmp_path / "truth" / "waves" / "ripples.avi"
    encode(truth, moving_pattern(1, LENGTH + 2, SIDE), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    clips_in(tmp_path, truth_path=tmp_path / "truth")
    line = f"note: the truth {truth} has 8 frames and"
    assert line in capsys.readouterr().err


def test_clip_and_mask_that_are_named_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    os.mkfifo(tmp_path / "a.npy")
    os.mkfifo(tmp_path / "a.mp4")
    for name in ("a.png", "a.npy", "a.mp4"):
        assert "a named pipe" in refusal(read_mask, tmp_path / name, 0, LENGTH)


def test_mask_whose_name_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "waves").mkdir()
    name = os.fsdecode(b"caf\xe9.npy")
    (tmp_path / "waves" / name).write_bytes(b"")
    message = refusal(masks, settings(tmp_path, mask_file=name), ["swell"])
    assert "caf\\xe9.npy is not UTF-8" in message


def test_layout_of_a_mask_that_is_no_array_does_nothing_and_this_is_told(tmp_path, capsys):
    source = folder(tmp_path / "a", blocks())
    np.testing.assert_array_equal(read_mask(source, 0, LENGTH, layout="THW"), blocks())
    assert f"--mask_layout THW does nothing: mask {source}" in capsys.readouterr().err


# --- What no frame shows ---


def moving_square(length, step):
    mask = np.zeros((length, SIDE, SIDE), bool)
    for frame in range(length):
        mask[frame, 2:6, step * frame : step * frame + 4] = True
    return mask


def test_mask_that_stands_still_is_told():
    line = never_visible(moving_square(5, 0))
    assert line == (
        "it hides the same pixels in all 5 frames: nothing can be known there but by what "
        "surrounds them"
    )


def test_mask_that_moves_on_is_not_told():
    assert never_visible(moving_square(5, 1)) == ""
    assert never_visible(np.zeros((5, SIDE, SIDE), bool)) == ""


def test_part_that_is_always_hidden_is_told():
    assert "hides 50 % of its pixels in all 3 frames" in never_visible(moving_square(3, 1))


def test_still_image_as_mask_is_told_before_training(tmp_path, capsys):
    (tmp_path / "waves").mkdir()
    picture = as_frames(moving_square(1, 0))[0]
    Image.fromarray(picture).save(tmp_path / "waves" / "m.png")
    asked = settings(tmp_path, mask_file="m.png")
    tell_shares(asked, ["a"], masks(asked, ["a"]))
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "hides the same pixels in all" in line] == told[1:]
    assert len(told) == 2
