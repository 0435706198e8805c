"""Videos and pictures: encoding them, and laying them out."""
