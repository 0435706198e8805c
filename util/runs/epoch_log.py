"""The reports of a run during training: progress bar, TensorBoard, warnings, contact sheets."""

import math
import sys
from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from model.alternating import EpochReport
from model.inference import INNOVATIONS_GRADIENT
from model.latents import Latents
from model.posterior_check import PosteriorCheck
from util.data.clips import Clips
from util.metrics.measures import compare
from util.metrics.recovered import Recovered, filled_by_baselines, scores_of
from util.metrics.scores import Scores
from util.options.schema import Options
from util.pictures.encoding import write_png
from util.pictures.layout import contact_sheet, stack_rows
from util.runs.event_log import EventLog
from util.runs.run_directory import RunDirectory

SHEET_SEQUENCES = 4  # sequences on a contact sheet


class EpochReporter:
    """Reports each epoch on the screen and in the run directory; used as a context."""

    def __init__(self, run: RunDirectory, options: Options, clips: Clips, first_epoch: int):
        self._run = run
        self._chunk_length = options.truncated_backprop_length
        self._clips = clips
        self._log = EventLog(run.log, first_epoch)
        self._progress = tqdm(
            total=options.num_epochs, initial=first_epoch, desc=options.category, unit="epoch"
        )
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
        self._log.figures(figures(report, latents, check, seconds), epoch)
        self._progress.update()
        self._progress.set_postfix_str(
            f"error {report.squared_error:.5f}, prior {report.prior:.0f}, "
            f"likelihood {report.likelihood:.1f}"
        )
        self._warn_if_inference_stopped(epoch, report)

    def score(self, epoch: int, recovered: Recovered) -> None:
        """Log the scores of the recovered pixels, if the truth is known.

        The scores of the baselines are logged as well, as constant curves.
        """
        if self._baseline_scores is None:
            self._baseline_scores = scores_of(filled_by_baselines(self._clips), self._clips)
        scores = scores_of(recovered._asdict(), self._clips) | self._baseline_scores
        several = len(self._clips.names) > 1
        for (index, way), values in scores.items():
            curve = way if index is None or not several else f"{self._clips.names[index]}/{way}"
            named = {f"recovery_{name}/{curve}": value for name, value in values._asdict().items()}
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
                self._log.figures({f"measure/{name}": sum(exist) / len(exist)}, epoch)

    def draw(self, epoch: int, videos: Mapping[str, np.ndarray]) -> None:
        """Write contact sheets of videos, as files and to TensorBoard.

        Args:
            videos: uint8 [n, T, H, W, 3] each, by name. A sheet shows only the first sequences.
        """
        for name, frames in videos.items():
            sheet = stack_rows([contact_sheet(video) for video in frames[:SHEET_SEQUENCES]])
            write_png(self._run.synthesis_sequence / f"epoch_{epoch:05d}_{name}.png", sheet)
            self._log.picture(name, sheet, epoch)
        self._log.flush()

    def _warn_if_inference_stopped(self, epoch: int, report: EpochReport) -> None:
        """Warn once, each time the frames stop influencing the innovations."""
        stopped = report.diagnostics.get(INNOVATIONS_GRADIENT) == 0
        if stopped and not self._inference_stopped:
            has_hidden_units = not math.isnan(report.active_share)
            active = f" ({report.active_share:.0%} of the hidden units are active)"
            self._progress.write(
                f"warning: in epoch {epoch} the gradient of the likelihood with respect to the "
                f"innovations is 0{active if has_hidden_units else ''}: inference has stopped "
                "working; try a larger --transition_init_std",
                file=sys.stderr,
            )
        self._inference_stopped = stopped


def figures(
    report: EpochReport, latents: Latents, check: PosteriorCheck, seconds: float
) -> dict[str, float]:
    """The figures of an epoch, by their names in TensorBoard."""
    return {
        "reconstruction_error": report.squared_error,
        "energy/prior": report.prior,
        "energy/likelihood": report.likelihood,
        "gradient_norm/alpha": report.alpha_gradient,
        "gradient_norm/beta": report.beta_gradient,
        "active_hidden_units": report.active_share,
        "seconds_per_epoch": seconds,
        **report.diagnostics,
        **{f"posterior_check/{name}": ratio for name, ratio in check._asdict().items()},
        **{
            f"latent_norm/{name}": float(np.linalg.norm(value))
            for name, value in latents._asdict().items()
            if value.size
        },
    }
