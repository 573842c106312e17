"""A made-up organization, in the format of a ledger: what ``trailwarden demo`` judges without any AWS account."""

from __future__ import annotations

from importlib.resources import files

from trailwarden.ledger import Ledger, parse_ledger

PACKS = ("baseline", "cloudtrail-hardened")
"""The packs that the demo judges by."""


def world() -> Ledger:
    """Return the demo's world: a management account, a healthy member and a bad one, at a pinned clock."""
    return parse_ledger((files(__name__) / "world.jsonl").read_text(encoding="utf-8"), "the demo's world")
