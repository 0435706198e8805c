"""What any program needs: whole files, signals, threads, TensorFlow's start, errors."""
