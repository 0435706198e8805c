"""The memory that a run needs, estimated from its options before the graph is built.

The factors were found by measuring the peak of the resident memory of trainings on a CPU, see
`tests/util/runs/test_memory.py`.
"""

from collections.abc import Mapping, Sequence

from model.matched_to_clips import MATCHED, UNSTEADY
from model.networks import NETWORKS
from model.transition import HIDDEN_UNITS, TRANSITIONS
from util.metrics.evaluation import AT_ONCE
from util.metrics.measures import MOST_FRAMES
from util.options.experiment import Experiment
from util.options.schema import DEFAULT_PAIRS, Options, Scope, numbers_of, pairs_of, scope_of
from util.system.errors import RunError
from util.system.memory import has_gpu, memory_limit

FLOAT = 4  # bytes
PROGRAM = 600e6  # bytes of Python and TensorFlow without a model
# Weights and Adam's two moments; the same in the snapshot that is written, and in the next one or
# in the buffers of writing; gradients and reordered kernels.
WEIGHT_COPIES = 12
TESTED_WEIGHT_COPIES = 8
ACTIVATION_COPIES = 3.5  # features before and after the normalisation, and gradients
TESTED_ACTIVATION_COPIES = 2
CLIP_BYTES = 20  # of a value of the clips in memory: frames, reconstruction, their difference
CLIPS = 4  # so many sequences are shown in training, and in memory, or as many as are in a batch
VIDEO_BYTES = 2  # of a value of the synthesized videos: chunks, and the whole
EVALUATION = 200e6  # bytes of the measures, and of a value of a measured video
EVALUATION_BYTES = 30

# The parts of the memory, and the options that make them smaller.
WAYS_OUT = {
    "the program": ("workers",),
    "the weights": ("state_size", "content_size", "z_size", "image_size", "workers"),
    "a batch of chunks": ("batch_size", "truncated_backprop_length", "image_size"),
    "the clips": ("num_frames", "image_size"),
    "the latents": ("z_size", "num_frames"),
    "the synthesized videos": (
        *("num_sections_in_test", "loop_length", "num_batches_in_test", "results_for"),
        *("pairs", "interpolation_steps"),
    ),
    "the last reconstructions": ("average_last",),
    "the measures": ("num_frames", "image_size"),
}


# Of these, the options that not every experiment uses.
OF_SOME = {
    *("num_sections_in_test", "loop_length", "num_batches_in_test", "results_for"),
    *("pairs", "interpolation_steps", "average_last"),
}
SMALLEST = {"content_size": 0, "pairs": ""}  # of the others it is 1


def refuse_too_large(
    options: Options, experiment: Experiment, num_sequences: int = 1, missing_values: int = 0
) -> None:
    """Raises RunError if the run needs more memory than this process may use."""
    limit = memory_limit()
    parts = needed_memory(options, experiment, num_sequences, missing_values)
    needed = sum(parts.values())
    if limit is not None and needed > limit:
        largest = max(parts, key=lambda name: parts[name])
        advice = way_out(WAYS_OUT[largest], options, experiment)
        raise RunError(
            f"this needs about {needed / 1e9:.1f} GB of memory, most of it for {largest}, and this "
            f"process may use {limit / 1e9:.1f} GB; {advice}"
        )


def way_out(names: Sequence[str], options: Options, experiment: Experiment) -> str:
    """What to do: which of these options may be smaller in this call, or else another machine."""
    idle = {
        name
        for name in names
        if (name in OF_SOME and name not in experiment.uses)
        or getattr(options, name) == SMALLEST.get(name, 1)
    }
    fixed = set()
    if options.resume or not options.isTraining:
        fixed.add(Scope.FIXED)
    if options.resume and options.isTraining:
        fixed.add(Scope.FIXED_IN_TRAINING)
    useful = [f"--{name}" for name in names if name not in idle and scope_of(name) not in fixed]
    if not useful:
        return "use a machine with more memory"
    *others, last = useful
    all_but_last = f"{', '.join(others)} or " if others else ""
    return f"choose a smaller {all_but_last}{last}"


def needed_memory(
    options: Options, experiment: Experiment, num_sequences: int, missing_values: int = 0
) -> Mapping[str, float]:
    """The memory that a training or a test needs at its peak, in bytes, by its parts.

    A batch of chunks is in the memory of the GPU, if there is one, which is not counted here.
    Workers that this process starts share the batch of chunks; everything that is not a picture
    they have each.

    Args:
        num_sequences: the number N of training sequences, or fewer if it is not known yet.
        missing_values: the number of missing values, three for each pixel.
    """
    trains = options.isTraining
    workers = options.workers
    frame = 3 * options.image_size**2
    batch = min(options.batch_size, num_sequences) * options.truncated_backprop_length
    copies = ACTIVATION_COPIES if trains else TESTED_ACTIVATION_COPIES
    activations = 0.0 if has_gpu() else copies * FLOAT * batch * features_of_a_frame(options)
    clips = min(num_sequences, max(CLIPS, options.batch_size)) * options.num_frames * frame
    length = options.num_sections_in_test * options.truncated_backprop_length
    if "loop_length" in experiment.uses:
        length = options.loop_length
    measured = frame * max(options.num_frames, min(length, MOST_FRAMES))
    if trains:
        shown = min(num_sequences, max(options.results_for, options.batch_size))
        videos = options.num_batches_in_test * shown * length * frame
    else:  # a test writes them chunk by chunk
        videos = min(options.batch_size, num_sequences) * measured
        if experiment.shows_together:
            shown = videos_of_overview(options, experiment, num_sequences)
            videos += shown * (options.num_frames + length) * frame
    weights = WEIGHT_COPIES if trains else TESTED_WEIGHT_COPIES
    innovations = num_sequences * options.num_frames * options.z_size
    return {
        "the program": workers * PROGRAM,
        "the weights": workers * weights * FLOAT * number_of_weights(options, experiment),
        "a batch of chunks": activations,
        "the clips": CLIP_BYTES * clips,
        # The covariance of the innovations is a matrix, in float64 and in float32.
        "the latents": workers * 5 * FLOAT * innovations + 3 * FLOAT * options.z_size**2,
        "the synthesized videos": VIDEO_BYTES * videos,
        # The samples, and their copies for the average and for the checkpoint.
        "the last reconstructions": 3 * options.average_last * missing_values,
        # Measuring uses the memory again that the batches of chunks have used.
        "the measures": max(
            0,
            min(AT_ONCE, num_sequences) * (EVALUATION + EVALUATION_BYTES * measured) - activations,
        ),
    }


def videos_of_overview(options: Options, experiment: Experiment, num_sequences: int) -> int:
    """The number of videos that a test shows together, with the observed ones."""
    rows = min(num_sequences, options.results_for)
    if "sequences" in experiment.uses:
        rows = len(numbers_of(options.sequences)) or rows
    if "pairs" in experiment.uses:
        rows = len(pairs_of(options.pairs)) or min(num_sequences // 2, DEFAULT_PAIRS)
    if "image" in experiment.uses:
        rows = len(options.image)
    steps = options.interpolation_steps if "interpolation_steps" in experiment.uses else 0
    return rows * (steps or options.num_batches_in_test + 1)


def number_of_weights(options: Options, experiment: Experiment) -> int:
    """The number of weights of transition, emission and encoder, without biases."""
    # Before the clips are read, take the larger one of those that may be matched.
    mode = UNSTEADY if options.dynamic_mode == MATCHED else options.dynamic_mode
    seen = TRANSITIONS[mode].num_seen(options.state_size)
    size = options.motion_type_size + options.z_size + options.state_size
    if mode in HIDDEN_UNITS:
        transition = 0
        for outputs in (*HIDDEN_UNITS[mode], seen):
            transition += size * outputs
            size = outputs
    else:
        transition = 3 * size * options.state_size  # gru
    emission = weights_of_emission(options, options.content_size + seen)
    if not experiment.encodes:
        return transition + emission
    # The encoder has the layers of the emission network, backwards, and gives whole start states.
    return (
        transition
        + emission
        + weights_of_emission(options, options.content_size + options.state_size)
    )


def weights_of_emission(options: Options, channels: int) -> int:
    """The number of weights of an emission network with so many channels of input."""
    weights = 0
    for layer in NETWORKS[options.frame_generator_mode]:
        weights += layer.kernel**2 * channels * layer.channels
        channels = layer.channels
    return weights


def features_of_a_frame(options: Options) -> int:
    """The number of features that all layers of the emission network have for one frame."""
    side, features = 1, 0
    for layer in NETWORKS[options.frame_generator_mode]:
        side = layer.output_side(side)
        features += side**2 * layer.channels
    return features
