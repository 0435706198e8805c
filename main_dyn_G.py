"""Learn a dynamic generator model by alternating back-propagation through time.

    python main_dyn_G.py --category fire --isTraining True
    python main_dyn_G.py --category fire --isTraining False
    python main_dyn_G.py --help

Order of the work: flags → options → clips → graph → alternating loop → run directory.
"""

import os
import sys
import traceback
from collections.abc import Sequence

from util.system.errors import Interrupted, RunError
from util.system.explanations import explain
from util.system.interruption import ignore_signals, stop_at_once_on_signals
from util.system.printing import never_fail_to_print
from util.system.threads import one_thread_for_numpy


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0, 1, 2, or 128 + signal number."""
    debug = False
    one_thread_for_numpy()
    try:
        # The imports take time. A signal that comes meanwhile must stop the program in one line.
        from util.experiments.registry import EXPERIMENTS
        from util.experiments.running import run_experiment, work_on_runs
        from util.experiments.together import cluster_of, train_together
        from util.options.command_line import parse
        from util.runs.jobs import locked_run, prepare
        from util.system.tensorflow_setup import start_tensorflow

        command_line = parse(arguments, EXPERIMENTS)
        debug = command_line.options.debug
        if cluster := cluster_of(command_line):
            if line := train_together(command_line, cluster, arguments):
                print(line)
            return 0
        if command_line.experiment(command_line.options).over_runs:
            print(work_on_runs(command_line))
            return 0
        with locked_run(command_line):
            job = prepare(command_line)
            start_tensorflow(debug)
            print(run_experiment(job))
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        return stop.exit_code
    except Exception as error:
        if debug:
            traceback.print_exc()
        print("error:", explain(error), file=sys.stderr)
        return getattr(error, "exit_code", RunError.exit_code)
    return 0


if __name__ == "__main__":
    never_fail_to_print()
    stop_at_once_on_signals()
    exit_code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except Interrupted as stop:  # who reads the output stands still
        os._exit(stop.exit_code)
    ignore_signals()
    sys.exit(exit_code)
