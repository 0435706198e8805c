"""What is known of a clip before its mask is read."""

from PIL import Image
from support.command_line import encode, moving_pattern

from util.data.clip_facts import ClipFacts, facts_of


def test_facts_of_a_video(tmp_path):
    frames = moving_pattern(1, 7, 12)[:, :8]
    path = encode(tmp_path / "a.avi", frames, "-c:v", "ffv1", "-pix_fmt", "bgr0")
    assert facts_of(path) == ClipFacts(path, length=7, height=8, width=12)


def test_facts_of_a_folder_of_images(tmp_path):
    for number in (3, 5, 11):
        Image.new("RGB", (12, 8)).save(tmp_path / f"{number}.png")
    assert facts_of(tmp_path) == ClipFacts(tmp_path, 3, 8, 12, (3, 5, 11))
