"""Conversion of frames between bytes and the range of the model: [0, 255] ↔ [-1, 1]."""

import numpy as np


def to_model_range(frames: np.ndarray) -> np.ndarray:
    """uint8 in [0, 255] → float32 in [-1, 1], any shape."""
    return frames.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def to_bytes(frames: np.ndarray) -> np.ndarray:
    """float in [-1, 1] → the nearest uint8 in [0, 255], any shape; other values are clipped."""
    return np.clip(np.rint((frames + 1.0) * 127.5), 0, 255).astype(np.uint8)
