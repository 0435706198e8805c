"""The options of a run and the command line."""
