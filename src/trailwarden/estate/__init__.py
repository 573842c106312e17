"""A whole organization in one run: which accounts, where they are worked on, and how nothing is asked or lost twice.

One account is one unit of work. Units share the clients, the connections and, through the run's folder, every reply that more than one
of them needs. Replies and judgements reach that folder as they come, so a run that is killed goes on where it stopped.
"""
