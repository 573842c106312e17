"""What an evidence pack adds to its reports, in plain text: the Markdown and the HTML report show the same, each in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from trailwarden.grouping import is_large
from trailwarden.model import Evidence, Json, Population, Report, Status
from trailwarden.presentation import failing_since

MOST_CALLS = 2000
"""Calls that a report lists one by one; beyond, it points at the files that hold them."""

RIGHTS = (
    "Permissions that the calls of this run needed. The caller may hold others: the tool sends nothing but the operations on its own list of reads, "
    "whatever its credentials allow."
)

Pairs = list[tuple[str, str]]

_CI = {
    "system": "CI system",
    "url": "CI run",
    "attempt": "CI attempt",
    "workflow": "CI workflow",
    "repository": "Repository",
    "ref": "Branch or tag",
    "commit": "Commit",
    "actor": "Started by",
}
_PAYLOAD_TYPE = "application/vnd.in-toto+json"


def origin(evidence: Evidence) -> Pairs:
    """Return where the run took place, and the plugins that took part."""
    found = [(title, evidence.ci[name]) for name, title in _CI.items() if evidence.ci.get(name)]
    if not evidence.ci:
        found.append(("CI system", "none that is known: run by hand, or elsewhere"))
    return [*found, *((f"Plugin of check {name}", text) for name, text in sorted(evidence.plugins.items()))]


def time(evidence: Evidence) -> Pairs:
    """Return AWS's own dates, the skew of the local clock, and the pack before this one."""
    clock, total = evidence.clock, len(evidence.entries)
    dated = int(clock.get("dated") or 0)
    found: Pairs = []
    if dated:
        found.append(("First and last date that AWS sent", f"{clock['first']} and {clock['last']}"))
    found.append(("Replies that carry AWS's date", f"{dated} of {total}"))
    skew = clock.get("skew_seconds")
    if skew is None:
        found.append(
            ("Local clock minus AWS's clock", "not known: no dated answer was read together with the local clock")
        )
    else:
        found.append(("Local clock minus AWS's clock", f"{skew:+d} s, give or take 2 s"))
    if evidence.previous:
        before = evidence.previous
        found.append(("Previous evidence", f"{before['evidence_id']}, made {before['started_at']}"))
        found.append(("Its digest", before["digest"]))
    else:
        found.append(("Previous evidence", "none: the first of its chain"))
    return found


def circumstances(evidence: Evidence) -> Pairs:
    """Return where and when the run took place."""
    return [*origin(evidence), *time(evidence)]


def judged(report: Report) -> dict[tuple[str, str], int]:
    """Return by (account, population) how many of its subjects have a result of their own, or stand behind one of the account's."""
    about = {rule.id: rule.subject for rule in report.rules}
    seen: dict[tuple[str, str], set[str]] = {}
    for row in report.results:
        seen.setdefault((row.account, row.subject_type), set()).add(row.subject)
        listed = row.observed.get("candidates")
        if row.subject_type == "account" and isinstance(listed, list | tuple):
            behind = seen.setdefault((row.account, about.get(row.policy, "")), set())
            behind.update(str(item.get("subject", "")) for item in listed)
    return {(item.account, item.name): len(seen.get((item.account, item.name), ())) for item in report.populations}


def populations(report: Report) -> list[tuple[Population, int]]:
    """Return each population with the number of its subjects that were judged; of a large organization those of all accounts as one."""
    counts = judged(report)
    if not is_large(report):
        return [(item, counts[item.account, item.name]) for item in report.populations]
    merged: dict[tuple[str, str], list[Population]] = {}
    for item in report.populations:
        merged.setdefault((item.name, item.source), []).append(item)
    return [(_merged(found), sum(counts[item.account, item.name] for item in found)) for found in merged.values()]


def _merged(found: list[Population]) -> Population:
    times = Counter(pair for item in found for pair in item.excluded)
    excluded = tuple(
        (name, why if number == 1 else f"{why}, in {number} accounts") for (name, why), number in times.items()
    )
    return replace(
        found[0],
        account=found[0].account if len(found) == 1 else f"{len(found)} accounts",
        items=sum(item.items for item in found),
        pages=sum(item.pages for item in found),
        excluded=excluded,
        not_reached=tuple(reason for item in found for reason in item.not_reached),
    )


def sampling(report: Report) -> str:
    """Return whether the populations are complete, in words."""
    if report.populations and report.run.complete and not any(item.not_reached for item in report.populations):
        return (
            "No sampling: 100 % of these populations was considered, except what is listed as excluded. An item without a result is one that "
            "no selected policy is about."
        )
    return "No sampling was used, but completeness is not established: something was not reached, or was not recorded."


def counts(evidence: Evidence) -> list[tuple[str, ...]]:
    """Return second counts: account, what, count and source, other count and source, whether they agree."""
    return [
        (
            item.account,
            item.name,
            str(item.counted),
            item.source,
            str(item.other),
            item.other_source,
            "agree" if item.counted == item.other else "DIFFER",
        )
        for item in evidence.counts
    ]


def calls(evidence: Evidence) -> list[tuple[str, ...]]:
    """Return every call: id, operation, account, region, AWS's date, request id, outcome, file of the pack."""
    rows: list[tuple[str, ...]] = []
    for identity, entry in evidence.entries.items():
        error = entry.get("error")
        pages = int(entry.get("pages", 1))
        rows.append(
            (
                identity,
                f"{entry['service']}.{entry['operation']}",
                str(entry["account"]),
                str(entry["region"]),
                str(entry.get("date", "")),
                str(entry.get("request_id", "")),
                f"error {error['code']}" if error else "answered" if pages == 1 else f"answered, {pages} pages",
                evidence.paths.get(identity, ""),
            )
        )
    return rows


def attempts(evidence: Evidence) -> str:
    """Return how many calls were answered only after they had been sent again."""
    found = [int(entry.get("retries", 0)) for entry in evidence.entries.values()]
    again = sum(number > 0 for number in found)
    if not again:
        return f"All {len(found)} calls were answered at the first attempt: none was throttled or failed on the way."
    return f"{again} of {len(found)} calls were answered only after they had been sent again, throttled or failed on the way: {sum(found)} attempts more."


def listed(evidence: Evidence, most: int) -> Mapping[str, Mapping[str, Json]]:
    """Return the ledger's lines by call id as far as a report lists them one by one: all, or none where they are more than ``most``."""
    return evidence.entries if len(evidence.entries) <= most else {}


TOO_MANY = "The calls are too many to be listed here; `raw/` holds them by account, region and operation."


def redaction(evidence: Evidence) -> str:
    """Return what was taken out before anything was judged and hashed, or an empty text."""
    named = {"secrets": "secrets", "accounts": "account and organization ids", "names": "names"}
    found = [f"{evidence.redacted[kind]} {text}" for kind, text in named.items() if kind in evidence.redacted]
    if not found:
        return ""
    return (
        f"Redacted before judging and hashing: {', '.join(found)}, in replies and in the user's own files. "
        "The same text has the same stand-in everywhere; the verdicts are those of the unredacted run."
    )


def integrity(evidence: Evidence) -> Pairs:
    """Return who signs the pack, and with which key."""
    signer = evidence.signer
    if not signer:
        return [("Signature", "none: the digests below show accidents, not intent")]
    found = [
        ("Signature", f"{signer['algorithm']}, in evidence.sigstore.json over statement.json"),
        ("Key, SHA-256 of its DER form", signer["keyid"]),
    ]
    if signer.get("key"):
        found.append(("Key in AWS KMS", signer["key"]))
    if signer.get("authority"):
        found.append(("Timestamp", f"RFC 3161, by {signer['authority']}"))
    return found


def script(evidence: Evidence) -> str:
    """Return a shell script that verifies the pack with coreutils, jq and openssl alone; its argument is the public key."""
    listed = (
        "set -eu; T=$(mktemp -d)\n"
        "sha256sum --quiet --strict -c SHA256SUMS\n"
        "find . ! -type d | sed 's|^\\./||' | LC_ALL=C sort > \"$T/there\"\n"
        "{ cut -c67- SHA256SUMS; printf '%s\\n' SHA256SUMS predicate.json statement.json"
        + (" evidence.sigstore.json" if evidence.signer else "")
        + (" evidence.tsr" if evidence.signer.get("authority") else "")
        + '; } | LC_ALL=C sort | diff - "$T/there"\n'
        'jq -e --arg digest "$(sha256sum < SHA256SUMS | cut -c-64)" \\\n'
        "  'any(.subject[]; .name == \"SHA256SUMS\" and .digest.sha256 == $digest)' statement.json > /dev/null\n"
        'jq -S .predicate statement.json > "$T/predicate"; jq -S . predicate.json | cmp - "$T/predicate"\n'
    )
    if not evidence.signer:
        return f"{listed}echo 'digests agree; the pack is not signed'"
    verify = (
        'openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$T/signed" -sigfile "$T/signature"'
        if evidence.signer["algorithm"] == "ed25519"
        else 'openssl dgst -sha256 -verify "$1" -signature "$T/signature" "$T/signed"'
    )
    signed = (
        "jq -j .dsseEnvelope.payload evidence.sigstore.json | base64 -d | cmp - statement.json\n"
        "jq -j '.dsseEnvelope.signatures[0].sig' evidence.sigstore.json | base64 -d > \"$T/signature\"\n"
        f'{{ printf \'DSSEv1 {len(_PAYLOAD_TYPE)} {_PAYLOAD_TYPE} %d \' "$(wc -c < statement.json)"; cat statement.json; }} > "$T/signed"\n'
        f"{verify}\n"
    )
    if evidence.signer.get("authority"):
        signed += (
            "jq -j '.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp' evidence.sigstore.json \\\n"
            "  | base64 -d | cmp - evidence.tsr\n"
            'openssl ts -verify -in evidence.tsr -data "$T/signature" -CAfile "$2"\n'
        )
    return f"{listed}{signed}".rstrip("\n")


def history(report: Report, evidence: Evidence) -> list[tuple[str, str, Sequence[Status | None], str]]:
    """Return for each verdict its policy, account, its statuses over the earlier packs and this one, and since when it fails."""
    if not evidence.history:
        return []
    instants = [*(moment.at for moment in evidence.history), report.run.started_at]
    found: list[tuple[str, str, Sequence[Status | None], str]] = []
    for verdict in report.policies:
        earlier = (moment.verdicts.get((verdict.id, verdict.account)) for moment in evidence.history)
        statuses = [*earlier, verdict.status]
        found.append((verdict.id, verdict.account, statuses, failing_since(statuses, instants)))
    return found
