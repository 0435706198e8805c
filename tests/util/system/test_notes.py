"""Lines about the input."""

from util.system.notes import tell_once


def test_line_is_told_once_in_one_line_that_can_be_printed(capsys):
    for _ in range(2):
        tell_once("a clip\nwith \udce9")
    assert capsys.readouterr().err == "a clip with \\udce9\n"
