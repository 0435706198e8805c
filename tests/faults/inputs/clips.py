"""Clips: videos and folders of images, their names, and what else lies in a category."""

import os
import struct
import subprocess
import unicodedata
import zlib
from pathlib import Path
from random import Random

import imageio_ffmpeg
import numpy as np
from PIL import Image
from support.command_line import encode

from faults.inputs import Case, rows
from faults.inputs.damage import CONTENTS, SPECIAL, Damage, cut, flip, linked, noise, scramble
from faults.judging import Expected
from faults.places import LOSSLESS, Make, Place, pattern, write_images

REFUSED, READ, EITHER, ANY = Expected.REFUSED, Expected.READ, Expected.EITHER, Expected.ANY
SUFFIXES = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif", ".m4v", ".mpg", ".ts", ".flv", ".y4m")
CODECS = {
    ".avi": LOSSLESS,
    ".mkv": ("-c:v", "ffv1", "-level", "3", "-slicecrc", "1", "-pix_fmt", "bgr0"),
    ".mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p"),
    ".gif": (),
}
STILLS = (".png", ".bmp", ".tif", ".tiff", ".webp")
NAMES = {
    "dash": "-y",
    "spaces": " a  b ",
    "line break": "a\nb",
    "quotes": "a'b\"c",
    "percent": "%03d",
    "colon": "2024-05-01T12:00:00",
    "protocol": "concat:a|b",
    "pipe": "pipe:0",
    "glob": "[a]*?",
    "dollar": "$(touch x)",
    "backslash": "a\\b",
    "dots": "a...",
    "not UTF-8": os.fsdecode(b"caf\xe9"),
    "control": "a\x1b[31mb",
    "right to left": "a\u202eb",
    "emoji": "\N{FIRE}" * 20,
    "combining": unicodedata.normalize("NFD", "é" * 30),
    "reserved in Windows": "CON",
    "long": "a" * 247,
    "like a result": "overview",
    "like a table": "evaluation.csv",
    "like a partial": "partial-a",
}
PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{other}'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
    "<Representation id='1' bandwidth='1'><BaseURL>{other}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{other}"/></svg>',
}


def only(place: Place) -> Path:
    """The good clip."""
    return place.clips / "ripples.avi"


def video(suffix: str) -> Make:
    """The good clip in another container, in its place."""

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        encode(place.clips / f"ripples{suffix}", pattern(), *CODECS[suffix])

    return make


def images(suffix: str) -> Make:
    """The good clip as a folder of images."""

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        lossless = {"lossless": True} if suffix.lower() == ".webp" else {}
        folder = place.clips / "ripples"
        folder.mkdir()
        for number, frame in enumerate(pattern()):
            Image.fromarray(frame).save(folder / f"{number:03d}{suffix}", **lossless)

    return make


def damaged(make: Make, path: str, damage: Damage) -> Make:
    """First `make`, then damage the file `path` of the category."""

    def both(place: Place, random: Random) -> None:
        make(place, random)
        damage(place.clips / path, random)

    return both


def instead(damage: Damage, name: str) -> Make:
    """Damage in the place of the good clip, under a name."""

    def make(place: Place, random: Random) -> None:
        only(place).unlink()
        damage(place.clips / name, random)

    return make


def beside(damage: Damage, name: str) -> Make:
    """The good clip, and beside it something else."""
    return lambda place, random: damage(place.clips / name, random)


def named(name: str, folder: bool = False) -> Make:
    """The good clip under another name: as a video, or as a folder of images."""

    def make(place: Place, random: Random) -> None:
        if folder:
            images(".png")(place, random)
            (place.clips / "ripples").rename(place.clips / name)
        else:
            only(place).rename(place.clips / f"{name}.avi")

    return make


def appended(tail: bytes) -> Make:
    """A GIF with bytes after its end; without its last byte if there are none."""

    def make(place: Place, random: Random) -> None:
        video(".gif")(place, random)
        path = place.clips / "ripples.gif"
        data = path.read_bytes()
        path.write_bytes(data + tail if tail else data[:-1])

    return make


def playlist(kind: str, suffix: str) -> Make:
    """A text that makes ffmpeg open another file."""

    def make(place: Place, _: Random) -> None:
        other = place.outside / "secret.avi"
        only(place).rename(other)
        content = PLAYLISTS[kind].format(other=other)
        (place.clips / f"ripples{suffix}").write_text(content)

    return make


def written(*frames_of: str) -> Make:
    """The good clip as images in mixed formats or names, one for each frame."""

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        (place.clips / "ripples").mkdir()
        for name, frame in zip(frames_of, pattern(), strict=True):
            Image.fromarray(frame).save(place.clips / "ripples" / name)

    return make


def converted(mode: str, suffix: str, back: bool) -> Make:
    """Images in another mode; or, as the good twin, what Pillow makes of them in RGB."""

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        frames = []
        for frame in pattern():
            image = Image.fromarray(frame).convert(mode)
            frames.append(image.convert("RGB") if back else image)
        (place.clips / "ripples").mkdir()
        for number, image in enumerate(frames):
            image.save(place.clips / "ripples" / f"{number}{suffix}")

    return make


def turned(place: Place, _: Random) -> None:
    """Images that lie on their side, with the orientation in EXIF that puts them upright."""
    only(place).unlink()
    (place.clips / "ripples").mkdir()
    for number, frame in enumerate(pattern()):
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned clockwise by a quarter
        side = Image.fromarray(np.ascontiguousarray(np.rot90(frame)))
        side.save(place.clips / "ripples" / f"{number}.png", exif=exif)


def transparent(over_black: bool) -> Make:
    """Images with transparent pixels; or, as the good twin, the same over black."""

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        (place.clips / "ripples").mkdir()
        for number, frame in enumerate(pattern()):
            alpha = np.full((*frame.shape[:2], 1), 255, np.uint8)
            alpha[:5] = 0
            image = np.where(alpha > 0, frame, np.uint8(0)) if over_black else frame
            image = image if over_black else np.concatenate([image, alpha], axis=2)
            Image.fromarray(image).save(place.clips / "ripples" / f"{number}.png")

    return make


def two_sizes(place: Place, _: Random) -> None:
    frames = [frame if number < 3 else frame[:8] for number, frame in enumerate(pattern())]
    only(place).unlink()
    write_images(place.clips / "ripples", frames)


def bomb(name: str, side: int) -> Make:
    """A small PNG that says that it has `side` by `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    def make(place: Place, _: Random) -> None:
        only(place).unlink()
        folder = place.clips / "ripples"
        folder.mkdir()
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        rows_of_it = zlib.compress(bytes(10**6))
        data = chunk(b"IHDR", header) + chunk(b"IDAT", rows_of_it) + chunk(b"IEND", b"")
        for number in range(7):
            (folder / name.format(number)).write_bytes(b"\x89PNG\r\n\x1a\n" + data)

    return make


def large_gif(place: Place, _: Random) -> None:
    """A GIF whose canvas has 65535 by 65535 pixels."""
    video(".gif")(place, _)
    path = place.clips / "ripples.gif"
    data = bytearray(path.read_bytes())
    data[6:10] = b"\xff" * 4
    path.write_bytes(data)


def several(*names: str) -> Make:
    """The good clip under several names at once."""

    def make(place: Place, _: Random) -> None:
        data = only(place).read_bytes()
        only(place).unlink()
        for name in names:
            (place.clips / name).write_bytes(data)

    return make


def ffmpeg(place: Place, *arguments: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", *arguments]
    subprocess.run(command, check=True, cwd=place.work)


def two_streams(place: Place, _: Random) -> None:
    source = place.outside / "source.avi"
    only(place).rename(source)
    target = str(place.clips / "ripples.mkv")
    small = ["-filter_complex", "[0:v]scale=4:4[small]", "-map", "0:v", "-map", "[small]"]
    ffmpeg(place, "-i", str(source), *small, *LOSSLESS, target)


def sound_only(place: Place, _: Random) -> None:
    only(place).unlink()
    source = ["-f", "lavfi", "-i", "sine=duration=1"]
    ffmpeg(place, *source, str(place.clips / "ripples.mp4"))


def in_folder(name: str) -> Make:
    """The category below a folder of this name."""

    def make(place: Place, _: Random) -> None:
        target = place.work / name / "waves"
        target.parent.mkdir(parents=True)
        place.clips.rename(target)

    return make


def unreadable(place: Place, _: Random) -> None:
    """A clip that only its owner reads, for another user who owns the rest."""
    for path in (place.root, *place.root.rglob("*")):
        os.chown(path, OTHER_USER, OTHER_USER)
    os.chown(only(place), 0, 0)
    only(place).chmod(0o600)


def too_short(place: Place, _: Random) -> None:
    encode(only(place), pattern(3), *LOSSLESS)


def with_spare(name: str) -> Make:
    """Images of the good clip, and a file that is no frame."""

    def make(place: Place, random: Random) -> None:
        images(".png")(place, random)
        noise(place.clips / "ripples" / name, random)

    return make


OTHER_USER = 65534
ROOT_ONLY = hasattr(os, "geteuid") and os.geteuid() == 0


def cases() -> list[Case]:
    """All cases of clips."""
    table: dict = {}
    for suffix in SUFFIXES:
        for words, damage in CONTENTS.items():
            table[f"{words} {suffix}"] = (REFUSED, instead(damage, f"ripples{suffix}"))
    for words, damage in SPECIAL.items():
        table[f"{words} .mp4"] = (REFUSED, instead(damage, "ripples.mp4"))
        folder = damaged(images(".png"), "ripples/002.png", damage)
        table[f"{words} as a frame"] = (REFUSED, folder)
    for words, damage in CONTENTS.items():
        for suffix in (".png", ".webp", ".tif"):
            frame = damaged(images(suffix), f"ripples/002{suffix}", damage)
            table[f"{words} as a frame {suffix}"] = (REFUSED, frame)
    for suffix in CODECS:
        for number in range(4):
            broken = damaged(video(suffix), f"ripples{suffix}", cut)
            table[f"cut {suffix} {number}"] = (EITHER, broken, {"twin": video(suffix)})
        for number in range(2):
            for words, damage in {"flipped": flip, "scrambled": scramble}.items():
                broken = damaged(video(suffix), f"ripples{suffix}", damage)
                table[f"{words} {suffix} {number}"] = (ANY, broken)
    for suffix in STILLS:
        frame = damaged(images(suffix), f"ripples/001{suffix}", cut)
        table[f"cut frame {suffix}"] = (EITHER, frame, {"twin": images(suffix)})
        table[f"frames {suffix}"] = (READ, images(suffix))
        table[f"frames {suffix.upper()}"] = (READ, images(suffix.upper()))
    for words, name in NAMES.items():
        table[f"name: {words}"] = (EITHER, named(name))
    for words in ("spaces", "percent", "colon", "not UTF-8", "glob", "dash"):
        table[f"folder: {words}"] = (EITHER, named(NAMES[words], folder=True))
    for kind in PLAYLISTS:
        for suffix in (".mp4", ".ts"):
            table[f"{kind} {suffix}"] = (REFUSED, playlist(kind, suffix))
    gif = {"twin": video(".gif")}
    lost = {"says": ("notes.xyz",)}
    mode = {
        words: (words, suffix)
        for words, suffix in {
            "L": ".png",
            "P": ".png",
            "CMYK": ".tif",
            "1": ".png",
            "LA": ".png",
        }.items()
    }
    for words, (name, suffix) in mode.items():
        table[f"mode {words}"] = (
            READ,
            converted(name, suffix, False),
            {"twin": converted(name, suffix, True)},
        )
    numbers = [f"{number}.png" for number in range(7)]
    table |= {
        "upper case suffix": (READ, several("ripples.AVI")),
        "link to the clip": (READ, damaged(lambda *_: None, "ripples.avi", linked)),
        "frames .png and .bmp": (READ, written(*numbers[:3], "3.bmp", "4.bmp", *numbers[5:])),
        "frames without zeros": (READ, written(*numbers)),
        "frames with gaps": (ANY, written(*(f"{3 * number}.png" for number in range(7)))),
        "frames with one number twice": (ANY, written("1.png", "01.png", *numbers[2:])),
        "frames without numbers": (ANY, written(*(f"{letter}.png" for letter in "abcdefg"))),
        "frames of two sizes": (REFUSED, two_sizes),
        "EXIF orientation": (READ, turned, {"twin": images(".png")}),
        "transparent": (READ, transparent(False), {"twin": transparent(True)}),
        "bomb": (REFUSED, bomb("{}.png", 60_000)),
        "larger bomb": (REFUSED, bomb("{}.png", 2**31 - 1)),
        "bomb of no pixel": (REFUSED, bomb("{}.png", 0)),
        "GIF of the largest size": (REFUSED, large_gif),
        "GIF without its last byte": (READ, appended(b""), gif),
        "GIF with zeros": (READ, appended(bytes(5)), gif),
        "GIF with a line break": (READ, appended(b"\n"), gif),
        "two video streams": (READ, two_streams),
        "sound only": (REFUSED, sound_only),
        "too short": (REFUSED, too_short),
        "nothing": (REFUSED, lambda place, _: only(place).unlink()),
        "broken clip beside": (REFUSED, beside(noise, "other.mp4")),
        "unknown file beside": (READ, beside(noise, "notes.xyz"), lost),
        "unknown file among frames": (READ, with_spare("notes.xyz"), lost),
        "hidden and system files": (READ, with_spare("Thumbs.db")),
        "hidden clip": (READ, beside(noise, ".hidden.mp4")),
        "three of one stem": (ANY, several("a.mp4", "a.avi", "a.mp4.avi")),
        "names that differ in case": (ANY, several("wave.avi", "Wave.avi")),
        "names that differ in form": (ANY, several("\u00e9.avi", "e\u0301.avi")),
        "stem of another's name": (ANY, several("a.avi.avi", "a.avi", "a.mkv")),
    }
    for words, name in {
        "colon": "12:00",
        "protocol": "http:/host",
        "percent": "%d",
        "spaces": " a ",
        "not UTF-8": os.fsdecode(b"\xff"),
        "dash": "-i",
    }.items():
        given = {"arguments": (f"--data_path={name}",)}
        expected = EITHER if words == "not UTF-8" else READ
        table[f"data_path: {words}"] = (expected, in_folder(name), given)
    if ROOT_ONLY:
        table["no permission"] = (REFUSED, unreadable, {"user": OTHER_USER})
    return rows("clips", "clips", table)
