"""A campaign of faults against the command line; see README.md."""
