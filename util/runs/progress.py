"""The progress of a training on the screen: a bar in a terminal, otherwise plain lines."""

import sys
import time
from statistics import median

from tqdm import tqdm

FORMAT = "{desc} {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
BAR_EVERY, LINE_EVERY = 3.0, 30.0  # seconds between two numbers of chunks of an epoch
MEASURED = 3  # epochs whose time gives the expected end; the first epoch is not one of them


class Progress:
    """Shows the epochs of a training on stderr.

    A bar moves only in a terminal. In a file or a log of a batch system, a line appears every
    `line_every` epochs.
    """

    def __init__(self, name: str, total: int, first_epoch: int, line_every: int):
        """Start with `first_epoch` of `total` epochs done."""
        self._name = name
        self._first_chunk_done = self._said = 0.0
        self._total = total
        self._line_every = line_every
        self._first_epoch = first_epoch
        self._began = time.monotonic()
        self._durations: list[float] = []
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            initial=first_epoch,
            desc=name,
            bar_format=FORMAT,
            dynamic_ncols=True,
            disable=not self._is_terminal,
        )

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def advance(self, epoch: int, figures: str, seconds: float) -> None:
        """Show that `epoch` epochs are done, the last in `seconds`, with its figures in words."""
        if self._bar.disable:
            if epoch % self._line_every == 0 or epoch == self._total:
                done, left = epoch - self._first_epoch, self._total - epoch
                remaining = (time.monotonic() - self._began) / done * left
                self.say(f"epoch {epoch} of {self._total}: {figures}, {in_words(remaining)} left")
        else:
            self._bar.set_description_str(self._name, refresh=False)
            self._bar.set_postfix_str(figures, refresh=False)
            self._bar.update()
        self._expect(epoch, seconds)

    def within(self, epoch: int, done: int, total: int) -> None:
        """Show that `done` of `total` chunks of an epoch are done, if the epoch takes long."""
        now = time.monotonic()
        if done == 1:
            self._first_chunk_done = self._said = now
        elif self._bar.disable and now - self._said >= LINE_EVERY and done < total:
            self._said = now
            left = (now - self._first_chunk_done) / (done - 1) * (total - done)
            self.say(f"epoch {epoch}: {done} of {total} chunks, {in_words(left)} left in it")
        elif not self._bar.disable and now - self._said >= BAR_EVERY:
            self._said = now
            self._bar.set_description_str(f"{self._name}, chunk {done} of {total}")

    def _expect(self, epoch: int, seconds: float) -> None:
        """Once, after the first epochs: how long all epochs will take, and the hour of the end."""
        self._durations.append(seconds)
        if len(self._durations) != 1 + MEASURED or epoch == self._total:
            return
        each = median(self._durations[1:])  # the first one contains the start of TensorFlow
        left = each * (self._total - epoch)
        end = time.strftime("%a %H:%M", time.localtime(time.time() + left))
        self.say(
            f"expected: {self._total} epochs × {each:.2g} s = {in_words(each * self._total)}; "
            f"end: {end}"
        )

    def say(self, line: str) -> None:
        """Print a line on stderr, above the bar if there is one."""
        tqdm.write(line, file=sys.stderr)


def in_words(seconds: float) -> str:
    """A duration with two units: "50 s", "3 min 20 s", "16 h 5 min", "2 d 3 h"."""
    whole = round(seconds)
    for unit, smaller, size, part in (("d", "h", 86400, 3600), ("h", "min", 3600, 60)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
