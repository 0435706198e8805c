"""How the results of a run are shown, from its options and the format of its clips."""

from util.data.clip_facts import ClipFormat
from util.options.schema import Options
from util.pictures.encoding import FRAMES_PER_SECOND
from util.pictures.showing import Showing


def showing_of(options: Options, clip: ClipFormat) -> Showing:
    """At the rate of the clip; with --original_shape also in its proportions."""
    stretched = options.original_shape and options.fit == "squash"
    return Showing(
        options.enlarge,
        clip.rate or FRAMES_PER_SECOND,
        clip.proportions if stretched else 1.0,
    )
