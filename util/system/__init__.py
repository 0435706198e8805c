"""Services for the whole program: files, signals, threads, TensorFlow's start, errors."""
