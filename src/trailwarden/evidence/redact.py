"""Takes out of a pack's inputs what its readers must not see, before anything is judged, rendered or hashed.

Secrets always; account ids and names on request. The same text becomes the same stand-in everywhere, so that relations stay visible, and
the pack is judged from the redacted replies, so that it can be verified like any other. Built-in policies are public and stay.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from trailwarden.calls import Call, Reply, canonical
from trailwarden.errors import OutputError, TrailwardenError, UsageError
from trailwarden.evidence.inputs import Inputs, PackFile, Request, pack_files
from trailwarden.ledger import Estate, Header, Ledger
from trailwarden.model import Json, Report
from trailwarden.policy.select import Ref
from trailwarden.registry import did_you_mean

KINDS = ("accounts", "names")
"""What can be asked for."""

_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,})"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|(?<=://)[^/\s:@\"']+:[^/\s@\"']+(?=@)"
    r"|(?i:(?<=secret_access_key=)|(?<=aws_session_token=)|(?<=password=))[^\s&\"',;]{6,}",
    re.DOTALL,
)
_ADVICE = "redact less, or leave out the policy that names accounts or resources"
_STAND_IN = "[redacted secret]"
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_ORGANIZATION = re.compile(r"(?<![A-Za-z0-9_-])o-[a-z0-9]{10,32}(?![A-Za-z0-9_-])")
_PRINCIPAL = re.compile(r"arn:[^:\s\"]*:(?:iam|sts)::[^:\s\"]*:(?:role|user|group|policy|assumed-role)/([\w+=,.@/-]+)")
_NAMED = frozenset(
    [
        "AccountAliases",
        "Name",
        "Bucket",
        "BucketName",
        "S3BucketName",
        "logGroupName",
        "SnsTopicName",
        "AlarmName",
        "filterName",
        "DisplayName",
        "Email",
        "S3KeyPrefix",
        "TopicName",
    ]
)
_ARN = re.compile(
    r"arn:[^:\s\"]*:(cloudtrail|cloudwatch|events|firehose|kms|lambda|logs|s3|sns|sqs):[^:\s\"]*:[^:\s\"]*:([^\s\"',\\]+)"
)
_TYPE = re.compile(r"(?:alarm|alias|deliverystream|event-bus|function|log-group|rule|trail)[:/]")
_UNTYPED = ("s3", "sns", "sqs")
"""Services whose ARNs end in the name alone."""
_WORD = r"A-Za-z0-9_.-"
_RUN = re.compile(rf"[{_WORD}]+")
_HOST = re.compile(r"(?=\.s3[.-])")

Replace = Callable[[str], str]


def parse_kinds(text: str) -> tuple[str, ...]:
    """Read ``accounts,names``.

    Raises:
        UsageError: something else.
    """
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for part in found:
        if part not in KINDS:
            raise UsageError(f"--redact: unknown kind {part!r}", did_you_mean(part, KINDS))
    return found


def redacted(inputs: Inputs, kinds: Sequence[str]) -> Inputs:
    """Return the inputs without secrets, and without what was asked for; ``surroundings.redacted`` counts distinct texts by kind."""
    counts: Counter[str] = Counter()
    secret = _secrets(counts)
    found = _apply(inputs, secret)
    if "accounts" in kinds:
        accounts = sorted({hit for text in _texts(found) for hit in _ACCOUNT.findall(text)})
        organizations = sorted({hit for text in _texts(found) for hit in _ORGANIZATION.findall(text)})
        stand_ins = {text: f"{number:012}" for number, text in enumerate(accounts, start=1)}
        stand_ins |= {text: f"o-{number:010}" for number, text in enumerate(organizations, start=1)}
        pattern = re.compile(f"{_ACCOUNT.pattern}|{_ORGANIZATION.pattern}")
        found = _apply(found, lambda text: pattern.sub(lambda hit: stand_ins[hit[0]], text))
        counts["accounts"] = len(stand_ins)
    if "names" in kinds:
        names = sorted(_names(found))
        found = _apply(found, _by_name(names))
        counts["names"] = len(names)
    kept = {kind: counts[kind] for kind in ("secrets", *KINDS) if counts[kind] or kind in kinds}
    if not kept:
        return inputs
    return dataclasses.replace(found, surroundings=dataclasses.replace(found.surroundings, redacted=kept))


def refuse_other_verdicts(before: Report, after: Report) -> None:
    """Refuse a redaction that changes what is concluded.

    Raises:
        OutputError: it does; the evidence would not be of this run.
    """
    if _outline(before) != _outline(after):
        raise OutputError("redaction would change verdicts: a policy or a check depends on what it hides", _ADVICE)


def refuse_damage(error: TrailwardenError) -> NoReturn:
    """Refuse a redaction after which the policies can't be judged at all, such as one whose names are words of the policy's own.

    Raises:
        OutputError: always.
    """
    raise OutputError(f"redaction would damage a policy or a waiver: {error.message}", _ADVICE) from error


def _outline(report: Report) -> Counter[tuple[str, str]]:
    return Counter((item.policy, item.status.value) for item in report.results)


def _secrets(counts: Counter[str]) -> Replace:
    seen: set[str] = set()

    def replace(text: str) -> str:
        def stand_in(hit: re.Match[str]) -> str:
            seen.add(hit[0])
            counts["secrets"] = len(seen)
            return _STAND_IN

        return _SECRETS.sub(stand_in, text)

    return replace


def _by_name(names: Iterable[str]) -> Replace:
    """Return what replaces names where they stand as a whole, at the end of a sentence, or before ``.s3.`` in the address of a bucket.

    A name of word characters is a whole run of them, and looked up: an account may have thousands. Only the others are searched for.
    """
    stand_ins = {name: f"name-{number:04}" for number, name in enumerate(names, start=1)}
    if not stand_ins:
        return lambda text: text
    odd = (name for name in stand_ins if _RUN.fullmatch(name) is None)
    longest_first = [re.escape(name) for name in sorted(odd, key=lambda name: (-len(name), name))]
    searched = rf"(?<![{_WORD}])(?:{'|'.join(longest_first)})(?![{_WORD}])|" if longest_first else ""
    pattern = re.compile(searched + _RUN.pattern)

    def stand_in(hit: re.Match[str]) -> str:
        found = hit[0]
        name = next((name for name in (found, found.rstrip("."), _HOST.split(found)[0]) if name in stand_ins), "")
        return stand_ins[name] + found[len(name) :] if name else found

    return lambda text: pattern.sub(stand_in, text)


def _names(inputs: Inputs) -> set[str]:
    """Return the names that replies give to trails, buckets, groups, topics, roles, people and accounts."""
    found: set[str] = set()
    for key, text in _strings(inputs):
        if key in _NAMED and not text.startswith("arn:"):
            found.add(text)
        elif key == "AliasName":
            found.add(text.removeprefix("alias/"))
        for match in _PRINCIPAL.finditer(text):
            found.update(match[1].split("/"))
        found.update(_in_arn(match[1], match[2]) for match in _ARN.finditer(text))
    estate = inputs.ledger.header.estate
    found.update(member.name for member in (estate.members if estate else ()))
    user = inputs.ledger.header.caller.get("user_id", "")
    found.update(user.split(":")[1:])
    return {name for name in found if len(name) > 1 and not name.isdigit() and "*" not in name}


def _in_arn(service: str, resource: str) -> str:
    """Return the name at the end of an ARN, empty for what is an id, such as a key's."""
    kind = _TYPE.match(resource)
    if kind is None:
        return resource.split("/" if service == "s3" else ":", maxsplit=1)[0] if service in _UNTYPED else ""
    return resource[kind.end() :].split(":", maxsplit=1)[0]


def _strings(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield every text of the ledger with the key it stands under."""

    def walk(key: str, value: Json) -> Iterator[tuple[str, str]]:
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            for name, item in value.items():
                yield from walk(name, item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(key, item)

    yield from walk("", inputs.ledger.header.to_json())
    for call, reply in inputs.ledger.replies.items():
        yield from walk("", call.arguments)
        yield from walk("", reply.body)
        if reply.error is not None:
            yield "", reply.error.message


def _texts(inputs: Inputs) -> Iterator[str]:
    yield from (text for _, text in _strings(inputs))
    yield from (call.account for call in inputs.ledger.replies)
    yield from (item.data.decode("utf-8", "replace") for item in inputs.files if not item.builtin)
    yield from (item.name for item in inputs.files)
    yield from inputs.request.exclude
    yield from inputs.surroundings.ci.values()


_NAMES_ACCOUNTS = ("evidence_id", "key", "authority")


def without_accounts(facts: Mapping[str, str]) -> dict[str, str]:
    """Return facts about a pack's key or predecessor, known only after its inputs were redacted, without account ids.

    Keys and digests stay: twelve digits in them are none.
    """
    return {key: _ACCOUNT.sub("0" * 12, value) if key in _NAMES_ACCOUNTS else value for key, value in facts.items()}


def _apply(inputs: Inputs, replace: Replace) -> Inputs:
    def walk(value: Json) -> Json:
        if isinstance(value, str):
            return replace(value)
        if isinstance(value, dict):
            return {replace(key): walk(item) for key, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    def entry(call: Call, reply: Reply) -> tuple[Call, Reply]:
        asked = Call(replace(call.account), call.region, call.service, call.operation, canonical(walk(call.arguments)))
        error = reply.error and dataclasses.replace(reply.error, message=replace(reply.error.message))
        return asked, dataclasses.replace(reply, body=walk(reply.body), error=error)

    header = inputs.ledger.header
    hidden = Header(
        clock=header.clock,
        caller={key: replace(value) for key, value in header.caller.items()},
        accounts=tuple(map(replace, header.accounts)),
        regions=header.regions,
        partition=header.partition,
        versions=header.versions,
        synthetic=header.synthetic,
        estate=Estate.of(walk(header.estate.to_json())) if header.estate else None,
    )
    around = inputs.surroundings
    return dataclasses.replace(
        inputs,
        ledger=Ledger(hidden, (entry(call, reply) for call, reply in inputs.ledger.replies.items())),
        request=_request(inputs.request, replace),
        files=_files(inputs.files, replace),
        surroundings=dataclasses.replace(around, ci={key: replace(value) for key, value in around.ci.items()}),
    )


def _request(request: Request, replace: Replace) -> Request:
    rendering = request.rendering
    return dataclasses.replace(
        request,
        refs=tuple(_ref(item, replace) for item in request.refs),
        exclude=tuple(map(replace, request.exclude)),
        rendering=dataclasses.replace(
            rendering, sarif_category=replace(rendering.sarif_category), sarif_anchor=replace(rendering.sarif_anchor)
        ),
    )


def _ref(item: Ref, replace: Replace) -> Ref:
    anchor = item.anchor and dataclasses.replace(item.anchor, file=replace(item.anchor.file))
    return Ref(replace(item.text), anchor)


def _files(files: Sequence[PackFile], replace: Replace) -> tuple[PackFile, ...]:
    """Return the files with other contents and names; paths follow from names, each kind on its own."""
    found: list[PackFile] = []
    for kind in dict.fromkeys(item.kind for item in files):
        found += pack_files(kind, (_file(item, replace) for item in files if item.kind == kind))
    return tuple(found)


def _file(item: PackFile, replace: Replace) -> tuple[str, bytes, bool]:
    if item.builtin:
        return item.name, item.data, True
    text = item.data.decode("utf-8", "surrogateescape")
    return replace(item.name), replace(text).encode("utf-8", "surrogateescape"), False
