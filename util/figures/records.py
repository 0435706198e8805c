"""The records of the figures. To add a figure, add a record here.

A figure needs trainings, and sometimes a test of each trained model. Each of them is an ordinary
command line of this program. Paths in the flags may have {category}.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from util.figures import layouts, readings
from util.figures.results import Result


class Test(NamedTuple):
    """A test of a trained model: its experiment and its flags."""

    experiment: str
    flags: Mapping[str, Any]


class Training(NamedTuple):
    """Trainings with the same flags, one for each category.

    Fields:
        experiment: the experiment that trains.
        categories: the embedded categories.
        label: tells trainings on the same category apart; a word for names of folders and tables.
        flags: flags that the figure needs with every schedule.
        scheduled: further flags with a schedule, by its name. All other settings are the
            defaults of the experiment with this schedule.
        test: a test of the trained model, if the figure shows one.
        folder: the name of the folder of the runs, without the label; "" is the name of the figure.
            Figures whose trainings have the same folder share them.
    """

    experiment: str
    categories: tuple[str, ...]
    label: str = ""
    flags: Mapping[str, Any] = {}
    scheduled: Mapping[str, Mapping[str, Any]] = {}
    test: Test | None = None
    folder: str = ""


class Figure(NamedTuple):
    """A figure.

    Fields:
        summary: what it shows, for --help and tables.
        trainings: the runs that it shows.
        layout: writes figure.mp4, figure.gif and figure.png into a folder.
        numbers: reads the numbers of a result, by their names.
        in_paper: whether the paper has this figure. `ALL` makes only these.
    """

    summary: str
    trainings: tuple[Training, ...]
    layout: Callable[[list[Result], layouts.Place], None]
    numbers: Callable[[Result], dict[str, float]]
    in_paper: bool = True


SMALL_FRAMES = {"image_size": 64}  # the masks of the embedded clips fit any size
REGION, FRAMES = "region_type.mat", "missing_frame_type.mat"
STILLS = tuple(f"./trainingVideo/stills/{{category}}/0{number}.png" for number in range(1, 5))
TEXTURES = Training(
    "synthesis",
    ("fire", "water", "flag", "light"),
    flags={"num_batches_in_test": 3},
    folder="textures",
)

FIGURES: dict[str, Figure] = {
    "textures": Figure(
        summary="observed clips, each beside three synthesized videos of twice its length",
        trainings=(TEXTURES,),
        layout=layouts.textures,
        numbers=readings.synthesized,
    ),
    "actions": Figure(
        summary="observed people over two rows of synthesized motions that run longer",
        trainings=(Training("action", ("walkers",)),),
        layout=layouts.actions,
        numbers=readings.synthesized,
    ),
    "recovery": Figure(
        summary="clips with missing regions and with missing frames, recovered, and the originals",
        trainings=tuple(
            Training(
                "recovery",
                ("flag", "water"),
                label=label,
                flags={"mask_file": mask},
                scheduled={"fast": SMALL_FRAMES},
            )
            for label, mask in (("regions", REGION), ("frames", FRAMES))
        ),
        layout=layouts.recovered,
        numbers=readings.recovered,
    ),
    "inpainting": Figure(
        summary="a clip with a boat, the clip without it, and the truth",
        trainings=(Training("inpainting", ("pond",)),),
        layout=layouts.inpainted,
        numbers=readings.recovered,
    ),
    "interpolation": Figure(
        summary="a row for each pair of flowers: from one appearance to the other",
        trainings=(
            Training(
                "action",
                ("blossoms",),
                # A flower opens once. So a video begins with the bud, and is as long as a clip.
                flags={"start_in_test": "inferred", "num_sections_in_test": 1},
                test=Test("interpolation", {"pairs": "0:3,1:4,5:8", "enlarge": 2}),
            ),
        ),
        layout=layouts.interpolated,
        numbers=readings.interpolated,
    ),
    "animation": Figure(
        summary="still images, each with two videos that begin with it",
        trainings=(
            Training(
                "animation",
                ("walkers", "blossoms"),
                # Two chunks of 15 frames are as long as a clip. A flower opens only once.
                flags={"num_sections_in_test": 2},
                test=Test("animation", {"image": STILLS}),
            ),
        ),
        layout=layouts.animated,
        numbers=readings.animated,
    ),
    "continuation": Figure(
        summary="clips that go on in three ways, beside what really came next",
        trainings=(
            TEXTURES._replace(
                test=Test("continuation", {"num_batches_in_test": 3, "num_sections_in_test": 1})
            ),
        ),
        layout=layouts.continued,
        numbers=readings.continued,
        in_paper=False,
    ),
    "loop": Figure(
        summary="clips, and loops that can be repeated without a jump",
        trainings=(TEXTURES._replace(test=Test("loop", {"num_batches_in_test": 20})),),
        layout=layouts.looped,
        numbers=readings.looped,
        in_paper=False,
    ),
    "slowmotion": Figure(
        summary="frames made between those of clips, beside the true ones",
        trainings=tuple(
            Training(
                "slowmotion",
                ("water", "flag"),
                label=label,
                flags={"factor": factor, "score_left_out": True},
            )
            for label, factor in (("twice", 2), ("fourfold", 4))
        ),
        layout=layouts.slowed,
        numbers=readings.recovered,
        in_paper=False,
    ),
}
ALL = "all"
