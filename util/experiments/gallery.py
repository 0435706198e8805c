"""The gallery: one page over all runs in a folder and below it."""

from pathlib import Path

from util.gallery.page import write_gallery
from util.options.command_line import CommandLine
from util.system.counting import counted


def run(command_line: CommandLine) -> str:
    """Write index.html into --output_dir.

    Raises:
        RunError: there is no run, or an index.html that this program did not write.
    """
    options = command_line.options
    folder = Path(options.output_dir)
    path, count = write_gallery(folder, command_line.experiments, options.overwrite)
    return f"{counted(count, 'run')} in {path}; open it in a browser"
