"""The memory of a run: estimated before the graph is built, and refused with both figures."""

import pytest
from support.command_line import (
    SMALL,
    flags,
    make_clips,
    parse,
    refusal,
    refused,
    run_here,
    trained,
)

from model.matched_to_clips import MATCHES
from model.transition import TRANSITIONS
from util.experiments.registry import EXPERIMENTS
from util.options.experiment import users_of
from util.runs import memory as module
from util.runs.memory import OF_SOME, WAYS_OUT, needed_memory, refuse_too_large, way_out

GIGA = 10**9
# The peak of the resident memory of trainings of 2 epochs with --log_step 1, in MiB: `ru_maxrss` of
# the process, by os.wait4, on 2 cores of an AMD EPYC without a GPU, with TensorFlow 2.21.
MEASURED = [
    (674, 1, {"image_size": 8, "num_frames": 5, "truncated_backprop_length": 5}),
    (1301, 1, {"image_size": 64, "num_frames": 30, "truncated_backprop_length": 30}),
    (1409, 4, {"image_size": 64, "num_frames": 30, "batch_size": 4}),
    (1459, 1, {"num_frames": 120, "truncated_backprop_length": 120, "num_sections_in_test": 1}),
    (1384, 1, {"image_size": 128, "num_frames": 30, "num_sections_in_test": 1}),
    (1847, 1, {"image_size": 128, "num_frames": 90, "truncated_backprop_length": 90}),
    (1573, 1, {"image_size": 256, "num_frames": 12, "truncated_backprop_length": 12}),
    (2481, 1, {"num_frames": 30, "state_size": 4000, "z_size": 4000, "num_sections_in_test": 1}),
]


def parts_of(num_sequences=1, missing_values=0, **given):
    command_line = parse(flags(**given))
    experiment = command_line.experiment(command_line.options)
    return needed_memory(command_line.options, experiment, num_sequences, missing_values)


def limit_to(monkeypatch, limit, gpu=False):
    monkeypatch.setattr(module, "memory_limit", lambda: limit)
    monkeypatch.setattr(module, "has_gpu", lambda: gpu)


@pytest.mark.parametrize("peak, num_sequences, given", MEASURED)
def test_estimate_is_within_a_factor_of_two_of_the_measured_peak(peak, num_sequences, given):
    needed = sum(parts_of(num_sequences, num_batches_in_test=1, **given).values())
    assert 0.5 < needed / (peak * 2**20) < 2


TOO_LARGE = {
    "the weights": {"state_size": 100_000},
    "a batch of chunks": {"truncated_backprop_length": 100_000, "num_sections_in_test": 1},
    "the clips": {"num_frames": 1_000_000},
    "the latents": {"z_size": 100_000},
    "the synthesized videos": {"num_sections_in_test": 10**6},
    "the last reconstructions": {"average_last": 10_000, "experiment": "recovery"},
}


@pytest.mark.parametrize("part, given", TOO_LARGE.items())
def test_size_that_no_memory_holds_is_refused_with_both_figures_and_the_way_out(
    monkeypatch, part, given
):
    limit_to(monkeypatch, 24 * GIGA)
    command_line = parse(flags(**given))
    experiment = command_line.experiment(command_line.options)
    line = refusal(refuse_too_large, command_line.options, experiment, 10, 3 * 10**6)
    needed = sum(parts_of(10, 3 * 10**6, **given).values())
    assert f"about {needed / GIGA:.1f} GB of memory, most of it for {part}" in line
    assert "this process may use 24.0 GB" in line
    assert next(f"--{name}" for name in given) in line
    assert way_out(WAYS_OUT[part], command_line.options, experiment) in line


@pytest.mark.parametrize(
    "experiment, given, videos",
    [
        ("interpolation", {}, 3 * 8),
        ("interpolation", {"pairs": "0:1,2:3", "interpolation_steps": 5}, 2 * 5),
        ("transfer", {}, 3 * 3),
        ("continuation", {"sequences": "1,4"}, 2 * 3),
        ("animation", {"image": "a.png"}, 1 * 3),
        ("synthesis", {}, 0),
    ],
)
def test_videos_that_a_test_shows_together_are_in_memory(experiment, given, videos):
    frame = 3 * 64**2
    test = {"experiment": experiment, "isTraining": False, "num_frames": 60, "batch_size": 1}
    test |= {"truncated_backprop_length": 30, "image_size": 64, **given}
    short, long = (
        parts_of(7, num_sections_in_test=sections, **test)["the synthesized videos"]
        for sections in (100, 200)
    )
    assert long - short == 2 * videos * 100 * 30 * frame  # a copy of each, as it is laid out


@pytest.mark.parametrize(
    "given, said",
    [
        ({"batch_size": 2}, "a smaller --batch_size, --truncated_backprop_length or --image_size"),
        ({"batch_size": 1}, "choose a smaller --truncated_backprop_length or --image_size"),
        ({"isTraining": False, "batch_size": 2}, "choose a smaller --batch_size"),
        ({"isTraining": False, "batch_size": 1}, "use a machine with more memory"),
        ({"resume": True, "batch_size": 2}, "use a machine with more memory"),
    ],
)
def test_way_out_is_one_that_this_call_accepts(given, said):
    line = parse(flags(**given))
    experiment = line.experiment(line.options)
    assert way_out(WAYS_OUT["a batch of chunks"], line.options, experiment).endswith(said)


def test_experiments_have_way_outs_of_their_own():
    of_some = {name for names in WAYS_OUT.values() for name in names if users_of(name, EXPERIMENTS)}
    assert of_some == OF_SOME
    line = parse(flags(experiment="transfer", isTraining=False, pairs="0:1"))
    said = way_out(WAYS_OUT["the synthesized videos"], line.options, EXPERIMENTS["transfer"])
    assert said == "choose a smaller --pairs"


def test_loops_are_in_memory_with_their_own_length():
    test = {"experiment": "loop", "isTraining": False, "image_size": 64}
    short, long = (
        parts_of(7, loop_length=length, **test)["the synthesized videos"] for length in (200, 300)
    )
    assert long > short
    options = parse(flags(**test)).options
    said = way_out(WAYS_OUT["the synthesized videos"], options, EXPERIMENTS["loop"])
    assert "--loop_length" in said and "--num_sections_in_test" not in said


def test_every_part_has_a_way_out():
    assert parts_of().keys() == WAYS_OUT.keys()


def test_workers_of_this_machine_have_programs_weights_and_latents_of_their_own():
    alone, three = parts_of(10), parts_of(10, workers=3)
    more = {name for name in alone if three[name] > alone[name]}
    assert more == {"the program", "the weights", "the latents"}
    assert three["the weights"] == 3 * alone["the weights"]


def test_what_fits_is_taken_and_so_is_what_cannot_be_known(monkeypatch):
    options = parse([]).options
    needed = int(sum(parts_of().values()))
    for limit in (needed + 1, None):
        limit_to(monkeypatch, limit)
        refuse_too_large(options, EXPERIMENTS["synthesis"])
    limit_to(monkeypatch, needed - 1)
    refusal(refuse_too_large, options, EXPERIMENTS["synthesis"])


def test_chunks_are_not_in_the_memory_of_the_machine_where_there_is_a_gpu(monkeypatch):
    options = parse(flags(truncated_backprop_length=100_000, num_sections_in_test=1)).options
    limit_to(monkeypatch, 24 * GIGA)
    refusal(refuse_too_large, options, EXPERIMENTS["synthesis"])
    limit_to(monkeypatch, 24 * GIGA, gpu=True)
    refuse_too_large(options, EXPERIMENTS["synthesis"])
    # The measures need the memory that the chunks do not leave to them.
    assert needed_memory(options, EXPERIMENTS["synthesis"], 1)["the measures"] > 200e6


@pytest.mark.parametrize("mode", TRANSITIONS)
@pytest.mark.parametrize("encodes", [False, True])
def test_weights_are_those_of_the_model(make_generator, mode, encodes):
    generator = make_generator([2], dynamic_mode=mode, encodes=encodes)
    sizes = generator.settings.sizes._asdict()
    options = parse(flags(image_size=8, dynamic_mode=mode, **sizes)).options
    experiment = EXPERIMENTS["animation" if encodes else "synthesis"]
    state = generator.variables()
    kernels = [name for name in state if "kernel" in name and name.count("/") < 3]
    kernels = [name for name in kernels if "adam" not in name.lower()]
    assert module.number_of_weights(options, experiment) == sum(state[k].size for k in kernels)


def test_transition_that_is_still_to_be_matched_needs_as_much_as_the_largest():
    sizes = {
        mode: module.number_of_weights(
            parse(flags(dynamic_mode=mode)).options, EXPERIMENTS["synthesis"]
        )
        for mode in (*MATCHES["dynamic_mode"], "matched")
    }
    assert sizes["matched"] == max(sizes[mode] for mode in MATCHES["dynamic_mode"])
    assert len(set(sizes.values())) == 2


def test_training_and_test_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    make_clips(tmp_path)
    limit_to(monkeypatch, 10**8)
    line = refused(run_here(tmp_path, *flags(isTraining=True, **SMALL)), 1)
    assert "this process may use 0.1 GB" in line
    assert not (tmp_path / "output_synthesis").exists()
    run = trained().copy(tmp_path / "trained")
    line = refused(run_here(tmp_path / "trained", *flags(category="waves", isTraining=False)), 1)
    assert "this process may use 0.1 GB" in line
    assert not (run / "final_result_testing").exists()
