"""--experiment live as its users start and end it."""

import asyncio
import io
import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.command_line import (
    SMALL,
    end_of,
    flags,
    parse,
    refused,
    run_here,
    start_alone,
    trained,
    tree,
)

aiohttp = pytest.importorskip("aiohttp", reason="pip install -r requirements-live.txt")

from model.latents import of_sequences  # noqa: E402
from model.sampling import reconstruct  # noqa: E402
from util.experiments.live import made, stage_of  # noqa: E402
from util.live.server import listen  # noqa: E402
from util.runs.jobs import prepare  # noqa: E402
from util.runs.loading import built_sampler, read_checkpoint  # noqa: E402
from util.system.errors import RunError  # noqa: E402

LIVE = flags(experiment="live", category="waves", browser=False)
STREAM = 17  # of random numbers
PATIENCE = 120  # seconds until something counts as missing


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A trained run that no test changes."""
    place = tmp_path_factory.mktemp("live")
    trained().copy(place)
    return place


@pytest.fixture(scope="module")
def loaded(place):
    """The job, its checkpoint and its model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        job = prepare(parse(LIVE))
        checkpoint = read_checkpoint(job)
        yield job, checkpoint, built_sampler(checkpoint, more_lengths=[5])


@pytest.fixture(scope="module")
def expected(loaded):
    """The first 12 frames of sequence 1 with seed 3, made in chunks of the training's length."""
    _, checkpoint, sampler = loaded
    numbers = [np.random.default_rng([3, STREAM, frame]) for frame in range(1, 13)]
    drawn = np.stack([sampler.innovations.draw(one, (SMALL["z_size"],)) for one in numbers])
    start = of_sequences(checkpoint.state.latents, [1])._replace(innovations=drawn[None])
    latents = sampler.innovations.pulled(sampler.generator, start)
    assert np.abs(latents.innovations - start.innovations).max() > 0.01
    length = SMALL["truncated_backprop_length"]
    beginning, later = checkpoint.state.calibrated
    frames = reconstruct(sampler.generator, latents, length, 1, later, beginning)
    return np.clip(np.rint((frames[0] + 1) * 127.5), 0, 255)


def test_frames_are_those_of_the_model_and_no_chunk_begins_with_a_jump(loaded, expected):
    stage = stage_of(*loaded)
    player = stage.player()
    player.restart(1, 3)
    for _ in range(12):
        if not player.ahead:
            request = player.request()
            player.accept(request, made(loaded[2], request))
        player.take()
    assert np.abs(player.last(12) - expected).max() <= 1
    stage.close()


def test_stage_has_the_sequences_of_the_run(loaded, place):
    stage = stage_of(*loaded)
    assert stage.title == f"waves model.ckpt-{SMALL['num_epochs']}"
    assert (stage.side, stage.names) == (8, ["ripples", "swell"])
    assert len(stage.showings) == 2 and len(stage.latents.appearance) == 2
    stage.close()


@pytest.mark.parametrize(("motion", "drawn"), [("prior", ["motion_type"]), ("inferred", [])])
def test_start_state_is_inferred_and_the_motion_type_where_the_options_say_so(
    loaded, motion, drawn
):
    job, checkpoint, sampler = loaded
    options = replace(checkpoint.options, start_in_test="prior", motion_type_in_test=motion)
    stage = stage_of(job, checkpoint._replace(options=options), sampler)
    assert stage.drawn == drawn
    stage.close()


async def visit(url):
    """Take three frames of sequence 1 with seed 3, record them; the last frame and the answer."""

    async def tell(name, **values):
        await socket.send_str(json.dumps({"name": name, **values}))

    origin = url.rstrip("/")
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}socket", origin=origin) as socket,
    ):
        await tell("restart", sequence=1, seed=3)
        for _ in range(3):
            await tell("frame")
            frame = (await socket.receive()).data
        await tell("record", seconds=1)
        return frame, json.loads((await socket.receive()).data)


def test_runs_until_ctrl_c_and_writes_only_the_recording(tmp_path, expected):
    run = trained().copy(tmp_path)
    before = tree(tmp_path)
    process = start_alone(tmp_path, *LIVE)
    try:
        line = process.stdout.readline()
        assert line.startswith("the model runs at http://127.0.0.1:"), process.stderr.read()
        assert line.endswith("/; Ctrl-C ends it\n")
        url = line.split()[4].rstrip(";")
        frame, answer = asyncio.run(asyncio.wait_for(visit(url), PATIENCE))
        process.send_signal(signal.SIGINT)
        outcome = end_of(process)
    finally:
        process.kill()
    assert outcome.returncode == 128 + signal.SIGINT
    folder = (run / "final_result_live").relative_to(tmp_path)
    assert outcome.stderr == f"ended; recordings in {folder}\n"
    path = folder / "recording_1.mp4"
    assert answer == {"name": "recorded", "path": str(path), "frames": 3}
    written = tree(tmp_path)
    assert written.keys() - before.keys() == {str(folder), str(path)}
    assert {name: written[name] for name in before} == before
    with Image.open(io.BytesIO(frame)) as image:
        assert np.abs(np.asarray(image) - expected[2]).mean() < 8


REFUSED = {
    "normalization": ({"normalization_in_test": "batch"}, 2, ["--normalization_in_test", "jump"]),
    "overwrite": ({"overwrite": True}, 2, ["--overwrite True", "never replace"]),
    "training": ({"isTraining": True}, 2, ["only tests a checkpoint", "--isTraining"]),
    "resume": ({"resume": True}, 2, ["--resume True", "only tests a checkpoint"]),
    "port": ({"port": 65536}, 2, ["--port 65536", "at most 65,535"]),
    "negative port": ({"port": -1}, 2, ["--port -1", "at least 0"]),
    "browser": ({"browser": "firefox"}, 2, ["browser", "firefox is neither True nor False"]),
    "no checkpoint": ({"ckpt_name": "model.ckpt-77"}, 1, ["model.ckpt-77", "no checkpoint"]),
    "path": ({"ckpt_name": "../model.ckpt-6"}, 2, ["../model.ckpt-6", "--ckpt"]),
    "other model": ({"state_size": 5}, 2, ["--state_size 5"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_with_nothing_written(place, case):
    given, exit_code, named = REFUSED[case]
    before = tree(place)
    line = refused(run_here(place, *LIVE, *flags(**given)), exit_code)
    for word in named:
        assert word in line
    assert tree(place) == before


def test_port_in_use_is_refused_before_the_model_is_built(place, monkeypatch):
    monkeypatch.setattr("util.experiments.live.built_sampler", None)  # not callable
    with listen(0) as listening:
        port = listening.getsockname()[1]
        line = refused(run_here(place, *LIVE, *flags(port=port)), RunError.exit_code)
    assert f"--port {port} is in use" in line


def test_missing_server_library_is_told_before_tensorflow_starts(place, monkeypatch):
    monkeypatch.setattr("util.system.tensorflow_setup.start_tensorflow", None)  # not callable
    monkeypatch.setattr("util.runs.jobs.find_spec", lambda name: None)
    line = refused(run_here(place, *LIVE), RunError.exit_code)
    assert "the package aiohttp is not installed" in line
    assert line.endswith("python -m pip install -r requirements-live.txt\n")
