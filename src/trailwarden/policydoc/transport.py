"""Does a bucket policy refuse clear text?

The question is asked by meaning: a request without TLS, of which nothing else is known, has to be denied for everybody,
every S3 action, the bucket itself and every object. So a Deny that needs anything else to be true does not count, and a
Deny on ``s3:TlsVersion`` alone does not either: that key is absent when there is no TLS.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden.policydoc.conditions import Context
from trailwarden.policydoc.document import PolicyDocument, Statement
from trailwarden.policydoc.glob import Glob
from trailwarden.policydoc.request import conditions_hold
from trailwarden.policydoc.scope import action_glob, actions_of, resource_glob, resources_of, union_covers
from trailwarden.policydoc.truth import Match

_SECURE, _TLS = "aws:securetransport", "s3:tlsversion"
_TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
_VERSION = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class TransportVerdict:
    """The answer: ``denied`` is None when an unknown operator decides; ``reason`` is empty when denied is True."""

    denied: bool | None
    reason: str


def denies_insecure_transport(document: PolicyDocument, bucket_arn: str, min_tls: str = "") -> TransportVerdict:
    """Whether the policy denies every request to the bucket and its objects that is not protected by TLS.

    Args:
        document: the bucket policy.
        bucket_arn: ``arn:PARTITION:s3:::BUCKET``.
        min_tls: the lowest TLS version that may be left open, such as ``1.2``; empty for any.

    Raises:
        ValueError: ``min_tls`` is not a version number.
    """
    doubt = ""
    for name, context in list(_insecure_requests(min_tls)):  # all of them first: a bad min_tls is an error in any case
        matches = [(item, conditions_hold(item, context)) for item in document.denies()]
        for target in (bucket_arn, f"{bucket_arn}/*"):
            goal = resource_glob(target)
            if _denied(goal, [item for item, match in matches if match is Match.MATCH]):
                continue
            # A deny with an operator unknown to us might be the missing one.
            possible = [item for item, match in matches if match is Match.MATCH or _obscure(item)]
            if not _denied(goal, possible):
                return TransportVerdict(False, f"{name} to {target} are not denied: {_why(goal, matches)}")
            obscure = next(item for item in possible if _obscure(item))
            doubt = f"{obscure} has an unknown condition operator"
    return TransportVerdict(None if doubt else True, doubt)


def _insecure_requests(min_tls: str) -> Iterator[tuple[str, Context]]:
    yield "requests without TLS", Context({_SECURE: ("false",), _TLS: ()})
    if not min_tls:
        return
    if not _VERSION.fullmatch(min_tls):
        raise ValueError(f"min_tls {min_tls!r} is not a version such as 1.2")
    for version in _TLS_VERSIONS:
        if _order(version) < _order(min_tls):
            yield f"TLS {version} requests", Context({_SECURE: ("true",), _TLS: (version,)})


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _denied(goal: Glob, statements: list[Statement]) -> bool:
    scopes = [actions_of(item) for item in statements if _everybody(item) and resources_of(item).covers(goal)]
    return union_covers(action_glob("s3:*"), scopes)


def _everybody(statement: Statement) -> bool:
    return any(entry.everyone for entry in statement.principals)


def _obscure(statement: Statement) -> bool:
    return not all(item.operator.known for item in statement.conditions)


def _why(goal: Glob, matches: list[tuple[Statement, Match]]) -> str:
    """The shortcoming of each Deny that speaks of transport, else of each Deny."""
    about = [
        pair for pair in matches if any(condition.key in {_SECURE, _TLS} for condition in pair[0].conditions)
    ] or matches
    if not about:
        return "the policy has no Deny statement"
    return "; ".join(f"{item} {_shortcoming(goal, item, match)}" for item, match in about)


def _shortcoming(goal: Glob, statement: Statement, match: Match) -> str:
    if match is not Match.MATCH:
        narrowing = ", ".join(str(item) for item in statement.conditions)
        return f"holds only under {narrowing}"
    if not _everybody(statement):
        return "does not cover every principal"
    if not resources_of(statement).covers(goal):
        return "does not cover the resource"
    return "does not cover every action"
