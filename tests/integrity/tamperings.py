"""Every kind of tampering and mishap, each at one hour of a chain, with exactly what it must cause to be found."""

import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.integrity.chains import StoredObject, log_body, signing_key, stored
from tests.integrity.integrity_kit import NOW, Case, recompressed


@dataclass(frozen=True)
class Tampering:
    """`apply` changes a case at an hour; `expected` are the verdicts and reasons that must be found, nothing else.

    `span` is the number of hours touched: two tamperings on a chain must not overlap to be judged independently.
    """

    apply: Callable[[Case, int], None]
    expected: tuple[tuple[str, str], ...]
    span: int = 1


def log(case: Case, hour: int, number: int = 0) -> str:
    return case.links[hour].logs[number]


def _body(case: Case, key: str) -> bytes:
    return case.objects[key].body


def _metadata(case: Case, hour: int, **changes: str | None) -> None:
    key = case.links[hour].key
    old = case.objects[key]
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    merged = {**dict(old.metadata), **named}
    case.objects[key] = StoredObject(
        old.body, old.etag, "2026-03-12T00:00:00.000Z", tuple((n, v) for n, v in merged.items() if v is not None)
    )


def _digest(case: Case, hour: int, change: Callable[[dict[str, Any]], None]) -> None:
    key = case.links[hour].key
    case.put(key, recompressed(_body(case, key), change))


def _drop_log(data: dict[str, Any]) -> None:
    data["logFiles"] = data["logFiles"][1:]


def _rename_event(data: Any) -> None:
    data["Records"][0]["eventName"] = "ListBuckets"


def _bomb() -> bytes:
    return gzip.compress(bytes(4 << 20), mtime=0)


def _member() -> bytes:
    return gzip.compress(b'{"Records":[]}', mtime=0)


def _swap(case: Case, hour: int) -> None:
    # The pool of bodies is small: take two logs with different content.
    keys = case.links[hour].logs + case.links[hour + 1].logs
    one = keys[0]
    other = next(key for key in keys if _body(case, key) != _body(case, one))
    first, second = _body(case, one), _body(case, other)
    case.put(one, second)
    case.put(other, first)


def _inject(case: Case, hour: int, name: str = "Injected00000000") -> None:
    middle = (case.links[hour].start + case.links[hour].end) // 2
    key = case.spec.log_key(middle - middle % 300, random.Random(name))
    case.objects[key] = stored(log_body(random.Random(7), 1), None, NOW)


def _foreign(case: Case, hour: int) -> None:
    folder = log(case, hour).rpartition("/")[0]
    case.objects[f"{folder}/extra-{hour}.json.gz"] = stored(log_body(random.Random(7), 1), None, NOW)


def _delete(hours: int) -> Callable[[Case, int], None]:
    def apply(case: Case, hour: int) -> None:
        for link in case.links[hour : hour + hours]:
            del case.objects[link.key]

    return apply


def _delete_logs(case: Case, hour: int) -> None:
    for key in case.links[hour].logs:
        del case.objects[key]


def _unsign(case: Case, hour: int) -> None:
    _digest(case, hour, _drop_log)
    _metadata(case, hour, signature=None)


def _copy_over(case: Case, hour: int) -> None:
    other = case.objects[case.links[hour + 1].key]
    case.put(case.links[hour].key, other.body, dict(other.metadata))


def _resign(case: Case, hour: int) -> None:
    """A forger changes the digest and signs it with a key of his own."""
    _digest(case, hour, _drop_log)
    _metadata(case, hour, signature=signing_key("forger").sign(b"anything"))


def _forge_key(case: Case, hour: int) -> None:
    """... and names that key, which AWS does not know."""

    def change(data: dict[str, Any]) -> None:
        _drop_log(data)
        data["digestPublicKeyFingerprint"] = signing_key("forger").fingerprint

    _digest(case, hour, change)
    _metadata(case, hour, signature=signing_key("forger").sign(b"anything"))


def _half(case: Case, key: str) -> None:
    case.put(key, _body(case, key)[: len(_body(case, key)) // 2])


def _flip_crc(case: Case, key: str) -> None:
    body = bytearray(_body(case, key))
    body[-8] ^= 1
    case.put(key, bytes(body))


def _corrupt(case: Case, key: str) -> None:
    body = _body(case, key)
    case.put(key, body[:10] + b"\xff" * 40 + body[50:])


def _plain(case: Case, key: str) -> None:
    case.put(key, gzip.decompress(_body(case, key)))


def _other_level(case: Case, key: str) -> None:
    case.put(key, gzip.compress(gzip.decompress(_body(case, key)), 1, mtime=77))


def _named_header(case: Case, key: str) -> None:
    """A gzip header with every optional field and a cut trailer: only the careful second look can read it."""
    raw = gzip.decompress(_body(case, key))
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x02\x00ab" + b"name\0" + b"comment\0" + b"\0\0"
    case.put(key, head + deflate.compress(raw) + deflate.flush())


def on_log(change: Callable[[Case, str], None]) -> Callable[[Case, int], None]:
    return lambda case, hour: change(case, log(case, hour))


def on_digest(change: Callable[[Case, str], None]) -> Callable[[Case, int], None]:
    return lambda case, hour: change(case, case.links[hour].key)


def fault(name: str, *, digest: bool = False) -> Callable[[Case, int], None]:
    def apply(case: Case, hour: int) -> None:
        case.faults[case.links[hour].key if digest else log(case, hour)] = name

    return apply


def _modify(case: Case, key: str) -> None:
    case.put(key, recompressed(_body(case, key), _rename_event))


#: Done to a bucket after delivery, in the middle of a chain.
TAMPERINGS: dict[str, Tampering] = {
    "log: an event renamed": Tampering(on_log(_modify), (("modified", "content-hash"),)),
    "log: deleted": Tampering(on_log(lambda c, k: c.objects.__delitem__(k)), (("missing", "log-deleted"),)),
    "log: all of an hour deleted": Tampering(_delete_logs, (("missing", "log-deleted"),) * 3),
    "log: gzip member appended": Tampering(
        on_log(lambda c, k: c.put(k, _body(c, k) + _member())), (("container-anomaly", "trailing-data"),)
    ),
    "log: garbage appended": Tampering(
        on_log(lambda c, k: c.put(k, _body(c, k) + b"\0" * 9)), (("container-anomaly", "trailing-data"),)
    ),
    "log: trailer cut": Tampering(on_log(lambda c, k: c.put(k, _body(c, k)[:-8])), (("container-anomaly", "trailer"),)),
    "log: trailer half cut": Tampering(
        on_log(lambda c, k: c.put(k, _body(c, k)[:-3])), (("container-anomaly", "trailer"),)
    ),
    "log: checksum flipped": Tampering(on_log(_flip_crc), (("container-anomaly", "trailer"),)),
    "log: odd header, no trailer": Tampering(on_log(_named_header), (("container-anomaly", "trailer"),)),
    "log: cut in half": Tampering(on_log(_half), (("modified", "truncated"),)),
    "log: stream corrupted": Tampering(on_log(_corrupt), (("modified", "corrupt"),)),
    "log: stored uncompressed": Tampering(on_log(_plain), (("modified", "not-gzip"),)),
    "log: emptied": Tampering(on_log(lambda c, k: c.put(k, b"")), (("modified", "not-gzip"),)),
    "log: only a gzip header": Tampering(on_log(lambda c, k: c.put(k, _body(c, k)[:10])), (("modified", "not-gzip"),)),
    "log: decompression bomb": Tampering(
        on_log(lambda c, k: c.put(k, _bomb())), (("container-anomaly", "inflates-beyond-limit"),)
    ),
    "log: bomb without trailer": Tampering(
        on_log(lambda c, k: c.put(k, _bomb()[:-8])), (("container-anomaly", "inflates-beyond-limit"),)
    ),
    "log: two exchanged": Tampering(_swap, (("modified", "content-hash"),) * 2, span=2),
    "log: recompressed, same content": Tampering(on_log(_other_level), ()),
    "log: injected": Tampering(_inject, (("unreferenced", "injected"),)),
    "log: file of another name": Tampering(_foreign, (("unreferenced", "foreign-object"),)),
    "log: access refused": Tampering(fault("denied"), (("unreadable", "access-denied"),)),
    "log: archived": Tampering(fault("archived"), (("unreadable", "archived"),)),
    "log: encryption key disabled": Tampering(fault("kms"), (("unreadable", "kms"),)),
    "log: throttled": Tampering(fault("throttled"), (("inconclusive", "throttled"),)),
    "log: connection cut": Tampering(fault("network"), (("inconclusive", "network"),)),
    "digest: deleted": Tampering(_delete(1), (("missing", "digest-deleted"),)),
    "digest: three in a row deleted": Tampering(_delete(3), (("missing", "digest-deleted"),), span=3),
    "digest: a log taken out": Tampering(lambda c, h: _digest(c, h, _drop_log), (("modified", "signature"),)),
    "digest: re-signed by a forger": Tampering(_resign, (("modified", "signature"),)),
    "digest: re-signed, forger's key named": Tampering(_forge_key, (("modified", "content-hash"),)),
    "digest: signature removed": Tampering(lambda c, h: _metadata(c, h, signature=None, signature_algorithm=None), ()),
    "digest: signature and a log removed": Tampering(_unsign, (("modified", "signature"),)),
    "digest: signature overwritten": Tampering(
        lambda c, h: _metadata(c, h, signature="ab" * 128), (("container-anomaly", "signature-metadata"),)
    ),
    "digest: signature no hexadecimal": Tampering(
        lambda c, h: _metadata(c, h, signature="xyz"), (("container-anomaly", "signature-metadata"),)
    ),
    "digest: another algorithm named": Tampering(
        lambda c, h: _metadata(c, h, signature_algorithm="SHA1withRSA"), (("container-anomaly", "signature-algorithm"),)
    ),
    "digest: no algorithm named": Tampering(
        lambda c, h: _metadata(c, h, signature_algorithm=None), (("container-anomaly", "signature-algorithm"),)
    ),
    "digest: gzip member appended": Tampering(
        on_digest(lambda c, k: c.put(k, _body(c, k) + _member())), (("container-anomaly", "trailing-data"),)
    ),
    "digest: trailer cut": Tampering(
        on_digest(lambda c, k: c.put(k, _body(c, k)[:-8])), (("container-anomaly", "trailer"),)
    ),
    "digest: recompressed": Tampering(on_digest(_other_level), ()),
    "digest: cut in half": Tampering(on_digest(_half), (("modified", "truncated"),)),
    "digest: stream corrupted": Tampering(on_digest(_corrupt), (("modified", "corrupt"),)),
    "digest: stored uncompressed": Tampering(on_digest(_plain), (("modified", "not-gzip"),)),
    "digest: another JSON": Tampering(
        on_digest(lambda c, k: c.put(k, gzip.compress(json.dumps([1]).encode()))), (("modified", "not-a-digest"),)
    ),
    "digest: no JSON": Tampering(
        on_digest(lambda c, k: c.put(k, gzip.compress(b"{"))), (("modified", "not-a-digest"),)
    ),
    "digest: decompression bomb": Tampering(
        on_digest(lambda c, k: c.put(k, _bomb())), (("container-anomaly", "inflates-beyond-limit"),)
    ),
    "digest: another hour's copied over it": Tampering(_copy_over, (("chain-broken", "location"),), span=2),
    "digest: access refused": Tampering(fault("denied", digest=True), (("unreadable", "access-denied"),)),
    "digest: archived": Tampering(fault("archived", digest=True), (("unreadable", "archived"),)),
    "digest: throttled": Tampering(fault("throttled", digest=True), (("inconclusive", "throttled"),)),
    "digest: connection cut": Tampering(fault("network", digest=True), (("inconclusive", "network"),)),
}
