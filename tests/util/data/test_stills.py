"""Images: upright, without transparency, of one size; what is refused."""

import os

import numpy as np
import pytest
from PIL import Image
from support.command_line import moving_pattern, refusal

from util.data import stills
from util.data.stills import image_frames, read_image
from util.pictures.encoding import write_frames

PICTURE = moving_pattern(seed=1, length=1, side=12)[0][:8]  # 12×8
TURNED = {1: lambda p: p, 3: lambda p: p[::-1, ::-1], 6: lambda p: np.rot90(p, -1)}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_image_is_turned_upright(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"1{suffix}"
    Image.fromarray(PICTURE).save(path, exif=exif)
    np.testing.assert_array_equal(np.asarray(read_image(path)), TURNED[orientation](PICTURE))


def test_jpeg_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PICTURE).save(tmp_path / "1.jpg", exif=exif, quality=100, subsampling=0)
    turned = np.asarray(read_image(tmp_path / "1.jpg")).astype(int)
    assert np.abs(turned - np.rot90(PICTURE, -1)).max() < 8


def with_alpha(alpha):
    return Image.fromarray(np.dstack([PICTURE, np.full((8, 12), alpha, np.uint8)]), "RGBA")


@pytest.mark.parametrize("alpha", [0, 51, 255])
def test_transparent_image_is_composed_over_black(tmp_path, capsys, alpha):
    for number in range(2):
        with_alpha(alpha).save(tmp_path / f"{number}.png")
    for image in image_frames(tmp_path):
        expected = PICTURE.astype(float) * alpha / 255
        np.testing.assert_allclose(np.asarray(image), expected, atol=0.51)
    said = f"note: {tmp_path} has images with transparency: they are composed over black\n"
    assert capsys.readouterr().err == ("" if alpha == 255 else said)


def test_transparent_colour_of_a_palette_or_of_grey_is_black(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([200, 10, 10, 30, 40, 50])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "palette.png", transparency=0)
    read = np.asarray(read_image(tmp_path / "palette.png"))
    np.testing.assert_array_equal(read, [[[0, 0, 0], [30, 40, 50]]])
    Image.fromarray(np.uint8([[90, 80]])).save(tmp_path / "grey.png", transparency=90)
    read = np.asarray(read_image(tmp_path / "grey.png"))
    np.testing.assert_array_equal(read, [[[0, 0, 0], [80, 80, 80]]])


def test_images_of_different_sizes_are_refused_with_both(tmp_path):
    for number, size in enumerate([(12, 8), (12, 8), (8, 12)]):
        Image.new("RGB", size).save(tmp_path / f"{number}.png")
    message = refusal(list, image_frames(tmp_path))
    for word in (str(tmp_path), "0.png is 12×8", "2.png is 8×12"):
        assert word in message


def test_two_files_for_one_frame_are_refused(tmp_path):
    for name in ("1.png", "2.png", "2.jpg"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    message = refusal(list, image_frames(tmp_path))
    assert "both 2.jpg and 2.png" in message


@pytest.mark.parametrize(
    "numbers, said",
    [([1, 2, 3], ""), ([0, 2, 4], ""), ([1, 2, 5, 6], "image 5 follows image 2")],
)
def test_gap_between_the_numbers_is_told(tmp_path, capsys, numbers, said):
    for number in numbers:
        Image.new("RGB", (4, 4)).save(tmp_path / f"frame_{number:03d}.png")
    assert len(list(image_frames(tmp_path))) == len(numbers)
    expected = f"note: {tmp_path}: {said}; the time jumps there\n" if said else ""
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    "names, after",
    [
        (["0", "1", "mean"], ("mean", "1")),
        (["left_0", "left_1", "right_0", "right_1"], ("right_0", "left_1")),
        (["0_depth", "0_rgb", "1_depth", "1_rgb"], ("0_rgb", "0_depth")),
        (["01", "1"], ("1", "01")),
        (["a", "b"], None),
        (["7"], None),
    ],
)
def test_names_that_are_no_series_are_told(tmp_path, capsys, names, after):
    for name in names:
        Image.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")
    assert len(list(image_frames(tmp_path))) == len(names)
    said = capsys.readouterr().err
    assert said.count("\n") == (after is not None)
    if after:
        assert f"not one numbered series: {after[0]}.png comes after {after[1]}.png;" in said


def test_image_of_several_pictures_is_told(tmp_path, capsys):
    pages = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "1.tif", save_all=True, append_images=pages[1:])
    assert read_image(tmp_path / "1.tif").getpixel((0, 0)) == (255, 0, 0)
    assert "1.tif has 2 pictures: the first is used" in capsys.readouterr().err


@pytest.mark.parametrize("factor", [0.5, 1])  # at the limit Pillow warns, beyond it it refuses
def test_image_with_too_many_pixels_is_refused_with_the_limit(tmp_path, monkeypatch, factor):
    write_frames(tmp_path, [PICTURE])
    monkeypatch.setattr(stills, "MOST_PIXELS", 95)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(96 * factor) - 1)
    message = refusal(read_image, tmp_path / "00000.png")
    assert f"{tmp_path / '00000.png'} has more than 95 pixels" in message


@pytest.mark.parametrize("values", [np.float32([[0.5]]), np.int32([[70000]]), np.int32([[-1]])])
def test_values_that_are_no_grey_of_16_bits_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "1.tif")
    assert "save it with 8 or 16 bits" in refusal(read_image, tmp_path / "1.tif")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("brightest, told", [(0, False), (4095, True), (4096, False)])
def test_dark_images_of_16_bits_are_told(tmp_path, capsys, suffix, brightest, told):
    for number in (1, 2):
        grey = np.uint16([[0, brightest]])
        Image.fromarray(grey).save(tmp_path / f"{number}{suffix}")
        read_image(tmp_path / f"{number}{suffix}")
    said = capsys.readouterr().err
    assert said.count("below 4096 of 65535") == said.count("\n") == told


def test_postscript_is_not_run(tmp_path):
    (tmp_path / "1.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    assert "cannot be decoded" in refusal(read_image, tmp_path / "1.png")


def test_named_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "1.png")
    assert "a named pipe" in refusal(read_image, tmp_path / "1.png")
    assert "a named pipe" in refusal(list, image_frames(tmp_path))


def test_name_that_is_not_utf_8_is_read(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9_1.png")
    Image.fromarray(PICTURE).save(path)
    np.testing.assert_array_equal(np.asarray(next(image_frames(tmp_path))), PICTURE)
