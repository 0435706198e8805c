"""What a run tells while it trains: progress bar, TensorBoard events, warnings, contact sheets."""

import math
import sys
from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from model.alternating import EpochReport
from model.latents import Latents
from util.clips import Clips
from util.event_log import EventLog
from util.options import Options
from util.pictures import above, contact_sheet, write_png
from util.recovery import Recovered, filled_by_baselines, scores_of
from util.run_directory import RunDirectory
from util.scores import Scores

SHEET_SEQUENCES = 4  # sequences on a contact sheet


class Bookkeeping:
    """Reports each epoch on the screen and in the run directory; used as a context."""

    def __init__(self, run: RunDirectory, options: Options, clips: Clips, first_epoch: int):
        self._run = run
        self._clips = clips
        self._log = EventLog(run.log, first_epoch)
        self._progress = tqdm(
            total=options.num_epochs, initial=first_epoch, desc=options.category, unit="epoch"
        )
        self._inference_stopped = False
        self._of_baselines: dict[tuple[int | None, str], Scores] | None = None

    def __enter__(self) -> "Bookkeeping":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.close()
        self._log.close()

    def note(self, epoch: int, report: EpochReport, latents: Latents, seconds: float) -> None:
        """Report the figures of an epoch that took `seconds`; `epoch` counts those done."""
        self._log.figures(figures(report, latents, seconds), epoch)
        self._progress.update()
        self._progress.set_postfix_str(
            f"error {report.squared_error:.5f}, prior {report.prior:.0f}, "
            f"likelihood {report.likelihood:.1f}"
        )
        self._watch_inference(epoch, report)

    def score(self, epoch: int, recovered: Recovered) -> None:
        """Log how close the recovered pixels come to the truth, where that is known.

        Beside them, as flat curves, those of the baselines.
        """
        if self._of_baselines is None:
            self._of_baselines = scores_of(filled_by_baselines(self._clips), self._clips)
        scores = scores_of(recovered._asdict(), self._clips) | self._of_baselines
        several = len(self._clips.names) > 1
        for (index, way), figures in scores.items():
            of = way if index is None or not several else f"{self._clips.names[index]}/{way}"
            named = {f"recovery_{name}/{of}": value for name, value in figures._asdict().items()}
            self._log.figures(named, epoch)

    def draw(self, epoch: int, videos: Mapping[str, np.ndarray]) -> None:
        """Contact sheets of videos, by name, as files and in TensorBoard.

        Args:
            videos: uint8 [n, T, H, W, 3] each; of many sequences the first are shown.
        """
        for name, frames in videos.items():
            sheet = above([contact_sheet(video) for video in frames[:SHEET_SEQUENCES]])
            write_png(self._run.synthesis_sequence / f"epoch_{epoch:05d}_{name}.png", sheet)
            self._log.picture(name, sheet, epoch)
        self._log.flush()

    def _watch_inference(self, epoch: int, report: EpochReport) -> None:
        """Warn when the frames no longer reach the innovations, once each time it happens."""
        stopped = report.likelihood_gradient == 0
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


def figures(report: EpochReport, latents: Latents, seconds: float) -> dict[str, float]:
    """The figures of an epoch by the names they have in TensorBoard."""
    return {
        "reconstruction_error": report.squared_error,
        "energy/prior": report.prior,
        "energy/likelihood": report.likelihood,
        "gradient_norm/alpha": report.alpha_gradient,
        "gradient_norm/beta": report.beta_gradient,
        "gradient_norm/innovations": report.likelihood_gradient,
        "active_hidden_units": report.active_share,
        "seconds_per_epoch": seconds,
        **{
            f"latent_norm/{name}": float(np.linalg.norm(value))
            for name, value in latents._asdict().items()
            if value.size
        },
    }
