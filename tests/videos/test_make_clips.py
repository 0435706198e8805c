"""The simulated training clips: pictures, the physics behind them, masks, the command, files."""

import itertools
import subprocess
import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
import scipy.io

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "trainingVideo" / "make_clips.py"
sys.path.insert(0, str(SCRIPT.parent))

import make_clips  # noqa: E402
from simulations import (  # noqa: E402
    blossoms,
    fire,
    flag,
    light,
    masks,
    pond,
    shared,
    walkers,
    water,
)

MODULES = {"fire": fire, "water": water, "flag": flag, "light": light}
CATEGORIES = list(MODULES)
SHORT = 20
FAMILIES = {"walkers": walkers, "blossoms": blossoms}
MASKS = {"region": masks.region, "missing_frames": masks.missing_frames}
# Every file of every category, as the command with seed 0 makes it: its path and its frames.
FILES = [
    pytest.param(path, frames, id=str(path))
    for category in make_clips.CATEGORIES
    for path, frames in make_clips.files(category, 0).items()
]


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


@pytest.fixture(scope="module")
def scene():
    """A boat that crosses in a few frames: a list of (picture, truth, missing)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(water, "WARM_UP_FRAMES", 6)
        return list(pond.generate(0, SHORT))


@pytest.fixture(scope="module")
def families():
    """All members of each family, those of the stills too: uint8 [20, 30, SIZE, SIZE, 3]."""
    members = range(make_clips.MEMBERS + make_clips.STILLS)
    return {
        name: np.array([list(module.generate(0, member, 30)) for member in members])
        for name, module in FAMILIES.items()
    }


@pytest.fixture(scope="module")
def crossing():
    """What the embedded pond has over its water, a list of layers."""
    return list(pond.crossing(0, make_clips.INPAINTING_FRAMES))


def distance(one, other):
    """Mean absolute difference of two pictures, grey levels 0..255."""
    return np.abs(one.astype(float) - other.astype(float)).mean()


def read_video(path):
    """All frames, uint8 [frames, height, width, 3]."""
    return np.array([frame for frame in imageio.get_reader(path)])


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
    more = ["recovery/water", "recovery/flag", "inpainting/pond"]
    more += [f"{dataset}/{family}" for dataset in ("action", "stills") for family in FAMILIES]
    assert [*CATEGORIES, *more] == make_clips.CATEGORIES


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


# --- A boat on the water ---


def test_scene_differs_from_its_truth_only_where_the_mask_is(scene):
    assert len(scene) == SHORT
    for picture, truth, missing in scene:
        assert picture.shape == truth.shape == (shared.SIZE, shared.SIZE, 3)
        assert picture.dtype == truth.dtype == np.uint8
        assert missing.shape == (shared.SIZE, shared.SIZE)
        np.testing.assert_array_equal(picture[~missing], truth[~missing])


def test_mask_has_a_margin_and_no_more(scene):
    for picture, truth, missing in scene[1:]:
        changed = (picture != truth).any(axis=2)
        assert changed.any()
        np.testing.assert_array_equal(pond.widened(changed, pond.MARGIN) & ~missing, False)
        # One pixel more, since what is painted very thinly changes no byte.
        np.testing.assert_array_equal(missing & ~pond.widened(changed, pond.MARGIN + 1), False)


def test_seed_decides_water_and_wake(scene):
    again, other = list(pond.crossing(0, 4)), list(pond.crossing(1, 4))
    np.testing.assert_array_equal(again[-1].colour, list(pond.crossing(0, 4))[-1].colour)
    assert np.any(again[-1].colour != other[-1].colour)
    assert not np.array_equal(scene[0][1], next(pond.generate(1, SHORT))[1])


def test_boat_comes_in_at_the_left_and_leaves_at_the_right(crossing):
    sails = [layer.colour.min(axis=2) > 0.7 for layer in crossing]
    assert not sails[0].any() and not sails[-1].any()
    middles = [sail.any(axis=0).nonzero()[0].mean() for sail in sails if sail.any()]
    assert middles[0] < 5.0 and middles[-1] > shared.SIZE - 5.0
    assert max(abs(np.diff(middles))) < 4.0


def test_every_pixel_is_visible_in_most_frames(crossing):
    hidden = [pond.widened(layer.cover[..., 0] > 0.0, pond.MARGIN) for layer in crossing]
    assert np.mean(hidden, axis=0).max() < 0.5
    assert 0.02 < np.mean(hidden) < 0.15


def test_coverage_is_the_area_of_a_convex_piece():
    corners = np.array([[20.0, 30.0], [60.5, 30.0], [60.5, 50.25], [20.0, 50.25], [40.0, 40.0]])
    covered = pond.coverage(corners)
    assert covered[40, 40] == 1.0 and covered[10, 40] == 0.0
    assert covered.sum() == pytest.approx(40.5 * 20.25, rel=0.01)
    thin = pond.coverage(np.array([[20.0, 30.0], [21.0, 30.0], [20.5, 60.0]]))
    assert thin[:29].max() == thin[61:].max() == 0.0


def test_widened_reaches_as_far_as_the_margin_in_all_directions():
    mask = np.zeros((9, 11), bool)
    mask[4, 5] = mask[0, 0] = True
    wide = pond.widened(mask, 3)
    assert wide[1, 5] and wide[7, 5] and wide[4, 2] and wide[4, 8] and wide[0, 3]
    assert not wide[0, 5] and not wide[8, 5] and not wide[7, 8] and not wide[4, 9]


# --- Masks ---


def test_region_is_one_square_that_jumps():
    places = set()
    for missing in masks.region(0, SHORT):
        assert missing.shape == (masks.SIDE, masks.SIDE) and missing.dtype == bool
        rows, columns = missing.any(axis=1).nonzero()[0], missing.any(axis=0).nonzero()[0]
        assert missing.sum() == masks.REGION**2
        assert np.ptp(rows) == np.ptp(columns) == masks.REGION - 1
        places.add((rows[0], columns[0]))
    assert len(places) == SHORT


def test_region_can_be_anywhere():
    missing = np.array(list(masks.region(0, 400)))
    assert missing.any(axis=(0, 1)).all() and missing.any(axis=(0, 2)).all()
    assert missing.mean() == pytest.approx((masks.REGION / masks.SIDE) ** 2)


@pytest.mark.parametrize("frames", [SHORT, SHORT + 1])
def test_half_the_frames_are_missing_entirely(frames):
    missing = np.array(list(masks.missing_frames(0, frames)))
    assert missing.shape == (frames, masks.SIDE, masks.SIDE) and missing.dtype == bool
    np.testing.assert_array_equal(missing.any(axis=(1, 2)), missing.all(axis=(1, 2)))
    assert missing[:, 0, 0].sum() == frames // 2


@pytest.mark.parametrize("kind", MASKS)
def test_seed_decides_the_masks(kind):
    one, again, other = (np.array(list(MASKS[kind](seed, SHORT))) for seed in [0, 0, 1])
    np.testing.assert_array_equal(one, again)
    assert np.any(one != other)


def test_mask_writer_keeps_the_masks(tmp_path):
    path = tmp_path / "new" / "region_type.mat"
    missing = np.array(list(masks.region(0, 5)))
    missing[:, :, -40:] = False  # so that rows cannot be taken for columns
    assert make_clips.write_masks(path, missing) == 5
    read = scipy.io.loadmat(path)["masks"]
    assert read.dtype == np.uint8 and read.shape == (masks.SIDE, masks.SIDE, 5, 3)
    for colour in range(3):
        np.testing.assert_array_equal(np.moveaxis(read[..., colour], 2, 0), missing)
    assert [entry.name for entry in path.parent.iterdir()] == ["region_type.mat"]


def test_mask_writer_makes_the_same_bytes_whenever_and_wherever(tmp_path, monkeypatch):
    make_clips.write_masks(tmp_path / "one.mat", masks.region(0, 2))
    monkeypatch.setattr("time.asctime", lambda: "Thu Jan  1 00:00:00 1970")
    monkeypatch.setattr("os.name", "another")
    make_clips.write_masks(tmp_path / "two.mat", masks.region(0, 2))
    content = (tmp_path / "one.mat").read_bytes()
    assert content == (tmp_path / "two.mat").read_bytes()
    assert content[:116] == b"MATLAB 5.0 MAT-file".ljust(116)


def test_mask_writer_cut_short_leaves_the_old_mask_and_nothing_else(tmp_path):
    def breaks_off():
        yield from masks.region(0, 3)
        raise RuntimeError("simulation failed")

    path = tmp_path / "region_type.mat"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="simulation failed"):
        make_clips.write_masks(path, breaks_off())
    assert [entry.name for entry in tmp_path.iterdir()] == ["region_type.mat"]
    assert path.read_bytes() == b"old"


# --- The writer and the command ---


def test_writer_keeps_the_pictures(tmp_path, clips):
    path = tmp_path / "new" / "light.mp4"
    assert make_clips.write_clip(path, clips["light"]) == SHORT
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


def test_command_makes_the_files_of_other_datasets(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_clips, "RECOVERY_FRAMES", 4)
    monkeypatch.setattr(make_clips, "INPAINTING_FRAMES", 4)
    monkeypatch.setattr(water, "WARM_UP_FRAMES", 1)
    arguments = ["--output", str(tmp_path), "recovery/water", "inpainting/pond"]
    make_clips.main(arguments)
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert made == [
        "background_inpainting/data/pond/pond.mp4",
        "background_inpainting/mask/pond/mask128.mat",
        "background_inpainting/truth/pond/pond.mp4",
        "recovery_dataset/data/water/water.mp4",
        "recovery_dataset/mask/water/missing_frame_type.mat",
        "recovery_dataset/mask/water/region_type.mat",
    ]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(made) and all(": 4 frames, " in line for line in lines)

    (tmp_path / "background_inpainting" / "data" / "pond" / "pond.mp4").unlink()
    with pytest.raises(SystemExit) as refused:  # its truth is still there
        make_clips.main([*arguments[:2], "inpainting/pond"])
    assert refused.value.code == 1


def test_every_file_has_its_own_random_numbers():
    clip, *one = make_clips.files("recovery/water", 0).values()
    _, *other = make_clips.files("recovery/flag", 0).values()
    for first, second in zip(one, other, strict=True):
        assert np.any(np.array(list(first)) != np.array(list(second)))
    (texture,) = make_clips.files("water", 0).values()
    assert distance(next(clip), next(texture)) > 1.0


@pytest.mark.parametrize("arguments", [["fires"], ["light", "fires"], ["recovery/pond"]])
def test_command_refuses_an_unknown_category(tmp_path, arguments):
    refused = run_command("--output", tmp_path, *arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert repr(arguments[-1]) in refused.stderr
    assert all(category in refused.stderr for category in make_clips.CATEGORIES)
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


# --- Families ---


@pytest.mark.parametrize("name", FAMILIES)
def test_members_are_unlike_each_other_and_others_with_another_seed(families, name):
    middle = families[name][:, 15]
    for one, other in itertools.combinations(middle, 2):
        assert distance(one, other) > 1.0
    again, other = (next(FAMILIES[name].generate(seed, 3, 1)) for seed in (0, 1))
    assert again.tobytes() == families[name][3, 0].tobytes()
    assert distance(again, other) > 0.5


def test_members_are_spread_evenly_and_those_of_the_stills_lie_between():
    members = np.array([shared.spread(5, member, 6) for member in range(20)])
    assert members.min() >= 0.0 and members.max() < 1.0
    for values in members.T:
        # On the circle that a hue is, no gap is wider than two of sixteen even steps.
        trained = np.sort(values[:16])
        gaps = np.diff(np.append(trained, trained[0] + 1.0))
        assert gaps.max() < 2.0 / 16
        for still in values[16:]:
            assert np.abs(trained - still).min() > 0.01


def drawn(pictures, ground):
    """Where something is drawn before a plain ground, bool [..., height, width]."""
    return np.abs(pictures.astype(float) - ground).max(axis=-1) > 40.0


def test_walkers_stay_in_the_middle_and_their_legs_move(families):
    ground = 255.0 * np.array(walkers.BACKGROUND)
    body = drawn(families["walkers"], ground)
    assert not body[:, :, [0, -1]].any()  # nobody leaves the picture
    assert not body[:, :, :, [0, -1]].any()
    columns = (np.arange(shared.SIZE) + 0.5) / shared.SIZE
    across = (body.sum(axis=2) * columns).sum(axis=-1) / body.sum(axis=(2, 3))
    assert np.abs(across - 0.5).max() < 0.1
    moving = families["walkers"].astype(float).std(axis=1).mean(axis=-1)
    assert np.all(moving[:, 84:].mean(axis=(1, 2)) > 1.5 * moving[:, :42].mean(axis=(1, 2)))


def test_two_strides_end_where_they_began_and_each_has_its_own_phase(families):
    for member, pictures in enumerate(families["walkers"]):
        again = list(walkers.generate(0, member, 31))[-1]
        assert distance(again, pictures[0]) < 0.01
        assert distance(pictures[0], pictures[7]) > 0.5
    phases = [walkers.figure(0, member).phase for member in range(make_clips.MEMBERS)]
    assert np.diff(np.sort(phases)).min() > 0.02


@pytest.mark.parametrize("gait", [walkers.WALK, walkers.RUN])
def test_knees_bend_one_way_only_and_most_in_the_swing(gait):
    phase = np.arange(100) / 100
    thigh, shank, _ = walkers.leg_angles(gait, phase)
    bend = thigh - shank
    assert bend.min() > 0.0
    assert 0.6 < phase[bend.argmax()] < 0.8
    assert thigh[0] > 0.2 > thigh[50]  # forwards when the heel strikes, backwards half a stride on


def test_feet_stand_on_the_ground_and_only_runners_leave_it(families):
    ground = 255.0 * np.array(walkers.BACKGROUND)
    rows = drawn(families["walkers"], ground).any(axis=3)
    lowest = shared.SIZE - 1 - rows[:, :, ::-1].argmax(axis=2)
    for member, depth in enumerate(lowest):
        assert depth.max() > 0.9 * shared.SIZE
        lifted = depth.max() - depth.min()
        assert lifted >= 4 if member % 2 else lifted <= 2


def test_blossoms_grow_from_bud_to_bloom(families):
    """And their outer petals open first."""
    ground = families["blossoms"].astype(float)[:, :1, :1, :1]
    area = (families["blossoms"].astype(float).max(axis=-1) > 90.0).mean(axis=(2, 3))
    assert ground.max() < 60.0
    assert np.all(area[:, -1] > 4.0 * area[:, 0])
    assert np.all(np.diff(area, axis=1) > -0.01)
    plant = blossoms.flower(0, 0)._replace(rings=3)
    times = [[blossoms.openness(plant, frame, ring) for ring in range(3)] for frame in range(30)]
    assert np.all(np.diff(times, axis=1) <= 0.0)
    assert times[0] == [0.0, 0.0, 0.0] and times[-1] == [1.0, 1.0, 1.0]


def test_petals_of_a_bud_meet_and_those_of_a_bloom_lie_flat():
    bud, _ = blossoms.profile(0.0)
    bloom, _ = blossoms.profile(1.0)
    assert bud.max() < 0.4 and abs(bud[-1]) < 0.15
    assert bloom[-1] == bloom.max() > 0.9


@pytest.mark.parametrize("name", FAMILIES)
def test_stills_are_of_members_that_are_in_no_video(families, name):
    _, shown = make_clips.FAMILIES[name]
    for number, frames in enumerate(make_clips.files(f"stills/{name}", 0).values()):
        (still,) = frames
        assert still.tobytes() == families[name][16 + number, shown].tobytes()
        for video in families[name][:16]:
            assert distance(still, video[shown]) > 0.5


def test_still_writer_keeps_the_picture_and_makes_the_same_bytes(tmp_path):
    picture = next(walkers.generate(0, 0, 1))
    for name in ("one.png", "two.png"):
        assert make_clips.write_still(tmp_path / name, [picture]) == 1
    np.testing.assert_array_equal(imageio.imread(tmp_path / "one.png"), picture)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"one.png", "two.png"}


# --- The files in the repository ---


@pytest.mark.parametrize("name", FAMILIES)
def test_families_in_the_repository_are_whole(name):
    folder = SCRIPT.parent / "action_dataset" / name
    videos = sorted(folder.iterdir())
    assert [path.name for path in videos] == [f"{number:02d}.mp4" for number in range(1, 17)]
    assert all(len(read_video(path)) == 30 for path in videos)


@pytest.mark.parametrize("path, frames", FILES)
def test_file_in_the_repository_is_what_the_command_makes(path, frames):
    # Not to the byte: another machine or another ffmpeg may round otherwise.
    whole = SCRIPT.parent / path
    if path.suffix == ".mat":
        read = scipy.io.loadmat(whole)["masks"].astype(bool)
        made = np.stack(list(frames), axis=-1)[..., np.newaxis]
        assert np.mean(read != made) < 1e-4
    else:
        assert distance(next(iter(imageio.get_reader(whole))), next(frames)) < 4.0


@pytest.mark.parametrize("category", ["recovery/water", "recovery/flag"])
def test_masks_in_the_repository_fit_their_clip(category):
    clip, *of_clip = [SCRIPT.parent / path for path in make_clips.files(category, 0)]
    frames = len(read_video(clip))
    assert frames >= 70
    region, whole = (scipy.io.loadmat(path)["masks"] for path in of_clip)
    assert region.shape == whole.shape == (150, 150, frames, 3)
    assert region.mean() == pytest.approx(60 * 60 / 150**2)
    assert whole.mean() == 0.5


def test_scene_in_the_repository_shows_its_truth_beside_the_mask():
    paths = [SCRIPT.parent / path for path in make_clips.files("inpainting/pond", 0)]
    picture, truth = (read_video(path).astype(float) for path in paths[:2])
    missing = np.moveaxis(scipy.io.loadmat(paths[2])["masks"][..., 0], 2, 0).astype(bool)
    assert missing.shape == picture.shape[:3] == truth.shape[:3] == (150, 128, 128)
    assert np.abs(picture - truth)[~missing].mean() < 3.0
    assert np.abs(picture - truth)[missing].mean() > 20.0


def test_files_in_the_repository_are_small():
    sizes = [(SCRIPT.parent / parameter.values[0]).stat().st_size for parameter in FILES]
    assert max(sizes) < 500_000
    assert sum(sizes) < 2_500_000


@pytest.mark.parametrize("category", CATEGORIES)
def test_clip_in_the_repository(category):
    reader = imageio.get_reader(SCRIPT.parent / "dynamicTexture" / category / f"{category}.mp4")
    assert reader.get_meta_data()["fps"] == 25
    frames = [frame for frame in reader]
    assert len(frames) >= 150
    assert all(min(frame.shape[:2]) >= 64 for frame in frames)
