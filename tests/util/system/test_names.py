"""Names that are safe as names of files, and names in another Unicode form."""

import unicodedata

import pytest

from util.system.names import existing_form, safe_names, shortened

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))


def test_usual_names_stay():
    names = ["a b", "Öl", DECOMPOSED, "x.y", "1", "-", "a_2", "x" * 240, "日本"]
    assert safe_names(names) == names


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "..", ".", "", ".hidden", "a\\b", "a\0b", "a\nb", "a\x1bb"]
)
def test_name_stays_in_its_folder_and_is_seen(tmp_path, name):
    (safe,) = safe_names([name])
    (tmp_path / safe).write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [safe]
    assert not safe.startswith(".")
    assert safe.isprintable()


def test_each_name_is_there_once():
    assert safe_names(["a", "a", "a_2", "a"]) == ["a", "a_3", "a_2", "a_4"]
    assert safe_names(["a", "A"]) == ["a", "A_2"]
    assert safe_names([COMPOSED, DECOMPOSED]) == [COMPOSED, f"{DECOMPOSED}_2"]
    assert len(set(safe_names(["a/b", "a_b"]))) == 2


def test_reserved_names_are_not_taken():
    assert safe_names(["overview.mp4", "a"], ["Overview.mp4"]) == ["overview.mp4_2", "a"]


def test_name_that_is_no_text_becomes_one():
    (safe,) = safe_names([b"caf\xe9".decode("utf-8", "surrogateescape")])
    assert safe.encode("utf-8").startswith(b"caf")


def test_long_names_are_cut_and_stay_different():
    long = [f"{'ö' * 150}{end}" for end in "ab"]
    one, other = safe_names(long)
    assert one != other
    for name in (one, other):
        assert len(f"{name}_12.mp4".encode()) <= 255
        assert name.startswith("ö" * 50)
    assert shortened("x" * 240) == "x" * 240


def test_existing_form_is_found(tmp_path):
    (tmp_path / DECOMPOSED).mkdir()
    assert existing_form(tmp_path / COMPOSED) == tmp_path / DECOMPOSED
    assert existing_form(tmp_path / DECOMPOSED) == tmp_path / DECOMPOSED
    assert existing_form(tmp_path / "Cafe") == tmp_path / "Cafe"
    assert existing_form(tmp_path / "none" / COMPOSED) == tmp_path / "none" / COMPOSED
    (tmp_path / COMPOSED).mkdir()
    assert existing_form(tmp_path / COMPOSED) == tmp_path / COMPOSED
