"""The GPUs that a process may see, before TensorFlow is loaded."""

import os
import re
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

DEVICES = Path("/dev")
VISIBLE = "CUDA_VISIBLE_DEVICES"
OTHERS = ("dxg", "kfd")  # an NVIDIA GPU in the Linux of Windows; AMD


def visible_gpus(environment: Mapping[str, str], devices: Path = DEVICES) -> list[str]:
    """The NVIDIA GPUs that a process may use, as CUDA_VISIBLE_DEVICES names them."""
    if VISIBLE in environment:
        named = [name.strip() for name in environment[VISIBLE].split(",")]
        return list(takewhile(lambda name: name not in ("", "-1"), named))  # as CUDA reads it
    cards = [path for path in devices.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    return [str(number) for number in range(len(cards))]


def are_hidden() -> bool:
    """Whether the user hides all GPUs from this process."""
    return VISIBLE in os.environ and not visible_gpus(os.environ)


def may_have_gpu(devices: Path = DEVICES) -> bool:
    """Whether the machine has a GPU that this process may see. Its libraries may be missing."""
    if are_hidden():
        return False
    return bool(visible_gpus({}, devices)) or any((devices / name).exists() for name in OTHERS)
