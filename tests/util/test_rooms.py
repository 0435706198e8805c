"""The rooms of util/ and the model: what each imports lies below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "experiments", "live", "figures", "gallery", "runs", "workers", "metrics", "data", "pictures",
    "options", "system",
]  # top to bottom  # fmt: skip
MODULES = sorted(
    path.relative_to(ROOT).with_suffix("")
    for folder in ("model", "util")
    for path in (ROOT / folder).rglob("*.py")
)


def imported(path: Path) -> set[str]:
    """The names of the project's modules that a module imports, wherever in it."""
    tree = ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("model", "util")}


def test_rooms_are_all_there():
    folders = {path.parent.name for path in (ROOT / "util").glob("*/*.py")}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_imports_only_what_lies_below(module):
    for name in imported(ROOT / module):
        if module.parts[0] == "model":
            assert name.startswith("model."), f"{module} imports {name}"
        elif name.startswith("util.") and len(module.parts) > 2:
            room, other = module.parts[1], name.split(".")[1]
            assert ROOMS.index(room) <= ROOMS.index(other), f"{module} imports {name}"


def test_rooms_are_joined_by_few_arrows():
    arrows = {
        (module.parts[1], name.split(".")[1])
        for module in MODULES
        if module.parts[0] == "util" and len(module.parts) > 2
        for name in imported(ROOT / module)
        if name.startswith("util.") and name.split(".")[1] != module.parts[1]
    }
    assert len(arrows) <= 34, sorted(arrows)


def test_model_knows_no_files():
    for path in (ROOT / "model").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        words |= {
            node.module.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
        }
        assert not words & {"pathlib", "os", "io", "json", "PIL", "imageio", "imageio_ffmpeg"}, path


def test_no_module_imports_in_a_circle():
    below = {".".join(module.parts): imported(ROOT / module) for module in MODULES}
    modules = {name.removesuffix(".__init__") for name in below}

    def module_of(name: str) -> str:
        return name if name in modules else name.rpartition(".")[0]

    edges = {
        name.removesuffix(".__init__"): {module_of(other) for other in others}
        for name, others in below.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name not in done:
            for other in edges.get(name, set()) - {name}:
                visit(other, (*path, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def test_records_and_jobs_do_without_tensorflow():
    code = (
        "import sys, util.experiments.registry, util.experiments.running, util.runs.jobs\n"
        "assert 'numpy' in sys.modules and 'tensorflow' not in sys.modules"
    )
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
