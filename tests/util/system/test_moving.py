"""Final names of finished folders."""

from util.system.moving import free_name, move_into


def make(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def texts(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_free_name_is_the_first_free(tmp_path):
    for name in ("test", "test_2", "test_4"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("nothing")
    assert free_name(tmp_path / "test") == tmp_path / "test_3"
    assert free_name(tmp_path / "new") == tmp_path / "new"
    assert free_name(tmp_path / "link") == tmp_path / "link_2"


def test_folder_gets_its_name(tmp_path):
    move_into(make(tmp_path / "half", a="1"), tmp_path / "whole")
    assert texts(tmp_path) == {"whole/a": "1"}


def test_other_files_stay_beside_the_new_ones(tmp_path):
    make(tmp_path / "whole", a="old", mine="mine", b__mine="mine", d="file of a user")
    move_into(make(tmp_path / "half", a="1", b__c="2", d__e="3"), tmp_path / "whole")
    assert texts(tmp_path / "whole") == {
        "a": "1",
        "mine": "mine",
        "b/mine": "mine",
        "b/c": "2",
        "d": "file of a user",
        "d_2/e": "3",
    }
    assert not (tmp_path / "half").exists()
