"""A trained model that runs in a browser window, on this machine only."""
