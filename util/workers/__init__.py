"""Several processes that train together: who they are, how they start, meet and notice a death."""
