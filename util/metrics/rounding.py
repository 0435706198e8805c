"""What rounding to bytes adds to a video: nothing smaller can be measured."""

# A step between two bytes is 1/127.5 in [-1, 1]. A value that is rounded has a uniform error.
ROUNDING_VARIANCE = (1.0 / 127.5) ** 2 / 12.0
