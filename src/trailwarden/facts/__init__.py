"""Typed views of AWS replies."""
