"""When does a resource policy let in the whole world?

A statement starts out public when it allows everybody, and stops being so through a condition that ties it to fixed
values of a key that names a caller or a place. One public statement is enough; a Deny elsewhere does not help.

This follows the published rule of S3; where S3's own answer (GetBucketPolicyStatus) is at hand, that one is the verdict
and this one its explanation. Source: S3 user guide, "The meaning of public".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from trailwarden.policydoc.conditions import is_inside, network_of
from trailwarden.policydoc.document import Condition, PolicyDocument, Statement, account_of
from trailwarden.policydoc.glob import compile_glob
from trailwarden.policydoc.limits import binds
from trailwarden.policydoc.scope import action_glob, actions_of

_PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
_WIDEST_PREFIX = {4: 8, 6: 32}


@dataclass(frozen=True, slots=True)
class Closing:
    """Which condition keys, in lower case, keep a statement from being public.

    ``exact`` keys need values without wildcard; for ``by_account`` keys a wildcard may stand beside a fixed account or
    organisation id.
    """

    exact: frozenset[str]
    by_account: frozenset[str] = frozenset()


_CALLERS = frozenset({"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"})
_SOURCES = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"})
_PLACES = frozenset({"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"})
_S3 = _CALLERS | _SOURCES | _PLACES | {"aws:userid", "s3:dataaccesspointaccount"}
_PARTLY_WILD = frozenset({"aws:principalarn", "aws:principalorgpaths", "aws:sourcearn", "aws:sourceorgpaths"})

BUCKET = Closing(_S3, frozenset({"s3:dataaccesspointarn"}))
ACCESS_POINT = Closing(_S3 | {"s3:dataaccesspointarn"})
KEY = Closing(_CALLERS | _SOURCES | {"kms:calleraccount"}, _PARTLY_WILD)
TOPIC = Closing(_CALLERS | _SOURCES | _PLACES, _PARTLY_WILD)
LOG_GROUP = Closing(_CALLERS | _SOURCES, _PARTLY_WILD)


@dataclass(frozen=True, slots=True)
class PublicReason:
    """One statement that is public (or, when ``undecided``, may be), and why."""

    statement: Statement
    text: str
    undecided: bool = False

    def __str__(self) -> str:
        return f"{self.statement} {self.text}"


@dataclass(frozen=True, slots=True)
class Publicity:
    """The answer: ``public`` is None when only an unknown condition operator stands between a statement and the world."""

    public: bool | None
    reasons: tuple[PublicReason, ...]


def is_public(document: PolicyDocument, closing: Closing = BUCKET, *, actions: Sequence[str] = ()) -> Publicity:
    """Whether the policy is public, with the statements that make it so.

    Args:
        document: the resource policy.
        closing: the keys that close a statement: :data:`BUCKET`, :data:`ACCESS_POINT`, :data:`KEY`, :data:`TOPIC` or
            :data:`LOG_GROUP`.
        actions: look only at statements that allow one of these; empty for all. S3 itself looks at all.
    """
    wanted = [action_glob(item) for item in actions]
    reasons = tuple(
        reason
        for statement in document.allows()
        if not wanted or any(actions_of(statement).touches(item) for item in wanted)
        for reason in _reasons(statement, closing)
    )
    certain = tuple(reason for reason in reasons if not reason.undecided)
    if certain:
        return Publicity(True, certain)
    return Publicity(None if reasons else False, reasons)


def _reasons(statement: Statement, closing: Closing) -> list[PublicReason]:
    who = _open_to(statement)
    if not who or any(_closes(item, statement, closing) for item in statement.conditions):
        return []
    unknown = next((item.operator.name for item in statement.conditions if not item.operator.known), "")
    if unknown:
        return [PublicReason(statement, f"allows {who} under the unknown operator {unknown}", undecided=True)]
    if statement.conditions:
        return [PublicReason(statement, f"allows {who}; none of its conditions names fixed callers")]
    return [PublicReason(statement, f"allows {who}")]


def _open_to(statement: Statement) -> str:
    if statement.not_principals:
        return "everybody but " + ", ".join(str(item) for item in statement.not_principals)
    wild = [item for item in statement.principals if item.wild]
    if any(item.everyone for item in wild):
        return "everybody"
    return ", ".join(str(item) for item in wild)


def _closes(condition: Condition, statement: Statement, closing: Closing) -> bool:
    if not binds(condition, statement):
        return False
    key = condition.key
    if key == "aws:sourceip":
        return key in closing.exact and all(_narrow(value) for value in condition.values)
    if key in closing.exact and all(compile_glob(value).fixed for value in condition.values):
        return True
    return key in closing.by_account and all(_fixes_owner(value) for value in condition.values)


def _narrow(value: str) -> bool:
    network = network_of(value)
    if network is None:
        return False
    if network.prefixlen >= _WIDEST_PREFIX[network.version]:
        return True
    return any(is_inside(network, item) for item in _PRIVATE)


def _fixes_owner(value: str) -> bool:
    """Whether the account of an ARN, or the organisation of a path (``o-.../r-.../``), is fixed."""
    organization = value.split("/", 1)[0]
    return bool(account_of(value)) or (organization.startswith("o-") and compile_glob(organization).fixed)
