"""Everything around the model: options, clips, run directory, checkpoints, pictures, logs."""
