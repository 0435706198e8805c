"""The records of the experiments. To add an experiment, add a record here and a module beside it.

This module does not import TensorFlow, because the command line reads it before TensorFlow starts.
"""

from util.options.experiment import Experiment
from util.options.schema import FIELDS

# The options of sampled videos, and of videos that are measured as well.
SAMPLED = ("num_sections_in_test", "num_batches_in_test", "innovations_in_test")
MEASURED = (*SAMPLED, "baseline_states")
STARTS = ("start_in_test", "motion_type_in_test", "transition_in_test")
TRAINING_SEQUENCES = (*MEASURED, "sequences", "results_for", *STARTS)
MASKS = (
    "mask_type",
    "mask_path",
    "mask_file",
    "mask_layout",
    "invert_mask",
    "missing_fraction",
    "region_size",
    "truth_path",
    "average_last",
)
MANY_SEQUENCES = {
    "data_path": "./trainingVideo/action_dataset",
    "num_epochs": 7000,
    "num_frames": 30,
    "batch_size": 30,
    "state_size": 3,
    "content_size": 100,
}
# The fast schedule. The transition of textures is matched to the clips, and so is the initial scale
# of the transition. Inpainting keeps its own scale, with which it was measured; so does slow
# motion, where no two successive frames are seen.
FAST_TEXTURES = {
    "num_epochs": 700,
    "lr_half_life": 220,
    "log_step": 50,
    "dynamic_mode": "matched",
    "transition_init_std": 0.0,
    "innovations_in_test": "conditional",
}
FAST_SEQUENCES = {
    "num_epochs": 800,
    "lr_half_life": 340,
    "log_step": 50,
    "batch_size": 5,
}
# Long Langevin steps blur fast motion. They are stable only where the curvature is below 4/δ², so
# learning keeps the emission network flat.
FAST_CLIPS = {
    "transition_init_std": 0.1,
    "step_size": 0.015,
    "step_warmup": 15,
}
# Motion types keep the pace of each sequence. A still image does not show its pace.
FAST_CLIPS_ACTION = {
    **FAST_CLIPS,
    "motion_type_size": 4,
    "motion_type_in_test": "inferred",
    "transition_in_test": "fitted",
}
# `matched` may choose `momentum`, whose states cannot follow the clips.
FAST_CLIPS_TEXTURE = {
    **FAST_CLIPS,
    "dynamic_mode": "nonlinear",
    "state_size": 20,
    "innovations_in_test": "prior",
    "transition_in_test": "fitted",
}
FAST_PRIOR = {"transition_init_std": 0.0}
FAST_PRIOR_ACTION = {**FAST_PRIOR, "innovations_in_test": "conditional"}
FAST_RECOVERY = {"num_epochs": 350, "lr_half_life": 150}

# The runs of a figure take all options but those that name a checkpoint, several workers, or only
# a part of what the figure shows.
NOT_IN_FIGURES = (
    *("ckpt", "ckpt_name", "resume", "workers", "shared_statistics", "worker_timeout"),
    *("clip", "sequences"),
)
FOR_RUNS_OF_FIGURES = tuple(name for name in FIELDS if name not in NOT_IN_FIGURES)

EXPERIMENTS = {
    "synthesis": Experiment(
        summary="learn a dynamic texture from one clip and synthesize videos of any length",
        module="util.experiments.synthesis",
        scheduled={"fast": FAST_TEXTURES},
        with_latents={"fast": {"matched": {}, "clips": FAST_CLIPS_TEXTURE, "prior": {}}},
        uses=(*TRAINING_SEQUENCES, "chunk_starts", "initial_latents"),
    ),
    "action": Experiment(
        summary="learn many short sequences: one transition, an appearance vector for each",
        module="util.experiments.action",
        presets={
            **MANY_SEQUENCES,
            "num_sections_in_test": 2,
            "start_in_test": "prior",
        },
        scheduled={"fast": FAST_SEQUENCES},
        with_latents={"fast": {"clips": FAST_CLIPS_ACTION, "prior": FAST_PRIOR_ACTION}},
        uses=(*TRAINING_SEQUENCES, "chunk_starts", "initial_latents"),
        shows_together=True,
    ),
    "recovery": Experiment(
        summary="learn from a clip with missing pixels and fill them in",
        module="util.experiments.recovery",
        presets={
            "data_path": "./trainingVideo/recovery_dataset/data",
            "mask_path": "./trainingVideo/recovery_dataset/mask",
            "mask_file": "region_type.mat",
            "output_dir": "./output_recovery",
            # A pixel of network 150 has 7·7·64 inputs. At the full learning rate, the first steps
            # of Adam saturate the pixels.
            "lr_warmup": 20,
            # With shorter steps of the state, a missing pixel depends more on the neighbouring
            # frames.
            "transition_init_std": 0.04,
            "image_size": 150,
            "frame_generator_mode": "150",
            "num_epochs": 7000,
            "num_frames": 70,
            "truncated_backprop_length": 70,
            "refsig": 0.5,
        },
        scheduled={"fast": {**FAST_RECOVERY, "transition_init_std": 0.0}},
        uses=(*TRAINING_SEQUENCES, *MASKS, "chunk_starts"),
        misses_pixels=True,
        truth_in_clips=True,
    ),
    "inpainting": Experiment(
        summary="remove a moving object: a mask covers it, the background behind it is recovered",
        module="util.experiments.recovery",
        presets={
            "data_path": "./trainingVideo/background_inpainting/data",
            "mask_path": "./trainingVideo/background_inpainting/mask",
            "mask_file": "mask128.mat",
            "truth_path": "./trainingVideo/background_inpainting/truth",
            "output_dir": "./output_background_inpainting",
            "image_size": 128,
            "frame_generator_mode": "128",
            "num_epochs": 7000,
            "num_frames": 150,
            "truncated_backprop_length": 150,
            "refsig": 0.5,
        },
        scheduled={"fast": {"num_epochs": 250, "lr_half_life": 110}},
        uses=(*TRAINING_SEQUENCES, *MASKS, "chunk_starts"),
        misses_pixels=True,
    ),
    "slowmotion": Experiment(
        summary="fill in one or three new frames between two frames of a clip",
        module="util.experiments.slowmotion",
        presets={
            "output_dir": "./output_slowmotion",
            "num_frames": 57,
            "truncated_backprop_length": 57,
            "num_epochs": 7000,
            "refsig": 0.5,
        },
        scheduled={"fast": FAST_RECOVERY},
        uses=(*TRAINING_SEQUENCES, "factor", "score_left_out", "average_last", "chunk_starts"),
        misses_pixels=True,
        fills_in_between=True,
    ),
    "interpolation": Experiment(
        summary="walk from one appearance of a trained action model to another",
        module="util.experiments.interpolation",
        uses=(
            "num_sections_in_test",
            "innovations_in_test",
            *STARTS,
            "pairs",
            "interpolation_steps",
        ),
        result="interpolation",
        trains=False,
        shows_together=True,
    ),
    "transfer": Experiment(
        summary="play the motion of one sequence of a trained action model with the appearance "
        "of another",
        module="util.experiments.transfer",
        uses=("pairs",),
        result="transfer",
        trains=False,
        shows_together=True,
    ),
    "loop": Experiment(
        summary="sample videos that end where they began, to be repeated for ever",
        module="util.experiments.loop",
        uses=(
            "num_batches_in_test",
            "innovations_in_test",
            "motion_type_in_test",
            "transition_in_test",
            "baseline_states",
            "sequences",
            "results_for",
            "loop_length",
        ),
        result="loop",
        trains=False,
        endless=True,
        shows_together=True,
    ),
    "continuation": Experiment(
        summary="continue the clips of a trained model, or another clip, after their last frame",
        module="util.experiments.continuation",
        uses=(
            *(*MEASURED, "sequences", "results_for", "clip", "inference_steps"),
            "transition_in_test",
        ),
        result="continuation",
        trains=False,
        shows_together=True,
    ),
    "live": Experiment(
        summary="watch a trained model in the browser, and change its noise and appearance",
        module="util.experiments.live",
        uses=(
            *("innovations_in_test", "motion_type_in_test", "transition_in_test"),
            *("browser", "port"),
        ),
        result="live",
        trains=False,
        serves=True,
        endless=True,
        packages=("aiohttp",),
    ),
    "animation": Experiment(
        summary="learn to set still images in motion, and animate the images of --image",
        module="util.experiments.animation",
        presets={
            **MANY_SEQUENCES,
            "truncated_backprop_length": 15,
        },
        scheduled={"fast": FAST_SEQUENCES},
        with_latents={"fast": {"clips": FAST_CLIPS, "prior": FAST_PRIOR}},
        uses=(*MEASURED, "results_for", "encoded_frame", "image", "initial_latents"),
        result="animation",
        encodes=True,
        shows_together=True,
    ),
    "figure": Experiment(
        summary="make a figure, of the paper or another: its runs, the figure, and a table of its "
        "numbers",
        module="util.experiments.figure",
        presets={"output_dir": "./output_figures"},
        uses=("figure", "categories", "write_demo"),
        shares=FOR_RUNS_OF_FIGURES,
        trains=False,
        over_runs=True,
    ),
    "gallery": Experiment(
        summary="make index.html, a page over all runs in the folders below output_dir",
        module="util.experiments.gallery",
        presets={"output_dir": "."},
        trains=False,
        over_runs=True,
        shares=("output_dir", "overwrite"),
    ),
}
