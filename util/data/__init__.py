"""Reading clips and masks, and the scale of pixel values."""
