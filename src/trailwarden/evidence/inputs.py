"""What a pack is made from: the ledger, the files that were read, what was asked and in which surroundings. On disk: ``pack.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trailwarden.contract import RenderOptions
from trailwarden.errors import LedgerError
from trailwarden.evidence.manifest import safe_part, sha256
from trailwarden.ledger import Ledger, parse_ledger
from trailwarden.model import Json, Severity
from trailwarden.policy.model import Place, PolicyFile
from trailwarden.policy.select import Ref

FORMAT = 1
PACK = "pack.json"
LEDGER = "ledger.jsonl"

FileKind = Literal["policies", "waivers", "baseline", "config"]

_SCALARS = ("group_by", "sarif_category", "sarif_anchor", "sarif_group", "junit_strict", "junit_granularity")


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file that the run read. ``name`` is how messages call it, ``path`` where the pack holds its bytes."""

    path: str
    kind: FileKind
    name: str
    data: bytes
    builtin: bool = False

    def policy_file(self) -> PolicyFile:
        """Return it as policies and waivers are read from it.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        text = self.data.decode("utf-8")
        plain = text.removeprefix("\ufeff")
        return PolicyFile(self.name, plain, self.builtin, text[: len(text) - len(plain)])


@dataclass(frozen=True, slots=True)
class Request:
    """Which policies were asked for, and how reports are rendered."""

    refs: tuple[Ref, ...]
    exclude: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    rendering: RenderOptions = field(default_factory=RenderOptions)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true of the pack rather than of the account.

    ``previous`` has the keys evidence_id, digest (SHA-256 of its SHA256SUMS) and started_at; ``signer`` keyid, algorithm and public_key
    (PEM), key for a key in KMS and authority for a timestamp; ``redacted`` counts what was replaced, by kind. Each is empty where there is none.
    """

    ci: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    signer: Mapping[str, str] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a pack is a function of."""

    ledger: Ledger
    request: Request
    files: tuple[PackFile, ...]
    surroundings: Surroundings = field(default_factory=Surroundings)

    def of_kind(self, kind: FileKind) -> list[PackFile]:
        """Return the files of a kind."""
        return [item for item in self.files if item.kind == kind]

    def to_files(self) -> dict[str, bytes]:
        """Return the inputs as the pack holds them, by path."""
        return {
            PACK: _pretty(self._description()),
            LEDGER: self.ledger.to_bytes(),
            **{item.path: item.data for item in self.files},
        }

    def _description(self) -> dict[str, Json]:
        request = self.request
        return {
            "trailwarden_pack": FORMAT,
            "policies": [
                {"ref": ref.text, "selected_at": dataclasses.asdict(ref.anchor) if ref.anchor else None}
                for ref in request.refs
            ],
            "exclude": list(request.exclude),
            "tags": list(request.tags),
            "severities": [item.value for item in request.severities],
            "rendering": {name: getattr(request.rendering, name) for name in _SCALARS},
            "files": [
                {
                    "path": item.path,
                    "kind": item.kind,
                    "name": item.name,
                    "builtin": item.builtin,
                    "sha256": sha256(item.data),
                }
                for item in self.files
            ],
            **{item.name: dict(getattr(self.surroundings, item.name)) for item in dataclasses.fields(Surroundings)},
        }


def pack_files(kind: FileKind, files: Iterable[tuple[str, bytes, bool]]) -> tuple[PackFile, ...]:
    """Return files (name, bytes, whether built-in) with paths below the folder of their kind, each its own, also where case is ignored."""
    found: dict[str, PackFile] = {}
    for name, data, builtin in files:
        parts = [safe_part(part) for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        parts = parts or ["_"]
        path, number = "/".join((kind, *parts)), 2
        while path.lower() in found:
            path = "/".join((kind, *parts[:-1], f"{number}-{parts[-1]}"))
            number += 1
        found[path.lower()] = PackFile(path, kind, name, data, builtin)
    return tuple(found.values())


def read_inputs(files: Mapping[str, bytes]) -> Inputs:
    """Return the inputs that a pack's files hold.

    Raises:
        ValueError: something is missing or is not what ``Inputs.to_files`` writes; the message begins with the file's name.
    """
    described = _parsed(files, PACK)
    if described.get("trailwarden_pack") != FORMAT:
        raise ValueError(f"{PACK}: format {described.get('trailwarden_pack')!r}, this release reads {FORMAT}")
    if LEDGER not in files:
        raise ValueError(f"{LEDGER}: missing")
    try:
        ledger = parse_ledger(files[LEDGER].decode("utf-8", "surrogatepass"), LEDGER)
    except (LedgerError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{LEDGER}: {error}") from error
    try:
        return Inputs(ledger, _request(described), _files(described, files), _surroundings(described))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{PACK}: {type(error).__name__}: {error}") from error


def _parsed(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in files:
        raise ValueError(f"{name}: missing")
    try:
        found = json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{name}: not an object")  # noqa: TRY004 - of the file, not of an argument
    return found


def _request(described: Mapping[str, Any]) -> Request:
    return Request(
        refs=tuple(
            Ref(str(item["ref"]), Place(**item["selected_at"]) if item["selected_at"] else None)
            for item in described["policies"]
        ),
        exclude=tuple(map(str, described["exclude"])),
        tags=tuple(map(str, described["tags"])),
        severities=tuple(Severity(item) for item in described["severities"]),
        rendering=RenderOptions(**{name: described["rendering"][name] for name in _SCALARS}),
    )


def _files(described: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[PackFile, ...]:
    found = []
    for item in described["files"]:
        path = str(item["path"])
        if path not in files:
            raise ValueError(f"{path}: missing")
        found.append(PackFile(path, item["kind"], str(item["name"]), files[path], bool(item["builtin"])))
    return tuple(found)


def _surroundings(described: Mapping[str, Any]) -> Surroundings:
    return Surroundings(**{item.name: dict(described[item.name]) for item in dataclasses.fields(Surroundings)})


def _pretty(value: Json) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")
