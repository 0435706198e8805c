"""Numbers of things in words."""


def counted(number: int, thing: str) -> str:
    """1 frame, 2 frames, 0 frames."""
    return f"{number} {thing}{'s' * (number != 1)}"
