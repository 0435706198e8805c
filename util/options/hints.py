"""What people type out of habit, and the flag that means it here."""

import difflib
import re
from collections.abc import Iterable

ALIKE = 0.85  # the likeness of a slip of the finger; less leads to flags of another meaning

# Each flag, and the words that people type for it.
HABITS = {
    "lr_gen": "lr learning_rate alpha lr_g generator_lr base_lr",
    "lr_half_life": "lr_decay decay decay_steps lr_schedule lr_scheduler scheduler step_lr "
    "lr_step lr_decay_epochs",
    "lr_warmup": "warmup warmup_steps warmup_epochs",
    "num_epochs": "epoch epochs max_epoch max_epochs total_epochs nepoch n_epochs nepochs "
    "iterations iter iters num_iterations num_iters niter max_iter steps num_steps "
    "train_steps max_steps",
    "output_dir": "o out output outputs outdir output_path output_folder save_dir save_path "
    "result_dir results_dir results logdir log_dir checkpoint_dir work_dir save savedir "
    "save_folder dest destination target",
    "data_path": "data dataset datasets data_dir datadir data_root dataroot input input_dir video "
    "videos train_dir root path source src folder data_folder video_path video_dir "
    "videos_path clip_path input_path",
    "category": "name class texture dataset_name video_name experiment_name",
    "image_size": "size img_size imsize resolution res height width crop_size load_size",
    "frame_generator_mode": "net network arch architecture generator model_name",
    "num_frames": "frames n_frames nframes length clip_length video_length seq_len sequence_length",
    "first_frame": "start start_frame offset begin skip",
    "fit": "crop resize aspect keep_aspect center_crop",
    "batch_size": "b bs batch batchsize",
    "truncated_backprop_length": "chunk chunk_size chunk_length tbptt bptt bptt_length unroll "
    "truncation",
    "state_size": "hidden_size hidden_dim state_dim d nh rnn_size hidden",
    "z_size": "z nz z_dim latent latent_dim latent_size noise_dim noise_size innovation_size",
    "content_size": "appearance_size appearance_dim content_dim style_dim",
    "motion_type_size": "motion_size motion_dim motion_type",
    "motion_type_in_test": "motion_in_test fixed_motion_type test_motion_type",
    "transition_in_test": "fit_transition refit refit_transition fitted_transition",
    "dynamic_mode": "transition rnn cell dynamics rnn_type",
    "sample_steps": "langevin_steps mcmc_steps num_langevin_steps l sampling_steps mcmc",
    "step_size": "delta langevin_step_size mcmc_step_size langevin_step",
    "refsig": "sigma std noise noise_std sigma_x",
    "beta1_gen": "beta1 beta momentum adam_beta1",
    "beta2_gen": "beta2 adam_beta2",
    "clip_gradient": "grad_clip gradient_clip clip_grad clip_norm max_grad_norm clipnorm",
    "clip_drift": "truncate_drift max_drift drift_clip clip_langevin tamed tame_drift",
    "step_warmup": "langevin_warmup warmup_langevin burn_in burnin freeze_latents",
    "initial_latents": "init_latents latent_init initialization init",
    "step_follows_rate": "anneal_step step_decay decay_step_size step_schedule langevin_decay",
    "precision": "fp16 bf16 bfloat16 half amp mixed_precision dtype float16",
    "seed": "random_seed manual_seed rng_seed",
    "log_step": "print_freq print_every log_every save_every log_interval save_interval log_freq "
    "save_freq checkpoint_every display_freq",
    "max_to_keep": "keep max_checkpoints keep_last",
    "isTraining": "train training mode phase is_train do_train test testing eval evaluate sample "
    "generate synthesize inference",
    "ckpt": "checkpoint checkpoints ckpt_path checkpoint_path load load_path restore weights "
    "pretrained model model_path load_model from",
    "resume": "continue resume_from restart continue_train",
    "overwrite": "force f clean clear replace delete",
    "num_sections_in_test": "num_chunks sections test_length num_frames_in_test out_length",
    "num_batches_in_test": "num_samples n_samples nsamples num_videos samples num_results",
    "mask_file": "mask masks mask_name",
    "mask_path": "mask_dir mask_folder mask_root",
    "invert_mask": "invert inverse_mask flip_mask",
    "image": "images img still stills photo picture image_path input_image",
    "debug": "verbose v trace traceback",
    "loop_length": "loop loop_frames period cycle_length",
    "workers": "num_workers nproc nproc_per_node num_processes n_jobs jobs world_size num_gpus "
    "n_gpus nodes num_nodes replicas",
    "shared_statistics": "sync_bn sync_batchnorm syncbn sync_batch_norm",
    "worker_timeout": "timeout rendezvous_timeout",
    "enlarge": "scale zoom upscale",
    "original_shape": "aspect_ratio keep_ratio original_size proportions",
}
WORDS = {
    **dict.fromkeys(
        ("gpu", "gpus", "gpu_id", "gpu_ids", "device", "cuda", "use_gpu", "cpu"),
        "TensorFlow takes a GPU by itself; the environment variable CUDA_VISIBLE_DEVICES chooses "
        "which, and -1 takes none",
    ),
    **dict.fromkeys(
        ("fps", "frame_rate", "framerate"), "results play at the frame rate of their clip"
    ),
    **dict.fromkeys(
        ("threads", "num_threads"),
        "TensorFlow takes all cores by itself; taskset limits them",
    ),
    **dict.fromkeys(("version",), "options.json of a run has all versions"),
}


def hint(flag: str, flags: Iterable[str]) -> str:
    """What to type in the place of an unknown flag, in words.

    Args:
        flag: with its dashes.
        flags: all flags that exist, with their dashes.
    """
    known = list(flags)
    word = re.sub(r"[-_]+", "_", flag.lstrip("-")).lower()
    if word in WORDS:
        return WORDS[word]
    meant = [name for name, words in HABITS.items() if word in words.split()]
    same = [name for name in known if re.sub(r"[-_]", "", name).lower() == word.replace("_", "")]
    by_word = {name.lstrip("-").lower(): name for name in known}
    near = difflib.get_close_matches(word, by_word, n=1, cutoff=ALIKE)  # dashes are no likeness
    found = (
        same
        or [f"--{name}" for name in meant if f"--{name}" in known]
        or [by_word[close] for close in near]
    )
    return f"did you mean {found[0]}?" if found else "--help lists all flags"
