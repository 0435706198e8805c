"""Finding truncated GIF files, which ffmpeg reads without an error."""

from pathlib import Path

IMAGE, EXTENSION, END = 0x2C, 0x21, 0x3B  # the first byte of each kind of block


def is_cut_gif(path: Path) -> bool:
    """Whether a file is a GIF that ends within an image.

    Only the end mark may be missing, and zeros or line breaks may stand in its place.
    """
    data = path.read_bytes() if _is_gif(path) else b""
    if not data:
        return False
    kind = EXTENSION
    try:
        at = 13 + _colours(data[10])
        while at < len(data) and data[at] in (IMAGE, EXTENSION):
            kind = data[at]
            # After its header, each block has pieces: their length, and so many bytes.
            at += 2 if kind == EXTENSION else 11 + _colours(data[at + 9])
            while length := data[at]:
                at += 1 + length
            at += 1
    except IndexError:
        return True
    whole = data[at : at + 1] == bytes([END])
    only_its_mark_is_missing = kind == IMAGE and not data[at:].strip(b"\0\r\n")
    return not (whole or (at <= len(data) and only_its_mark_is_missing))


def _is_gif(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(6) in (b"GIF87a", b"GIF89a")


def _colours(flags: int) -> int:
    """The bytes of the table of colours that follows a header with these flags."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
