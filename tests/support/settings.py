"""The settings of the smallest whole model."""

from model.graph import Settings
from model.latents import LatentSizes

TINY = Settings(
    network="8",
    dynamic_mode="nonlinear",
    sizes=LatentSizes(state_size=3, z_size=2, content_size=2, motion_type_size=2),
    training_mode="complete",
    refsig=1.0,
    likelihood="sum",
    sampler="langevin",
    step_size=0.1,
    sample_steps=2,
    beta1_gen=0.5,
    beta2_gen=0.999,
    transition_init_std=0.1,
    precision="float32",
    seed=0,
)
