"""Clips and masks: reading them, and the one scale of pixel values."""
