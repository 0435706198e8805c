"""Motion transfer: the motion of one sequence, played with the appearance of another sequence.

The model is an action model. For the first sequence of a pair, innovations ξ, start state s_0 and
motion type m were inferred; they give the states s_t. For the second sequence, the appearance
vector a was inferred. The emission network combines them:

    x_t = G_β([a of the second, s_t of the first])
"""

from model.latents import Latents, of_sequences
from model.sampling import reconstruct
from util.data.frames import to_bytes
from util.experiments.pairs import check_pairs, pairs
from util.pictures.layout import write_overview, write_playing
from util.pictures.sheets import Row
from util.pictures.showing import all_shaped
from util.runs.loading import LoadedCheckpoint, LoadedRun, observed_again, observed_or_reconstructed
from util.system.errors import CommandLineError


def check(checkpoint: LoadedCheckpoint) -> None:
    """Check the sequences and their innovations.

    Raises:
        CommandLineError: there are fewer than two appearances, a sequence does not exist, or the
            innovations do not belong to whole sequences.
    """
    check_pairs(checkpoint)
    if checkpoint.trained_by.encodes:
        raise CommandLineError(
            f"--experiment transfer needs inferred start states; in {checkpoint.path} an encoder "
            "gives them; train with --experiment action"
        )


def test(run: LoadedRun) -> None:
    """Write one row for each pair: observed first sequence, observed second sequence, transfer."""
    options, latents = run.options, run.checkpoint.state.latents
    names = run.checkpoint.state.sequence_names
    observed = observed_or_reconstructed(run, observed_again(run), range(len(names)))
    rows = []
    for pair in pairs(run):
        frames = reconstruct(
            run.sampler.generator,
            transferred(latents, pair.first, pair.second),
            options.truncated_backprop_length,
            batch_size=1,
            statistics=run.sampler.statistics,
            beginning=run.sampler.beginning,
        )
        first, second = names[pair.first], names[pair.second]
        showings = [run.showing(row) for row in (pair.first, pair.second, pair.second)]
        squares = [observed[pair.first], observed[pair.second], to_bytes(frames[0])]
        videos, rate = all_shaped(squares, showings), showings[0].rate
        rows.append(Row(f"{first}\nto {second}", videos, ["motion", "appearance", "transfer"]))
        heads = [f"motion: {first}", f"appearance: {second}", "transfer"]
        write_playing(run.folder / pair.name, [Row("", videos, heads)], options.enlarge, rate)
        print(pair.name)
    rate = run.showing(next(pairs(run)).first).rate
    write_overview(run.folder / "overview", rows, options.enlarge, rate)


def transferred(latents: Latents, motion_of: int, appearance_of: int) -> Latents:
    """The latents of one sequence, with the appearance vector of another sequence."""
    appearance = latents.appearance[[appearance_of]]
    return of_sequences(latents, [motion_of])._replace(appearance=appearance)
