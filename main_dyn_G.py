"""Learn a dynamic generator model by alternating back-propagation through time.

    python main_dyn_G.py --category fire --isTraining True
    python main_dyn_G.py --category fire --isTraining False
    python main_dyn_G.py --help

Order of the work: flags → options → clips → graph → alternating loop → run directory.
"""

import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from util.experiments.registry import EXPERIMENTS
from util.experiments.running import run_experiment
from util.options.command_line import parse
from util.runs.jobs import prepare
from util.system.errors import CommandLineError, Interrupted, RunError
from util.system.interruption import STOPPED_AT_ONCE
from util.system.tensorflow_setup import start_tensorflow


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0, 1, 2, or 128 + signal number."""
    debug = False
    try:
        command_line = parse(arguments, EXPERIMENTS)
        debug = command_line.options.debug
        job = prepare(command_line)
        start_tensorflow(debug)
        print(run_experiment(job))
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        return stop.exit_code
    except Exception as error:
        if debug:
            traceback.print_exc()
        print("error:", " ".join(explain(error).splitlines()), file=sys.stderr)
        return getattr(error, "exit_code", RunError.exit_code)
    return 0


def explain(error: Exception) -> str:
    """The message for the user: what is wrong and what to do."""
    if isinstance(error, CommandLineError | RunError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        place = error.filename or "a file"
        return f"cannot read or write {place}: {error.strerror}; make room or choose another place"
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {first_line}; --debug True shows where"


def stop_at_once(number: int, _: object) -> NoReturn:
    """Handle a signal outside training; `util.system.interruption` handles it during training."""
    raise Interrupted(number, STOPPED_AT_ONCE)


if __name__ == "__main__":
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, stop_at_once)
    sys.exit(main(sys.argv[1:]))
