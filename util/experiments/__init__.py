"""The experiments: one record each in `registry`, one module each beside it."""
