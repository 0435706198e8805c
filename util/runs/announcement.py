"""What a training says before its first epoch: clips, model, training, device, where to look."""

import shlex
import sys
from itertools import groupby

from model.dynamic_generator import DynamicGenerator
from util.data.clip_facts import ClipFacts
from util.data.clips import Clips
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND
from util.runs.falling import settled_step
from util.runs.run_directory import RunDirectory
from util.system.device import device_in_words, unused_gpu

SHOWN = 3  # sequences or groups of sequences that are named
LONGEST = 40  # characters of a name
VECTORS = ("state", "innovation", "appearance", "motion type")  # in the order of LatentSizes


def announce(
    options: Options, clips: Clips, generator: DynamicGenerator, run: RunDirectory, done: int = 0
) -> None:
    """Print the facts of a training on stderr, a line for each.

    Args:
        done: number of epochs done by the run that is resumed.
    """
    lines = [
        *clips_in_words(clips, options),
        f"model: {model_in_words(options, generator)}",
        f"training: {training_in_words(options, done)}",
        f"device: {device_in_words()}",
        *filter(None, [unused_gpu()]),
        f"run directory: {run.path}",
        f"curves and pictures: tensorboard --logdir {shlex.quote(options.output_dir)}",
    ]
    if done == options.num_epochs:
        lines.append(f"all {done} epochs are done: a larger --num_epochs trains longer")
    elif done:
        lines.append(f"continues after epoch {done} of {options.num_epochs}")
    print(*lines, sep="\n", file=sys.stderr)


def clips_in_words(clips: Clips, options: Options) -> list[str]:
    """The clips: names, frames, size and rate. Neighbours that are alike share a line."""
    named = zip(clips.facts, clips.names, strict=False)
    groups = [
        (key, [name for _, name in group])
        for key, group in groupby(
            named, lambda pair: facts_in_words(pair[0], options, clips.factor)
        )
    ]
    lines = [f"clips: {listed(names)}: {facts}" for facts, names in groups[:SHOWN]]
    left = sum(len(names) for _, names in groups[SHOWN:])
    return [*lines, f"clips: and {left} more"] if left else lines


def facts_in_words(clip: ClipFacts, options: Options, factor: int = 1) -> str:
    """frames 0–59 of 150 at 30 fps, 640×360 → 64×64; `factor` as in `Clips`"""
    last = options.first_frame + (options.num_frames - 1) // factor
    rate = f"at {clip.rate:g} fps" if clip.rate else f"(shown at {FRAMES_PER_SECOND:g} fps)"
    size, side = f"{clip.width}×{clip.height}", options.image_size
    centre = ", the centre" if options.fit == "crop" and clip.width != clip.height else ""
    return (
        f"frames {options.first_frame}–{last} of {clip.length} {rate}, {size}{centre} "
        f"→ {side}×{side}"
    )


def listed(names: list[str]) -> str:
    """The first names, and how many there are if some are left out. Long names are cut."""
    names = [name if len(name) <= LONGEST else f"{name[:LONGEST]}…" for name in names]
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} … ({len(names)} sequences)"


def model_in_words(options: Options, generator: DynamicGenerator) -> str:
    """The networks, the sizes of the latent vectors, and the number of weights."""
    sizes = generator.settings.sizes
    vectors = ", ".join(
        f"{words} {size}" for words, size in zip(VECTORS, sizes, strict=True) if size
    )
    encoder = "encoder, " if generator.settings.encodes else ""
    return (
        f"{encoder}transition {options.dynamic_mode}, emission network "
        f"{options.frame_generator_mode}; sizes: {vectors}; {generator.num_weights():,} weights"
    )


def training_in_words(options: Options, done: int) -> str:
    """The schedule, the epochs, the sampler after `done` epochs, and the precision."""
    steps = "step" if options.sample_steps == 1 else "steps"
    size, rising = settled_step(options, done), 2 * options.step_warmup
    warm = f" (0 for {options.step_warmup} epochs, then rising)" if done < rising else ""
    return (
        f"schedule {options.schedule}, {options.num_epochs} epochs, {options.sample_steps} "
        f"{options.sampler.capitalize()} {steps} of {size:.3g}{warm}, {options.precision}"
    )
