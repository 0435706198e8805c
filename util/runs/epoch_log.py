"""The reports of a run during training: progress bar, TensorBoard, warnings, contact sheets."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from model.alternating import EpochReport
from model.inference import INNOVATIONS_GRADIENT
from model.latents import Latents
from model.posterior_check import PosteriorCheck
from util.data.clips import Clips
from util.data.pieces import Indexable
from util.metrics.measures import compare
from util.metrics.recovered import Recovered, filled_by_baselines, scores_of
from util.metrics.scores import Scores
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND, write_png
from util.pictures.sheets import Row, Sheet, contact_sheet
from util.runs.event_log import EventLog
from util.runs.falling import learning_rate, step_size
from util.runs.progress import Progress
from util.runs.run_directory import RunDirectory

SHEET_SEQUENCES = 4  # sequences on a contact sheet
IN_TENSORBOARD = 2  # the factor by which videos are enlarged there
VIDEOS = 20  # about so many times a run shows its videos in TensorBoard


class EpochReporter:
    """Reports each epoch on the screen and in the run directory; used as a context."""

    def __init__(self, run: RunDirectory, options: Options, clips: Clips, first_epoch: int):
        self._run = run
        self._options = options
        self._chunk_length = options.truncated_backprop_length
        self._enlarge = options.enlarge
        self._results_for = options.results_for
        self._clips = clips
        self._log = EventLog(run.log, first_epoch)
        self._log.text("options", options_in_markdown(options), first_epoch)
        self._progress = Progress(
            options.category, options.num_epochs, first_epoch, options.log_step
        )
        self._video_every = max(1, options.num_epochs // VIDEOS)
        self._last_video = first_epoch
        self._inference_stopped = False
        self._baseline_scores: dict[tuple[int | None, str], Scores] | None = None

    def __enter__(self) -> "EpochReporter":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.close()
        self._log.close()

    def report(
        self,
        epoch: int,
        report: EpochReport,
        latents: Latents,
        check: PosteriorCheck,
        seconds: float,
    ) -> None:
        """Report the figures of an epoch.

        Args:
            epoch: number of epochs done, including this epoch.
            seconds: duration of this epoch.
        """
        rates = {
            "6_inference/step_size": step_size(self._options, epoch - 1),
            "7_learning/learning_rate": learning_rate(self._options, epoch - 1),
        }
        self._log.figures(figures(report, latents, check, seconds) | rates, epoch)
        in_words = (
            f"error {report.squared_error:.5f} (mean squared, in [-1, 1]), "
            f"-log likelihood {report.likelihood:.1f}, -log prior {report.prior:.0f}"
        )
        self._progress.advance(epoch, in_words, seconds)
        self._warn_if_inference_stopped(epoch, report)

    def tell_progress(self, epoch: int, done: int, total: int) -> None:
        """Show how many chunks of epoch number `epoch`, from 1, are done."""
        self._progress.within(epoch, done, total)

    def score(self, epoch: int, recovered: Recovered) -> None:
        """Log the scores of the recovered pixels, if the truth is known.

        Of many sequences, the first ones have curves of their own. The scores of the baselines are
        logged as well, as constant curves.
        """
        if self._baseline_scores is None:
            self._baseline_scores = scores_of(filled_by_baselines(self._clips), self._clips)
        scores = scores_of(recovered._asdict(), self._clips) | self._baseline_scores
        several = len(self._clips.names) > 1
        for (index, way), values in scores.items():
            if index is not None and index >= self._results_for:
                continue
            curve = way if index is None or not several else f"{self._clips.names[index]}/{way}"
            named = {
                f"3_recovered/{name}/{curve}": value for name, value in values._asdict().items()
            }
            self._log.figures(named, epoch)

    def measure(self, epoch: int, synthesis: np.ndarray) -> None:
        """Log each measure of synthesized videos, mean over the sequences for which it exists.

        Nothing is logged if the observed clips have missing pixels with unknown values.

        Args:
            synthesis: uint8 [n, T, H, W, 3], videos of the first n sequences.
        """
        observed = self._clips.complete
        if observed is None:
            return
        comparisons = [
            compare(video, clip, self._chunk_length, curves_only=True)
            for video, clip in zip(synthesis, observed, strict=False)
        ]
        for name in comparisons[0]:
            values = [comparison[name] for comparison in comparisons]
            exist = [value for value in values if not math.isnan(value)]
            if exist:
                self._log.figures({f"2_measures/{name}": sum(exist) / len(exist)}, epoch)

    def draw(self, epoch: int, videos: Mapping[str, Indexable]) -> None:
        """Write contact sheets of videos, as files and to TensorBoard.

        Args:
            videos: uint8 [n, T, H, W, 3] each, by name. A sheet shows only the first sequences.
        """
        rate = self._clips.formats[0].rate or FRAMES_PER_SECOND
        for name, every in videos.items():
            frames = every[:SHEET_SEQUENCES]
            shown = zip(self._clips.names, frames, strict=False)
            rows = [contact_sheet(f"{name}\n{sequence}", video) for sequence, video in shown]
            sheet = Sheet(list(itertools.chain(*rows)), self._enlarge).at(0)
            write_png(self._run.synthesis_sequence / f"epoch_{epoch:05d}_{name}.png", sheet)
            self._log.picture(f"frames/{name}", sheet, epoch)
            if self._shows_videos(epoch):
                row = Row("", frames, self._clips.names[:SHEET_SEQUENCES])
                playing = Sheet([row], IN_TENSORBOARD)
                pictures = [playing.at(moment) for moment in range(playing.length)]
                self._log.video(f"videos/{name}", np.stack(pictures), rate, epoch)
        if self._shows_videos(epoch):
            self._last_video = epoch
        self._log.flush()

    def _shows_videos(self, epoch: int) -> bool:
        """Whether videos are due. They are large, so not every log step shows them."""
        return epoch - self._last_video >= self._video_every

    def _warn_if_inference_stopped(self, epoch: int, report: EpochReport) -> None:
        """Warn once, each time the frames stop influencing the innovations."""
        stopped = report.diagnostics.get(INNOVATIONS_GRADIENT) == 0
        if stopped and not self._inference_stopped:
            has_hidden_units = not math.isnan(report.active_share)
            active = f" ({report.active_share:.0%} of the hidden units are active)"
            self._progress.say(
                f"warning: in epoch {epoch} the gradient of the likelihood with respect to the "
                f"innovations is 0{active if has_hidden_units else ''}: inference has stopped "
                "working; try a larger --transition_init_std"
            )
        self._inference_stopped = stopped


def figures(
    report: EpochReport, latents: Latents, check: PosteriorCheck, seconds: float
) -> dict[str, float]:
    """The figures of an epoch, by their names in TensorBoard.

    TensorBoard sorts the groups by name. The numbers put what people look at first on top.
    """
    return {
        "1_error/mean_squared": report.squared_error,
        **{f"4_posterior_check/{name}": ratio for name, ratio in check._asdict().items()},
        "5_energy/minus_log_likelihood": report.likelihood,
        "5_energy/minus_log_prior": report.prior,
        **{f"6_inference/{name}": value for name, value in report.diagnostics.items()},
        **{
            f"6_inference/norm_of_{name}": float(np.linalg.norm(value))
            for name, value in latents._asdict().items()
            if value.size
        },
        "7_learning/gradient_norm_of_alpha": report.alpha_gradient,
        "7_learning/gradient_norm_of_beta": report.beta_gradient,
        "7_learning/active_hidden_units": report.active_share,
        "8_time/seconds_per_epoch": seconds,
    }


def options_in_markdown(options: Options) -> str:
    """All options as a table for TensorBoard."""
    rows = [f"| {name} | {value} |" for name, value in asdict(options.lasting()).items()]
    return "\n".join(["| option | value |", "|---|---|", *rows])
