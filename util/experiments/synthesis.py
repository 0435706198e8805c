"""Dynamic textures: the model learns one clip and synthesizes similar videos of any length.

Training alternates between Langevin inference of the innovations and learning. A test draws new
innovations. The synthesized video starts from the inferred start state of the clip.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from model.latents import of_sequences, split_range
from model.sampling import reconstruct
from util.data.frames import to_bytes
from util.data.pieces import Indexable
from util.metrics.evaluation import AT_ONCE, Evaluation, evaluate
from util.metrics.measures import MOST_FRAMES, Comparison, compare
from util.metrics.tables import write_comparisons
from util.options.experiment import fits_transition
from util.options.schema import Options
from util.pictures.layout import (
    IN_SEQUENCE,
    in_place_of,
    in_words,
    write_overview,
    write_sequence,
)
from util.pictures.sheets import Row
from util.pictures.showing import Showing, all_shaped, shown_writer
from util.runs.building import fitted_transition
from util.runs.evaluations import report_evaluations
from util.runs.jobs import TrainingJob
from util.runs.loading import LoadedCheckpoint, LoadedRun, observed_again
from util.runs.sampling import (
    Sampler,
    make_sampler,
    posterior_check,
    sampled_bytes,
    sampled_in_batches,
)
from util.runs.showing import showing_of
from util.runs.training import TrainingResult, train_model
from util.system.deleting import delete_matching
from util.system.notes import tell_once
from util.system.threads import beside_each_other


def train(job: TrainingJob) -> None:
    """Train, and write the reconstruction and the synthesized videos of every sequence."""
    result = train_model(job)
    # Before the fit: its innovations lead near to the inferred states, but not always to them.
    reconstructed = reconstructions(result)
    if fits_transition(job.options, job.experiment):
        result = with_fitted_transition(result)
    write_final_result(result, reconstructed)


def test(run: LoadedRun) -> None:
    """Write sampled videos, and compare them with the observed clips."""
    write_sampled(run, observed_again(run))


def check(checkpoint: LoadedCheckpoint) -> None:
    """Accept every checkpoint: videos can be sampled from any model."""


def write_final_result(result: TrainingResult, reconstructed: np.ndarray) -> None:
    """Write observed, reconstructed and synthesized videos of each sequence, with their frames.

    With many sequences, only the first --results_for get videos and all measures. The others are
    sampled and get the measures that need little time.

    Args:
        reconstructed: see `reconstructions`.
    """
    options, clips = result.options, result.clips
    generator, latents = result.generator, result.latents
    sampler = make_sampler(generator, options, latents, result.calibrated)
    showings = [showing_of(options, clip) for clip in clips.formats]
    num_shown = min(len(clips.names), options.results_for)
    evaluations: dict[str, Evaluation] = {}
    overview: dict[str, list[np.ndarray]] = {}
    tell_less_for_others(len(clips.names) - num_shown)
    drop_earlier_results(result)
    for rows in split_range(len(clips.names), options.batch_size):
        made = list(made_videos(sampler, result, rows, reconstructed))
        measured = beside_each_other(partial(evaluated, options, num_shown), made, AT_ONCE)
        for (index, videos), evaluation in zip(made, measured, strict=True):
            name = clips.names[index]
            evaluations[name] = evaluation
            if index >= num_shown:
                continue
            with in_place_of(result.run.final_result / name) as folder:
                panels = ["observed", *evaluation.videos]
                write_sequence(folder, videos, panels, options.num_frames, showings[index])
                write_comparisons(folder / "comparison.json", evaluation.videos)
            for kind in panels:
                overview.setdefault(kind, []).append(videos[kind])
    check = posterior_check(generator, options, latents, options.num_epochs)
    report_evaluations(result.run.final_result, evaluations, check, num_shown)
    if len(clips.names) > 1:
        rows_of_videos = [
            Row(in_words(kind), all_shaped(shown, showings[:num_shown]), clips.names[:num_shown])
            for kind, shown in overview.items()
        ]
        first = showings[0]
        write_overview(
            result.run.final_result / "overview", rows_of_videos, first.enlarge, first.rate
        )


def reconstructions(result: TrainingResult) -> np.ndarray:
    """The first --results_for sequences as the inferred latents give them, uint8 [n, T, H, W, 3].

    The last batch is whole, so it may have more sequences. Only one batch at a time is float32.
    """
    options = result.options
    length, batch_size = options.truncated_backprop_length, options.batch_size
    made = []
    for rows in split_range(len(result.clips.names), batch_size):
        if rows.start < options.results_for:
            latents = of_sequences(result.latents, rows)
            made.append(to_bytes(reconstruct(result.generator, latents, length, batch_size)))
    return np.concatenate(made)


def with_fitted_transition(result: TrainingResult) -> TrainingResult:
    """Fit the transition of the model to the inferred states; the latents are fitted as well.

    The statistics that were calibrated belong to the learned transition, so they are dropped.
    """
    options, generator = result.options, result.generator
    variables = generator.variables()
    fit = fitted_transition(options, variables, result.latents)
    generator.set_variables({**variables, **fit.alpha})
    return result._replace(latents=fit.latents, calibrated=None)


def made_videos(
    sampler: Sampler, result: TrainingResult, rows: slice, reconstructed: np.ndarray
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield the number and the videos of each sequence of a batch, uint8 [T, H, W, 3] by name.

    Args:
        reconstructed: see `reconstructions`. The other sequences get no such video.
    """
    options, latents = result.options, of_sequences(result.latents, rows)
    made = {"observed": to_bytes(result.clips.frames[rows])}
    if rows.start < len(reconstructed):
        made["reconstructed"] = reconstructed[rows]
    for video in range(options.num_batches_in_test):
        made[f"synthesized_{video + 1}"] = sampled_bytes(sampler, latents, video)
    for place, index in enumerate(range(rows.start, rows.stop)):
        yield index, {kind: videos[place] for kind, videos in made.items()}


def evaluated(
    options: Options, num_shown: int, numbered: tuple[int, dict[str, np.ndarray]]
) -> Evaluation:
    """The measures of the synthesized videos of one sequence, of its number and its videos.

    Sequences from number `num_shown` on get the measures that need little time, and no references.
    """
    index, videos = numbered
    observed, length = videos["observed"], options.truncated_backprop_length
    synthesized = {kind: videos[kind] for kind in videos if kind.startswith("synth")}
    if index >= num_shown:
        return Evaluation(compared_briefly(synthesized, observed, length), {})
    return evaluate(synthesized, observed, length, options.seed, options.baseline_states)


def drop_earlier_results(result: TrainingResult) -> None:
    """Delete the videos of sequences that are not shown now, from before the run was resumed.

    Videos of earlier weights must not lie beside those of the present ones.
    """
    others = result.clips.names[result.options.results_for :]
    found = [folder for name in others if (folder := result.run.final_result / name).is_dir()]
    for folder in found:
        delete_matching(folder, IN_SEQUENCE)
    if found:
        print(
            f"videos of {len(found)} more sequences from before the resume are deleted; "
            "--results_for keeps more",
            file=sys.stderr,
        )


def tell_less_for_others(count: int) -> None:
    """Say that so many sequences get no videos of their own, if there are any."""
    if count > 0:
        print(
            f"{count} more sequences get no videos, and only the measures that need little time; "
            "--results_for sets for how many sequences there is more",
            file=sys.stderr,
        )


def compared_briefly(
    videos: Mapping[str, np.ndarray], observed: np.ndarray, chunk_length: int
) -> dict[str, Comparison]:
    """The measures of each video that need little time, without references."""
    return {
        name: compare(video, observed, chunk_length, curves_only=True)
        for name, video in videos.items()
    }


def write_sampled(run: LoadedRun, observed: Indexable | None) -> None:
    """Write `num_batches_in_test` videos of each sequence, chunk by chunk, and their measures.

    Without --sequences, only the first --results_for get videos and all measures; see
    `write_final_result`.

    Args:
        observed: see `observed_again`. If it is None, nothing is measured.
    """
    options, checkpoint, length = run.options, run.checkpoint, run.options.truncated_backprop_length
    if observed is None:
        tell_once("the synthesized videos are not measured")
    tell_less_for_others(len(run.names) - run.num_shown)
    evaluations: dict[str, Evaluation] = {}
    sequences, showings = run.names, run.showings
    if observed is not None:

        def references(row: int) -> Evaluation:
            frames, seed = options.num_sections_in_test * length, options.seed
            return evaluate({}, observed[row], length, seed, options.baseline_states, frames)

        measured = beside_each_other(references, checkpoint.rows[: run.num_shown], AT_ONCE)
        evaluations = {name: Evaluation({}, {}) for name in sequences}
        evaluations |= zip(sequences, measured, strict=False)
    for number, video in enumerate(run.videos, 1):
        for batch in sampled_in_batches(run.sampler, run.latents, video):
            if observed is None and batch.rows.start >= run.num_shown:
                break
            names = [f"{name}_{number}" for name in sequences[batch.rows]]
            shown = max(0, run.num_shown - batch.rows.start)
            beginnings = write_chunks(
                run.folder,
                names[:shown],
                batch.chunks,
                options.image_size,
                showings[batch.rows][:shown],
            )
            for place, (name, beginning) in enumerate(zip(names, beginnings, strict=True)):
                index = batch.rows.start + place
                if observed is not None:
                    evaluations[sequences[index]].videos[name] = compare(
                        beginning,
                        observed[checkpoint.rows[index]],
                        length,
                        curves_only=index >= run.num_shown,
                    )
    if evaluations:
        comparisons = {
            video: comparison
            for evaluation in list(evaluations.values())[: run.num_shown]
            for video, comparison in evaluation.videos.items()
        }
        write_comparisons(run.folder / "comparison.json", comparisons)
        generator, state = run.sampler.generator, checkpoint.state
        whole = checkpoint.whole_sequences
        check = posterior_check(generator, options, state.latents, state.epoch, whole)
        report_evaluations(run.folder, evaluations, check, run.num_shown, run.results.final)


def write_chunks(
    folder: Path,
    names: list[str],
    chunks: Iterator[np.ndarray],
    side: int,
    showings: list[Showing],
) -> np.ndarray:
    """Write one video for each name, chunk by chunk.

    Args:
        chunks: frames [n, T, side, side, 3] in [-1, 1]. The first ones of n have names.
        showings: how each video is shown.

    Returns:
        The frames to be measured, uint8 [n, at most MOST_FRAMES, side, side, 3].
    """
    kept: list[np.ndarray] = []
    count = 0
    with ExitStack() as files:
        writers = [
            files.enter_context(shown_writer(folder / name, side, showing))
            for name, showing in zip(names, showings, strict=True)
        ]
        for frames in map(to_bytes, chunks):
            for write, chunk in zip(writers, frames, strict=False):
                write(chunk)
            if count < MOST_FRAMES:
                kept.append(frames)
                count += frames.shape[1]
    return np.concatenate(kept, axis=1)[:, :MOST_FRAMES]
