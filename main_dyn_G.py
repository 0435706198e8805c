"""Learn a dynamic generator model by alternating back-propagation through time.

    python main_dyn_G.py --category fire --isTraining True
    python main_dyn_G.py --category fire --isTraining False
    python main_dyn_G.py --help

Flags → options → clips → graph → alternating loop → run directory.
"""

import sys
import traceback
from collections.abc import Sequence

from util.errors import CommandLineError, RunError
from util.options import parse
from util.preparation import prepare
from util.tensorflow_setup import start_tensorflow


def main(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    debug = False
    try:
        command_line = parse(arguments)
        debug = command_line.options.debug
        job = prepare(command_line)
        start_tensorflow(debug)
        # Only now: the experiments import TensorFlow, which takes seconds.
        from util.experiments import EXPERIMENTS

        print(EXPERIMENTS[command_line.options.experiment](job))
    except Exception as error:
        if debug:
            traceback.print_exc()
        message, code = explain(error)
        print(message, file=sys.stderr)
        return code
    except KeyboardInterrupt:
        print("stopped; nothing was saved since the newest checkpoint", file=sys.stderr)
        return 130
    return 0


def explain(error: Exception) -> tuple[str, int]:
    """One line for people, and the exit code."""
    if isinstance(error, CommandLineError):
        return f"error: {error}", 2
    if isinstance(error, RunError):
        return f"error: {error}", 1
    if type(error).__name__ == "Interrupted":
        number, run, epoch = error.args
        return f"stopped after epoch {epoch}, saved in {run}; go on by --resume True", 128 + number
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return f"error: cannot use{where}: {error.strerror}; make room or choose another place", 1
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return f"error: {type(error).__name__}: {first_line}; --debug True shows where", 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
