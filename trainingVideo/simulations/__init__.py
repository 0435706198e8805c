"""The simulations behind the clips: one module per texture, each with one frame generator."""
