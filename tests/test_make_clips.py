"""The simulated training clips: the pictures, the physics behind them, the command, the files."""

import itertools
import subprocess
import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "trainingVideo" / "make_clips.py"
sys.path.insert(0, str(SCRIPT.parent))

import make_clips  # noqa: E402
from simulations import fire, flag, light, shared, water  # noqa: E402

MODULES = {"fire": fire, "water": water, "flag": flag, "light": light}
CATEGORIES = list(MODULES)
SHORT = 20


def simulate(category, seed, frames):
    """The first frames after a warm-up cut short, which is what takes the time."""
    module = MODULES[category]
    whole = module.WARM_UP_FRAMES
    module.WARM_UP_FRAMES = 6
    try:
        return list(make_clips.GENERATORS[category](seed, frames))
    finally:
        module.WARM_UP_FRAMES = whole


@pytest.fixture(scope="module")
def clips():
    return {category: simulate(category, 0, SHORT) for category in CATEGORIES}


def distance(one, other):
    """Mean absolute difference of two pictures, grey levels 0..255."""
    return np.abs(one.astype(float) - other.astype(float)).mean()


def run_command(*arguments, cwd, **options):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


# --- Pictures ---


def test_every_category_is_tested():
    assert list(make_clips.GENERATORS) == CATEGORIES


@pytest.mark.parametrize("category", CATEGORIES)
def test_pictures_have_the_declared_form(clips, category):
    assert len(clips[category]) == SHORT
    for picture in clips[category]:
        assert picture.shape == (shared.SIZE, shared.SIZE, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 10.0


@pytest.mark.parametrize("category", CATEGORIES)
def test_seed_decides_the_pictures(clips, category):
    again = simulate(category, 0, 3)
    other = simulate(category, 1, 3)
    for first, second, third in zip(clips[category], again, other, strict=False):
        assert first.tobytes() == second.tobytes()
        assert distance(first, third) > 1.0


@pytest.mark.parametrize("category", CATEGORIES)
def test_motion_is_smooth_but_never_still(clips, category):
    pictures = clips[category]
    steps = [distance(one, other) for one, other in itertools.pairwise(pictures)]
    far = [distance(one, other) for one, other in zip(pictures, pictures[10:], strict=False)]
    assert min(steps) > 0.5
    assert max(steps) < 30.0
    assert np.mean(steps) < 0.8 * np.mean(far)


@pytest.mark.parametrize("category", CATEGORIES)
def test_pictures_do_not_repeat(clips, category):
    pictures = clips[category]
    assert len({picture.tobytes() for picture in pictures}) == SHORT
    for time in range(SHORT - 1):
        neighbour = distance(pictures[time], pictures[time + 1])
        later = [distance(pictures[time], picture) for picture in pictures[time + 6 :]]
        assert not later or min(later) > 0.5 * neighbour


# --- Physics ---


def test_noise_keeps_its_mean_and_spread_and_is_smooth():
    noise = shared.SmoothNoise(np.random.default_rng(0), 20000, memory=10.0)
    before = noise.value
    for _ in range(30):
        last, now = noise.value, noise.step()
        assert abs(now.mean()) < 0.04
        assert abs(now.std() - 1.0) < 0.03
    assert np.std(now - last) < 0.12
    assert abs(np.mean(before * now)) < 0.25


def test_projection_leaves_no_divergence_and_keeps_the_mean():
    up, right = np.random.default_rng(0).standard_normal((2, 48, 32)) + 0.7
    assert np.abs(fire.divergence(up, right)).max() > 1.0
    still_up, still_right = fire.project(up, right)
    assert np.abs(fire.divergence(still_up, still_right)).max() < 1e-10
    assert still_up.mean() == pytest.approx(up.mean())
    assert still_right.mean() == pytest.approx(right.mean())


def test_divergence_is_the_derivative_of_a_wave():
    phase = 2.0 * np.pi * 3 * np.arange(32) / 32
    up, right = np.zeros((16, 32)), np.tile(np.sin(phase), (16, 1))
    expected = np.tile(2.0 * np.pi * 3 / 32 * np.cos(phase), (16, 1))
    np.testing.assert_allclose(fire.divergence(up, right), expected, atol=1e-12)


def test_confinement_feeds_an_eddy():
    rows, columns = np.indices((32, 32)) - 15.5
    weight = np.exp(-(rows**2 + columns**2) / 30.0)
    up, right = columns * weight, -rows * weight
    for turn in [1.0, -1.0]:
        lift, push = fire.confinement(turn * up, turn * right)
        assert np.sum(lift * turn * up + push * turn * right) > 0.0


@pytest.mark.parametrize("order", [1, 3])
def test_advection_by_whole_cells_shifts_the_field(order):
    field = np.random.default_rng(0).standard_normal((16, 20))
    carried = fire.advect(field, np.full(field.shape, 2.0), np.full(field.shape, -3.0), order)
    np.testing.assert_allclose(carried, np.roll(field, (2, -3), axis=(0, 1)), atol=1e-6)


def test_water_keeps_its_energy_without_wind_and_friction():
    surface = water.Surface()
    surface.push(40.0, 60.0, height=2.0)
    height, energy = surface.height(), surface.energy()
    for _ in range(50):
        surface.step()
    assert surface.energy() == pytest.approx(energy, rel=1e-9)
    assert surface.height().mean() == pytest.approx(0.0, abs=1e-4)
    assert np.abs(surface.height()).max() < 0.5 * np.abs(height).max()


def test_long_water_waves_outrun_short_ones():
    frequency = water.Surface().frequency[0]
    long_wave, short_wave = 2, 8
    assert frequency[long_wave] / long_wave > 1.5 * frequency[short_wave] / short_wave


def test_wind_keeps_the_water_equally_steep():
    surface = water.Surface(np.random.default_rng(0))
    for _ in range(60):
        surface.step()
        away, right = surface.slopes()
        assert np.sqrt(np.mean(away**2 + right**2)) == pytest.approx(water.STEEPNESS, rel=0.25)


def test_cloth_at_rest_stays_at_rest():
    cloth = flag.Cloth()
    flat = cloth.place.copy()
    np.testing.assert_allclose(cloth.spring_force(), 0.0, atol=1e-12)
    for _ in range(20):
        cloth.step(2e-3, gravity=np.zeros(3))
    np.testing.assert_allclose(cloth.place, flat, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_springs_pull_back_and_add_no_momentum(axis):
    cloth = flag.Cloth()
    middle = (flag.ROWS // 2, flag.COLUMNS // 2)
    cloth.place[middle][axis] += 0.3 * flag.SPACING
    force = cloth.spring_force()
    assert force[middle][axis] < -1e-3
    np.testing.assert_allclose(force.sum(axis=(0, 1)), 0.0, atol=1e-10)


def test_free_cloth_falls_and_the_pole_holds():
    cloth = flag.Cloth()
    pole = cloth.place[:, 0].copy()
    for _ in range(100):
        cloth.step(2e-3)
    np.testing.assert_array_equal(cloth.place[:, 0], pole)
    # The far edge has no hold yet: it falls freely, half g t squared.
    fallen = cloth.place[-1, -1, 1] + (flag.ROWS - 1) * flag.SPACING
    assert fallen == pytest.approx(-0.5 * 9.81 * 0.2**2, rel=0.1)


def test_coupling_brings_lamps_into_step():
    start = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 16)
    alone = together = start
    for _ in range(400):
        alone = light.advance(alone, 0.3, coupling=0.0)
        together = light.advance(together, 0.3, coupling=0.05)
    assert abs(np.exp(1j * together).mean()) > 0.99
    assert abs(np.exp(1j * alone).mean()) < 0.6
    np.testing.assert_allclose(alone, start + 400 * 0.3)


# --- The writer and the command ---


def test_writer_keeps_the_pictures(tmp_path, clips):
    path = tmp_path / "new" / "light.mp4"
    make_clips.write_clip(path, clips["light"])
    read = list(itertools.islice(imageio.get_reader(path), SHORT + 1))
    assert len(read) == SHORT
    for picture, original in zip(read, clips["light"], strict=True):
        assert distance(picture, original) < 4.0
    assert [entry.name for entry in path.parent.iterdir()] == ["light.mp4"]


def test_writer_makes_the_same_bytes_again(tmp_path, clips):
    for name in ["one.mp4", "two.mp4"]:
        make_clips.write_clip(tmp_path / name, clips["water"])
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_writer_cut_short_leaves_the_old_clip_and_nothing_else(tmp_path, clips):
    def breaks_off():
        yield from clips["light"][:3]
        raise RuntimeError("simulation failed")

    path = tmp_path / "light.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="simulation failed"):
        make_clips.write_clip(path, breaks_off())
    assert [entry.name for entry in tmp_path.iterdir()] == ["light.mp4"]
    assert path.read_bytes() == b"old"


def test_writer_refuses_what_is_no_clip(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        make_clips.write_clip(tmp_path / "none.mp4", [])
    mixed = [np.zeros((64, 64, 3), np.uint8), np.zeros((32, 64, 3), np.uint8)]
    with pytest.raises(ValueError, match="32, 64"):
        make_clips.write_clip(tmp_path / "mixed.mp4", mixed)
    with pytest.raises(ValueError, match="even"):
        make_clips.write_clip(tmp_path / "odd.mp4", [np.zeros((63, 64, 3), np.uint8)])
    with pytest.raises(ValueError, match="float64"):
        make_clips.write_clip(tmp_path / "float.mp4", [np.zeros((64, 64, 3))])
    assert not list(tmp_path.iterdir())


def test_command_writes_a_clip_and_will_not_overwrite_it(tmp_path):
    path = tmp_path / "dynamicTexture" / "light" / "light.mp4"
    made = run_command("--output", tmp_path, "light", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    content = path.read_bytes()

    refused = run_command("--output", tmp_path, "--seed", 1, "light", cwd=tmp_path)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "light.mp4" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert path.read_bytes() == content

    run_command("--output", tmp_path, "--seed", 1, "--overwrite", "light", cwd=tmp_path)
    assert path.read_bytes() != content


@pytest.mark.parametrize("arguments", [["fires"], ["light", "fires"]])
def test_command_refuses_an_unknown_category(tmp_path, arguments):
    refused = run_command("--output", tmp_path, *arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "'fires'" in refused.stderr
    assert all(category in refused.stderr for category in CATEGORIES)
    assert not list(tmp_path.iterdir())


def test_command_refuses_a_folder_it_cannot_make(tmp_path):
    (tmp_path / "file").write_text("")
    refused = run_command("--output", tmp_path / "file", "light", cwd=tmp_path)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_command_leaves_nothing_when_the_disk_takes_no_more(tmp_path):
    resource = pytest.importorskip("resource")

    def allow_small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    refused = run_command("--output", tmp_path, "light", cwd=tmp_path, preexec_fn=allow_small_files)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert not [entry for entry in tmp_path.rglob("*") if entry.is_file()]


# --- The clips in the repository ---


@pytest.mark.parametrize("category", CATEGORIES)
def test_clip_in_the_repository(category):
    path = make_clips.clip_path(SCRIPT.parent, category)
    assert path.stat().st_size < 500_000
    reader = imageio.get_reader(path)
    assert reader.get_meta_data()["fps"] == 25
    frames = [frame for frame in reader]
    assert len(frames) >= 150
    assert all(min(frame.shape[:2]) >= 64 for frame in frames)
