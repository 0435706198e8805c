"""Run folders: options.json, checkpoints, files of a user, links, and names out of a checkpoint."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from faults.inputs import Case, rows
from faults.inputs.damage import CONTENTS, SPECIAL, Damage, cut, flip, gone, linked, scramble
from faults.inputs.rewriting import rewrite
from faults.judging import OF_A_USER, Expected
from faults.places import EPOCHS, Make, Place, good

REFUSED, READ, EITHER, ANY = Expected.REFUSED, Expected.READ, Expected.EITHER, Expected.ANY
# Values of another option or another type, one at a time.
CHANGED = {
    "num_epochs": 4,
    "lr_gen": 0.003,
    "seed": 1,
    "step_size": "0.03",
    "num_frames": 0,
    "batch_size": [1],
    "refsig": None,
    "experiment": "figure",
    "dynamic_mode": "x",
    "category": "../../outside",
    "image_size": 10**30,
    "log_step": 0,
    "state_size": -1,
    "frame_generator_mode": "64",
    "sampler": {},
    "z_size": 3.5,
    "isTraining": "no",
    "beta1_gen": 1e400,
    "schedule": 7,
}
# Texts in the place of options.json, and the way out of each.
TEXTS = {
    "null": "null",
    "list": "[]",
    "object": "{}",
    "no options": '{"command_lines": []}',
    "options of a list": '{"options": [], "command_lines": []}',
    "unknown option": '{"options": {"colour": 1}, "command_lines": []}',
    "deep": "[" * 100_000,
    "long number": '{"options": {"seed": ' + "9" * 5000 + "}}",
    "byte order mark": "\ufeff{}",
    "lone surrogate": '{"options": {"category": "\\ud800"}}',
}
EVIL = {
    "upwards": "../../../evil",
    "absolute": "{root}/evil",
    "empty": "",
    "dot": ".",
    "dots": "..",
    "zero byte": "a\0b",
    "line break": "a\nb",
    "long": "a" * 300,
    "slash": "a/b",
    "of a user": f"{OF_A_USER}/../x",
}


def options_file(place: Place) -> Path:
    return place.run / "options.json"


def of_options(damage: Damage) -> Make:
    return lambda place, random: damage(options_file(place), random)


def option(name: str, value: Any) -> Make:
    """options.json with another value of one option."""

    def make(place: Place, _: Random) -> None:
        about = json.loads(options_file(place).read_text(encoding="utf-8"))
        about["options"][name] = value
        options_file(place).write_text(json.dumps(about, indent=2), encoding="utf-8")

    return make


def doubled(place: Place, _: Random) -> None:
    """A key of options.json that stands there twice, with another second value."""
    text = options_file(place).read_text(encoding="utf-8")
    options_file(place).write_text(text.replace('"seed": 0', '"seed": 0,\n"seed": 5'))


def text(content: str) -> Make:
    def make(place: Place, _: Random) -> None:
        options_file(place).write_text(content, encoding="utf-8", errors="surrogatepass")

    return make


def newest(place: Place) -> Path:
    """The newest checkpoint's index file."""
    return max(place.models.glob("model.ckpt-*.index"), key=lambda path: path.stat().st_mtime_ns)


def of_checkpoint(damage: Damage, part: str) -> Make:
    """The newest checkpoint with one of its two files damaged."""

    def make(place: Place, random: Random) -> None:
        index = newest(place)
        name = index.name.removesuffix("index")
        damage(index if part == "index" else index.with_name(f"{name}data-00000-of-00001"), random)

    return make


def arrays(change: Callable[[dict[str, Any], Place], None]) -> Make:
    """The newest checkpoint with other arrays; `change` gets them by name."""
    return lambda place, _: rewrite(
        newest(place).with_suffix(""), lambda values: change(values, place)
    )


def sequence(name: str) -> Make:
    """A checkpoint from someone else with this name of its sequence."""

    def change(values: dict[str, Any], place: Place) -> None:
        text_of_it = name.format(root=place.root).encode("utf-8", "surrogateescape")
        values["sequence_names"] = np.array([text_of_it], object)

    return arrays(change)


def recorded(name: str, value: Any) -> Make:
    """A checkpoint from someone else whose options hold this value."""

    def change(values: dict[str, Any], _: Place) -> None:
        options = json.loads(values["options"])
        options[name] = value
        values["options"] = np.asarray(json.dumps(options).encode(), object)

    return arrays(change)


def array(name: str, value: Callable[[Any], Any]) -> Make:
    """A checkpoint with another array under a name; None takes it away."""

    def change(values: dict[str, Any], _: Place) -> None:
        other = value(values.pop(name))
        if other is not None:
            values[name] = other

    return arrays(change)


def link_of_models(place: Place, _: Random) -> None:
    """model/ lies on another disk, as people do it; a user has files there, too."""
    disk = place.run / "disk"  # in the run folder, so that the files of the run may change there
    place.models.rename(disk)
    place.models.symlink_to("disk")


def link_of_results(place: Place, _: Random) -> None:
    """final_result/ is a link to a folder of somebody's files."""
    target = place.run / "pictures"  # in the run folder, because results may come there
    target.mkdir()
    (target / f"{OF_A_USER}.png").write_text("precious")
    (place.run / "final_result").rename(place.run / "final_result_before")
    (place.run / "final_result").symlink_to("pictures")


def other_program(place: Place, _: Random) -> None:
    """options.json, model/ and log/ of another program."""
    options_file(place).write_text('{"learning_rate": 0.1, "epochs": 3}')


def without_mark(place: Place, random: Random) -> None:
    """No file says that a run of this program wrote the folders."""
    gone(options_file(place), random)
    gone(place.run / ".run", random)


def partial_links(place: Place, _: Random) -> None:
    """Links under names of temporary files, to a file of a user."""
    victim = place.outside / f"{OF_A_USER}.txt"
    names = {
        place.run: ("options.json",),
        place.models: tuple(
            f"model.ckpt-{EPOCHS}.{part}" for part in ("index", "data-00000-of-00001")
        ),
        place.run / "synthesis_sequence": (f"epoch_{EPOCHS:05d}.png",),
    }
    for folder, files in names.items():
        for name in files:
            folder.mkdir(exist_ok=True)
            link = folder / f".partial-{name}"
            link.unlink(missing_ok=True)
            link.symlink_to(victim)


def test_folder_of_a_user(place: Place, _: Random) -> None:
    """Somebody's folder under the name of a test's results."""
    folder = place.run / "test" / "synthesis"
    folder.mkdir(parents=True)
    (folder / f"{OF_A_USER}.png").write_text("precious")


def cases() -> list[Case]:
    """All cases of run folders."""
    resume: dict = {}
    for words, damage in {**CONTENTS, "cut": cut, "scrambled": scramble, "gone": gone}.items():
        resume[f"options.json {words}"] = (EITHER, of_options(damage))
    for words, damage in SPECIAL.items():
        resume[f"options.json {words}"] = (EITHER, of_options(damage))
    resume["options.json link"] = (EITHER, of_options(linked))
    for number in range(6):
        resume[f"options.json flipped {number}"] = (EITHER, of_options(flip))
    for name, value in CHANGED.items():
        resume[f"options.json {name} {value!r:.20}"] = (EITHER, option(name, value))
    for words, content in TEXTS.items():
        resume[f"options.json {words}"] = (EITHER, text(content))
    resume["options.json doubled key"] = (EITHER, doubled)
    resume["link of model/"] = (ANY, link_of_models)
    resume["links of temporary files"] = (READ, partial_links)
    for part in ("index", "data"):
        for number in range(6):
            damage = (flip, scramble, cut)[number % 3]
            resume[f"{part} damaged {number}"] = (EITHER, of_checkpoint(damage, part))
        for words, damage in {**CONTENTS, **SPECIAL, "gone": gone}.items():
            resume[f"{part} {words}"] = (EITHER, of_checkpoint(damage, part))

    test: dict = {}
    for part in ("index", "data"):
        for number in range(6):
            damage = (flip, scramble, cut)[number % 3]
            test[f"{part} damaged {number}"] = (EITHER, of_checkpoint(damage, part))
        for words, damage in SPECIAL.items():
            test[f"{part} {words}"] = (EITHER, of_checkpoint(damage, part))
    for words, name in EVIL.items():
        test[f"sequence name {words}"] = (ANY, sequence(name))
    for name, value in CHANGED.items():
        if name not in ("num_epochs", "seed", "lr_gen", "isTraining", "category"):
            test[f"recorded {name} {value!r:.20}"] = (REFUSED, recorded(name, value))
    test["recorded category upwards"] = (ANY, recorded("category", "../../outside"))
    test["recorded length"] = (REFUSED, recorded("num_sections_in_test", 10**12))
    strange: dict[str, Callable[[Any], Any]] = {
        "gone": lambda _: None,
        "flat": lambda value: np.asarray(value).reshape(-1)[:1],
        "words": lambda _: np.array([b"x"], object),
        "not a number": lambda value: np.asarray(value, np.float64) * np.nan,
    }
    for name in ("latents/innovations", "latents/initial_state", "epoch"):
        for words, value in strange.items():
            expected = ANY if (name, words) == ("epoch", "flat") else REFUSED
            test[f"{name} {words}"] = (expected, array(name, value))
    given = {"--ckpt": ("", ".index", "/", "../../outside/x", "a\nb", "model.ckpt-", "x" * 5000)}
    given["--ckpt_name"] = (*given["--ckpt"], "../../other/model.ckpt-6", "model.ckpt-99")
    for flag, values in given.items():
        for value in values:
            test[f"{flag} {value!r:.20}"] = (REFUSED, good, {"arguments": (flag, value)})

    overwrite = {
        "files of a user": (READ, good),
        "options.json of another program": (REFUSED, other_program),
        "options.json gone": (READ, of_options(gone)),
        "options.json and mark gone": (REFUSED, without_mark),
        "link of final_result/": (ANY, link_of_results),
        "link of model/": (ANY, link_of_models),
        "links of temporary files": (READ, partial_links),
    }
    by_path = ("--ckpt", f"output_synthesis/waves/model/model.ckpt-{EPOCHS}", "--overwrite", "True")
    test["folder of a user for its results"] = (
        ANY,
        test_folder_of_a_user,
        {"arguments": ("--isTraining", "False", *by_path), "alone": True},
    )
    return [
        *rows("resume", "resume", resume),
        *rows("test", "test", test),
        *rows("overwrite", "overwrite", overwrite),
    ]
