"""Errors for the user: one line that says what is wrong and what to do."""


class CommandLineError(Exception):
    """The command line itself is wrong."""

    exit_code = 2


class RunError(Exception):
    """The run cannot start or cannot continue."""

    exit_code = 1


class Interrupted(BaseException):
    """A signal has stopped the program. Code that catches `Exception` does not catch it."""

    def __init__(self, signal_number: int, message: str):
        super().__init__(message)
        self.exit_code = 128 + signal_number
