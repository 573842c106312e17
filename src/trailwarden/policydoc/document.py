"""Policy documents as frozen values, read strictly.

AWS stores only documents that its own grammar accepts, so a text that breaks the grammar is not a policy we understand
and raises :class:`PolicyTextError`. The one exception is a condition operator unknown to us: it is kept, because often
the answer does not depend on it.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from trailwarden.policydoc.errors import PolicyTextError
from trailwarden.policydoc.operators import Operator, parse_operator

_VERSIONS = ("2008-10-17", "2012-10-17")
_DOCUMENT_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
_ACCOUNT = re.compile(r"\d{12}")
_IN_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):.*", re.DOTALL)


class _Number(str):
    """A JSON number as it was written: 1.20 must not become 1.2, nor a long integer an error."""

    __slots__ = ()


class Effect(Enum):
    """What a statement does; AWS compares the word with its case."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Principal:
    """One entry of Principal or NotPrincipal.

    ``"*"``, ``{"AWS": "*"}`` and ``{"AWS": ["*"]}`` are one and the same: type AWS, value ``*``. An account is spelled
    as its root ARN or as its id; :attr:`account_root` is the id for both.
    """

    type: str
    value: str

    def __str__(self) -> str:
        return self.value if self.type == "AWS" else f"{self.type}:{self.value}"

    @property
    def wild(self) -> bool:
        """Whether the entry stands for more than one fixed principal."""
        return "*" in self.value or "?" in self.value or "${" in self.value

    @property
    def everyone(self) -> bool:
        """Whether the entry stands for every principal, services included."""
        return self.type == "AWS" and self.value == "*"

    @property
    def account_root(self) -> str:
        """The account id when the entry is a whole account, else an empty text."""
        if self.type != "AWS":
            return ""
        root = _ROOT.fullmatch(self.value)
        if root:
            return root.group(1)
        return self.value if _ACCOUNT.fullmatch(self.value) else ""

    @property
    def account(self) -> str:
        """The account id that the entry belongs to, or an empty text where it names none."""
        return self.account_root or (account_of(self.value) if self.type == "AWS" else "")


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator block: the operator, the key in lower case, the values as texts."""

    operator: Operator
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator.name} {self.key} {'|'.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; of each pair (actions/not_actions and so on) exactly one is filled.

    In an identity policy or SCP both principal tuples are empty. ``variables`` tells whether the document's version
    expands policy variables.
    """

    index: int
    sid: str
    effect: Effect
    principals: tuple[Principal, ...]
    not_principals: tuple[Principal, ...]
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    variables: bool

    def __str__(self) -> str:
        return f"statement {self.index} ({self.sid})" if self.sid else f"statement {self.index}"


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A parsed policy: its version, its Id and its statements in order."""

    version: str
    id: str
    statements: tuple[Statement, ...]

    def allows(self) -> tuple[Statement, ...]:
        """The Allow statements."""
        return tuple(statement for statement in self.statements if statement.effect is Effect.ALLOW)

    def denies(self) -> tuple[Statement, ...]:
        """The Deny statements."""
        return tuple(statement for statement in self.statements if statement.effect is Effect.DENY)


def account_of(arn: str) -> str:
    """The account id in an ARN, or an empty text where the ARN has no fixed one."""
    found = _IN_ARN.fullmatch(arn)
    return found.group(1) if found else ""


def parse(source: str | Mapping[str, Any], *, principals: bool = True, resources: bool = True) -> PolicyDocument:
    """Parse a policy document.

    Args:
        source: the JSON text, or what a JSON parser made of it.
        principals: True for resource policies (bucket, key, topic, log group, RCP), where each statement names its
            principals; False for SCPs and identity policies, where none may.
        resources: False for the trust policy of a role, which is about that role and names no resource.

    Raises:
        PolicyTextError: the text is not JSON or not a policy; the message says where and why.
    """
    document = _load(source) if isinstance(source, str) else source
    if not isinstance(document, Mapping):
        raise PolicyTextError("the policy is not a JSON object")
    _known_keys(document, _DOCUMENT_KEYS, "the policy")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyTextError(f"Version {version!r} does not exist")
    statements = document.get("Statement")
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise PolicyTextError("Statement is missing, empty or not a list")
    return PolicyDocument(
        version=version,
        id=_text(document.get("Id", ""), "Id"),
        statements=tuple(
            _statement(index, item, version, {"Principal": principals, "Action": True, "Resource": resources})
            for index, item in enumerate(listed)
        ),
    )


def _load(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise PolicyTextError(f"{twice!r} occurs twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique, parse_float=_Number, parse_int=_Number)
    except json.JSONDecodeError as error:
        raise PolicyTextError(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise PolicyTextError("not a policy: nested too deeply") from error


def _statement(index: int, item: Any, version: str, needed: Mapping[str, bool]) -> Statement:
    where = f"statement {index}"
    if not isinstance(item, Mapping):
        raise PolicyTextError(f"{where} is not an object")
    _known_keys(item, _STATEMENT_KEYS, where)
    effect = item.get("Effect")
    if effect not in ("Allow", "Deny"):  # a tuple, because the value may be a list
        raise PolicyTextError(f"{where}: Effect must be Allow or Deny")
    for name, wanted in needed.items():
        given = sum(key in item for key in (name, f"Not{name}"))
        if given != wanted:
            rule = f"needs exactly one of {name} and Not{name}" if wanted else f"may not have {name} or Not{name}"
            raise PolicyTextError(f"{where} {rule}")
    return Statement(
        index=index,
        sid=_text(item.get("Sid", ""), f"{where}: Sid"),
        effect=Effect(effect),
        principals=_principals(item, "Principal", where),
        not_principals=_principals(item, "NotPrincipal", where),
        actions=_texts(item, "Action", where),
        not_actions=_texts(item, "NotAction", where),
        resources=_texts(item, "Resource", where),
        not_resources=_texts(item, "NotResource", where),
        conditions=tuple(_conditions(item.get("Condition", {}), where)),
        variables=version == _VERSIONS[1],
    )


def _principals(item: Mapping[str, Any], name: str, where: str) -> tuple[Principal, ...]:
    if name not in item:
        return ()
    value = item[name]
    if value == "*":
        return (Principal("AWS", "*"),)
    if not isinstance(value, Mapping) or not value:
        raise PolicyTextError(f'{where}: {name} must be "*" or an object')
    unknown = [key for key in value if key not in _PRINCIPAL_TYPES]
    if unknown:
        raise PolicyTextError(f"{where}: {name} has the unknown type {unknown[0]!r}")
    return tuple(Principal(kind, text) for kind in value for text in _texts(value, kind, f"{where}: {name}"))


def _conditions(block: Any, where: str) -> Iterable[Condition]:
    if not isinstance(block, Mapping):
        raise PolicyTextError(f"{where}: Condition is not an object")
    for name, keys in block.items():
        if not isinstance(keys, Mapping) or not keys:
            raise PolicyTextError(f"{where}: Condition {name} is not an object with keys")
        for key in keys:
            yield Condition(parse_operator(name), key.lower(), _texts(keys, key, f"{where}: {name}", scalars=True))


def _texts(item: Mapping[str, Any], name: str, where: str, *, scalars: bool = False) -> tuple[str, ...]:
    """The value or list of values under ``name``; with ``scalars`` booleans and numbers count as their JSON text."""
    if name not in item:
        return ()
    value = item[name]
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not values:
        raise PolicyTextError(f"{where}: {name} is an empty list")
    if scalars:
        values = [_scalar(entry) for entry in values]
    return tuple(_text(entry, f"{where}: {name}") for entry in values)


def _scalar(value: Any) -> Any:
    if isinstance(value, _Number):
        return str(value)
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise PolicyTextError(f"{where} holds {type(value).__name__} where a text is needed")
    return value


def _known_keys(item: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = [key for key in item if key not in known]
    if unknown:
        raise PolicyTextError(f"{where} has the unknown element {unknown[0]!r}")
