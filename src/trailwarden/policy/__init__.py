"""Policies: YAML in, ``Policy`` out."""
