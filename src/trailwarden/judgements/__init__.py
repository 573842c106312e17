"""What several checks decide in the same way.

Names are imported from the modules, not from here: a run loads the judgements of its own checks and no others.
"""
