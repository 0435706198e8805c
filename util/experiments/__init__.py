"""The experiments. Each has a record in `registry`, which names the module that runs it."""
