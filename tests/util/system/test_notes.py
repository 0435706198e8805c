"""Lines about the input."""

from util.system.notes import tell_once


def test_line_is_told_once_in_one_line_that_can_be_printed(capsys):
    for _ in range(2):
        tell_once("a clip\nwith \udce9 \x1b[1m é …")
    assert capsys.readouterr().err == "note: a clip\\nwith \\udce9 \\x1b[1m é …\n"
