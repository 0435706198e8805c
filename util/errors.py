"""Errors that are for people: one line that says what is wrong and what to do."""


class CommandLineError(Exception):
    """The command line itself is wrong; the program exits with 2."""


class RunError(Exception):
    """The run cannot start or cannot go on; the program exits with 1."""
