"""How curved the posterior of a trained run is, beside the curvature that its Langevin steps bear.

    python tests/benchmark/curvature.py --category fire
    python tests/benchmark/curvature.py --experiment recovery --category water

takes the flags of the training, and the newest checkpoint. Langevin steps of size δ are stable
where the largest eigenvalue λ of the Hessian of the energy is below 4/δ². In a direction of larger
curvature, each step makes the deviation longer, and the reconstruction breaks out. λ is found for
each chunk of the first sequences, as many as are in a batch, by power iteration.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from util.system.tensorflow_setup import start_tensorflow  # noqa: E402

start_tensorflow(debug=False)  # before the model imports it with all its messages

from model.alternating import slice_chunk  # noqa: E402
from model.chunks import fixed_chunks  # noqa: E402
from model.latents import Latents  # noqa: E402
from util.experiments.registry import EXPERIMENTS  # noqa: E402
from util.options.command_line import parse  # noqa: E402
from util.runs.building import build_generator, restore  # noqa: E402
from util.runs.falling import settled_step  # noqa: E402
from util.runs.jobs import plan_training, with_clips  # noqa: E402
from util.runs.training import refuse_other_state  # noqa: E402
from util.system.errors import CommandLineError, RunError  # noqa: E402

ITERATIONS = 25
LENGTH = 0.02  # of the displacement of the latents; it is large beside their rounding


def main(arguments: Sequence[str]) -> None:
    plan = plan_training(parse([*arguments, "--resume", "True"], EXPERIMENTS))
    options, state = plan.options, plan.state
    if state is None:
        raise RunError(f"no checkpoint in {plan.run.models}; train first")
    if not plan.experiment.infers_whole_sequences(options.encoded_frame):
        raise RunError("with --encoded_frame random, the innovations belong to no whole sequence")
    job = with_clips(plan)
    refuse_other_state(state, options, job.clips.digest, job.run)
    # One step, and no limit of the drift: then a step is the gradient, but for noise that is known.
    # In bfloat16, the difference of two gradients would be mostly rounding.
    plain = replace(options, sample_steps=1, clip_drift=0.0, precision="float32")
    generator = build_generator(plain, job.experiment, infers=True)
    restore(generator, state, job.run.models)
    size = settled_step(options, state.epoch)  # without warm-up, in which δ may be 0
    print(f"{job.run.path}, epoch {state.epoch}: δ {size:.4g}, stable below {4 / size**2:.0f}")
    rows = np.arange(min(options.batch_size, len(job.clips.names)))
    start = state.latents.initial_state[rows]
    length = options.truncated_backprop_length
    for chunk in fixed_chunks(rows, options.num_frames, length):
        frames = job.clips.frames[chunk.rows, chunk.times]
        seen = None if job.clips.visible is None else job.clips.visible[chunk.rows, chunk.times]
        here = slice_chunk(state.latents, chunk, start)

        def step(latents, chunk=chunk, frames=frames, seen=seen):
            key = np.zeros(2, np.int32)
            return generator.infer(frames, latents, chunk.begins_sequence, key, seen).latents

        found = largest_curvature(step, here, generator.step_size)
        times = chunk.times[0]
        print(f"frames {times[0]} to {times[-1]}: largest curvature {found:.0f}")
        start = generator.states(here)[:, -1]


def largest_curvature(step: Callable[[Latents], Latents], here: Latents, size: float) -> float:
    """The eigenvalue largest in size of the Hessian of U, for the latents that a step moves.

    Args:
        step: one Langevin step, always with the same noise.
        here: where the Hessian is taken.
        size: δ of the step.
    """
    generator = np.random.default_rng(0)
    direction = Latents(*(generator.standard_normal(part.shape) for part in here))
    moved = step(here)
    curvature = 0.0
    for _ in range(ITERATIONS):
        norm = np.sqrt(sum(np.sum(part**2) for part in direction))
        there = Latents(
            *(
                (value + LENGTH / norm * part).astype(np.float32)
                for value, part in zip(here, direction, strict=True)
            )
        )
        # The drift is −(δ²/2) ∂U. What does not move has no drift, and leaves the direction.
        direction = Latents(
            *(
                2.0 / size**2 / LENGTH * ((old - new) - (first - second))
                for old, new, first, second in zip(
                    *(map(in_double, part) for part in (there, step(there), here, moved)),
                    strict=True,
                )
            )
        )
        curvature = np.sqrt(sum(np.sum(part**2) for part in direction))
    return float(curvature)


def in_double(part: np.ndarray) -> np.ndarray:
    return np.asarray(part, np.float64)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (CommandLineError, RunError) as error:
        sys.exit(f"error: {error}")
