"""The one way in which a policy text can be unusable."""


class PolicyTextError(ValueError):
    """A policy text that cannot be judged: not JSON, not a policy, or too complex to compare.

    The message is the reason. A check lets it turn into ERROR with the code ``UNPARSEABLE``: a text that is not
    understood is never taken for a harmless one.
    """
