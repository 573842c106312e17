"""Policies: YAML in, ``Policy`` out.

``select.select`` is the way in: references such as a pack's name, an id, a glob or a path become a ``Selection`` of loaded policies.
"""
