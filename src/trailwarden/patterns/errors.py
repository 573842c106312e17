"""The one way in which a pattern can be unusable."""


class PatternError(ValueError):
    """A pattern that can't be read.

    Args:
        reason: what is wrong.
        position: offset of the first character that can't be read, or None where there is no such place.
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        self.reason = reason
        self.position = position
        super().__init__(reason if position is None else f"{reason} at character {position + 1}")
