"""Tables that are read completely, or not at all."""

import pytest

from util.system.errors import RunError
from util.system.whole_table import LARGEST, read_whole_table


def test_table_has_columns_and_rows(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('a,b\n1,"x, y"\n,2\n', encoding="utf-8")
    assert read_whole_table(path) == (["a", "b"], [{"a": "1", "b": "x, y"}, {"a": "", "b": "2"}])


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n1,"2\n', b"\xff\xfe\x00"]
)
def test_damaged_table_is_refused(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        read_whole_table(path)


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(RunError):
        read_whole_table(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_whole_table(tmp_path / "none")
    path = tmp_path / "large.csv"
    with open(path, "wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match="too large"):
        read_whole_table(path)
