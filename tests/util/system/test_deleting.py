"""Only files that match are deleted, whatever links there are."""

from support.command_line import tree

from util.system.deleting import delete_matching, delete_whole


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_folder_with_nothing_else_goes(tmp_path):
    make(tmp_path / "a", "1.png", "b/2.png")
    assert delete_matching(tmp_path / "a", r"(b/)?\d\.png") == []
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_match_stays_and_is_named(tmp_path):
    make(tmp_path, "1.png", "x1.png", "b/2.png", "b/mine.txt", "c/mine/1.png")
    (tmp_path / "empty").mkdir()
    left = delete_matching(tmp_path, r"(b/|c/)?\d\.png")
    assert [str(path.relative_to(tmp_path)) for path in left] == [
        "b/mine.txt",
        "c/mine/1.png",
        "empty",
        "x1.png",
    ]
    folders = {"b", "c", "c/mine"}
    assert tree(tmp_path).keys() == {str(path.relative_to(tmp_path)) for path in left} | folders


def test_link_to_a_folder_stays_and_its_content_goes(tmp_path):
    make(tmp_path / "disk", "1.png", "mine.txt")
    (tmp_path / "model").symlink_to("disk")
    delete_matching(tmp_path / "model", r"\d\.png")
    assert (tmp_path / "model").is_symlink()
    assert tree(tmp_path / "disk").keys() == {"mine.txt"}
    (tmp_path / "disk" / "mine.txt").unlink()
    delete_matching(tmp_path / "model", r"\d\.png")
    assert (tmp_path / "model").is_symlink()


def test_link_that_leads_back_ends(tmp_path):
    make(tmp_path, "1.png")
    (tmp_path / "loop").symlink_to(".")
    delete_matching(tmp_path, r"\d\.png")
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_link_is_deleted_without_its_target(tmp_path):
    make(tmp_path / "disk", "1.png")
    (tmp_path / "link").symlink_to("disk")
    delete_whole(tmp_path / "link")
    assert tree(tmp_path).keys() == {"disk", "disk/1.png"}
    delete_whole(tmp_path / "disk")
    delete_whole(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
