"""Sample reports: a realistic one, an empty one, a hostile one and a large one. Used by the tests and by benchmarks/reporters.py."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from trailwarden.model import (
    CheckText,
    Exclusion,
    Member,
    PolicyResult,
    Population,
    Reason,
    ReasonCode,
    Report,
    Result,
    Rule,
    Run,
    Severity,
    Status,
)
from trailwarden.results import fingerprint, with_run_id

MANAGEMENT, MEMBER, ARCHIVE = "111122223333", "444455556666", "777788889999"
ACCOUNTS = (MANAGEMENT, MEMBER, ARCHIVE)

HOSTILE = (
    "a|b||c",
    "back`tick ``two`` ```three",
    "]]></failure><x>",
    "<script>alert(1)</script>",
    "control\x00\x07\x1b[31mred\x9b\x7f",
    "lone\ud800surrogate\udfff",
    "bidi\u202egnp.exe\u2066\u200f",
    "N" * 10_000,
    "\n::error file=x::boom\n  ::add-mask::y",
    "##vso[task.complete result=Succeeded]",
    "emoji 🦊👩\u200d🚀 ünïcode",
    "tail\\| \\\\| pipe\\",
    "two\r\nlines\u2028three\ufffe",
    "https://evil.example/ @someone #12 mail@evil.example &amp; www.evil.example [x](http://y) ![i](z) ~~s~~ __b__ *e*",
    "=cmd|' /C calc'!A0",
    "",
)


def rule(identity: str, **changes: Any) -> Rule:
    """A policy of the user's own repository, unless `changes` say otherwise."""
    base = Rule(
        id=identity,
        title=identity.replace("-", " ").capitalize(),
        description=f"Requires {identity}.",
        severity=Severity.HIGH,
        tags=("logging",),
        owner="security-platform",
        pack="",
        quantifier="all",
        subject="trail",
        checks=(identity,),
        controls={"cis-aws-5.0": ("3.1",), "nist-800-53-r5": ("AU-9", "AU-12")},
        basis={"cis-aws-5.0": "stated"},
        remediation={
            "text": "Turn it on.",
            "cli": "aws cloudtrail update-trail --name main",
            "terraform": "enabled = true",
        },
        file="policies/audit.yaml",
        line=7,
        column=3,
        end_line=12,
        end_column=20,
        snippet=f"id: {identity}\ncheck: {identity}",
        sha256=hashlib.sha256(identity.encode()).hexdigest(),
    )
    return replace(base, **changes)


def result(policy: str, account: str, name: str, status: Status, **changes: Any) -> Result:
    """One row of a trail called `name`."""
    subject = f"arn:aws:cloudtrail:eu-central-1:{account}:trail/{name}"
    base = Result(
        policy=policy,
        check=policy,
        account=account,
        region="eu-central-1",
        subject=subject,
        subject_type="trail",
        status=status,
        severity=Severity.HIGH,
        message=f"{name} is {'as required' if status is Status.PASS else 'not as required'}",
        observed={"setting": status is Status.PASS},
        expected={"setting": True},
        reason=None,
        params={},
        calls=("0123456789abcdef",),
        subject_name=name,
    )
    made = replace(base, **changes)
    if made.fingerprint:
        return made
    return replace(made, fingerprint=fingerprint(made.policy, made.check, made.account, made.region, made.subject))


def verdicts(rules: Iterable[Rule], results: Iterable[Result]) -> tuple[PolicyResult, ...]:
    """The policy results that follow from rows."""
    order = [Status.FAIL, Status.ERROR, Status.PASS, Status.WAIVED, Status.NOT_APPLICABLE]
    grouped: dict[tuple[str, str], list[Status]] = {}
    for row in results:
        grouped.setdefault((row.policy, row.account), []).append(row.status)
    known = {item.id: item for item in rules}
    out = []
    for (policy, account), statuses in grouped.items():
        counts = Counter(statuses)
        meant = known[policy]
        out.append(
            PolicyResult(
                id=policy,
                account=account,
                status=min(statuses, key=order.index),
                severity=meant.severity,
                candidates=len(statuses),
                applicable=len(statuses) - counts[Status.NOT_APPLICABLE],
                satisfying=counts[Status.PASS],
                file=meant.file,
                line=meant.line,
                sha256=meant.sha256,
                controls=meant.controls,
            )
        )
    return tuple(out)


def report(
    rules: Iterable[Rule], results: Iterable[Result], run: Mapping[str, Any] | None = None, **parts: Any
) -> Report:
    """A whole report around rules and rows, with an id."""
    rules, results = tuple(rules), tuple(results)
    statuses = {row.status for row in results}
    base = Run(
        id="",
        started_at="2026-11-20T06:00:00Z",
        finished_at="2026-11-20T06:00:42Z",
        tool_version="0.1.0",
        exit_code=1 if Status.FAIL in statuses else 3 if Status.ERROR in statuses or not statuses else 0,
        caller={
            "arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/auditor/ci",
            "account": MANAGEMENT,
            "user_id": "AROAEXAMPLE:ci",
        },
        regions=("eu-central-1", "us-east-1"),
        accounts=ACCOUNTS,
        versions={"python": "3.11", "boto3": "1.43.0"},
        calls=76,
        ledger_sha256=hashlib.sha256(b"ledger").hexdigest(),
    )
    checks = sorted({check for item in rules for check in item.checks})
    whole = Report(
        run=replace(base, **(run or {})),
        policies=parts.pop("policies", verdicts(rules, results)),
        results=results,
        rules=rules,
        checks=tuple(
            CheckText(
                check, check.replace("-", " ").capitalize(), f"Without {check} nobody knows.", f"Turn on {check}.", 1
            )
            for check in checks
        ),
        **parts,
    )
    return with_run_id(whole)


def realistic() -> Report:
    """Three accounts, all five statuses, a waiver, a cross-account ERROR, a pack anchored at a config line and an `any` policy."""
    rules = (
        rule("trail-log-file-validation", severity=Severity.MEDIUM),
        rule(
            "trail-multi-region",
            pack="baseline",
            file="trailwarden.yaml",
            line=4,
            column=5,
            end_line=4,
            end_column=13,
            snippet="baseline",
        ),
        rule("bucket-object-lock", subject="bucket", severity=Severity.CRITICAL, controls={"soc2": ("CC7.2",)}),
        rule("kms-key-rotation", subject="key", severity=Severity.LOW),
        rule(
            "audit-trail-protected",
            severity=Severity.CRITICAL,
            quantifier="any",
            checks=("trail-multi-region", "trail-log-file-validation"),
            line=30,
            end_line=44,
        ),
        rule(
            "naming-convention",
            severity=Severity.INFO,
            pack="cloudtrail-hardened",
            file="",
            line=0,
            column=0,
            end_line=0,
            end_column=0,
            snippet="",
        ),
    )
    denied = Reason(
        code=ReasonCode.CROSS_ACCOUNT,
        operation="s3.GetObjectLockConfiguration",
        region="eu-central-1",
        account=ARCHIVE,
        aws_code="AccessDenied",
        aws_message="User is not authorized",
        missing_action="s3:GetBucketObjectLockConfiguration",
    )
    throttled = Reason(
        ReasonCode.THROTTLED, "kms.DescribeKey", "us-east-1", MEMBER, "ThrottlingException", "Rate exceeded", ""
    )
    waiver = {
        "id": "W-7",
        "reason": "legacy trail, replaced in Q1",
        "approved_by": "ciso@example.com",
        "approved_on": "2026-10-01",
        "expires": "2027-01-31",
        "ticket": "SEC-42",
        "owner": "platform",
    }
    some = {
        "candidates": [
            {
                "subject": f"arn:aws:cloudtrail:eu-central-1:{MEMBER}:trail/{name}",
                "region": "eu-central-1",
                "status": "FAIL",
                "checks": [{"check": check, "status": "FAIL", "message": message, "observed": {}}],
            }
            for name, check, message in (
                ("stopped", "trail-log-file-validation", "validates no log files"),
                ("single", "trail-multi-region", "covers one region"),
            )
        ]
    }
    bucket = {"subject": "arn:aws:s3:::central-logs", "subject_type": "bucket", "subject_name": "central-logs"}
    joined = "trail-multi-region+trail-log-file-validation"
    results = [
        result("trail-log-file-validation", MANAGEMENT, "organization", Status.PASS, severity=Severity.MEDIUM),
        result("trail-log-file-validation", MEMBER, "legacy", Status.WAIVED, severity=Severity.MEDIUM, waiver=waiver),
        result(
            "trail-log-file-validation",
            MEMBER,
            "stopped",
            Status.FAIL,
            severity=Severity.MEDIUM,
            notes=("digest files stopped on 2026-11-01",),
        ),
        result("trail-multi-region", MANAGEMENT, "organization", Status.PASS),
        result("trail-multi-region", MEMBER, "single", Status.FAIL),
        result(
            "bucket-object-lock",
            MEMBER,
            "central-logs",
            Status.ERROR,
            severity=Severity.CRITICAL,
            reason=denied,
            **bucket,
        ),
        result("bucket-object-lock", ARCHIVE, "central-logs", Status.PASS, severity=Severity.CRITICAL, **bucket),
        result(
            "kms-key-rotation",
            MEMBER,
            "logs-key",
            Status.ERROR,
            severity=Severity.LOW,
            reason=throttled,
            subject_type="key",
        ),
        result(
            "kms-key-rotation",
            ARCHIVE,
            ARCHIVE,
            Status.NOT_APPLICABLE,
            severity=Severity.LOW,
            message="no trail is encrypted with a key of this account",
        ),
        *(
            result(
                "audit-trail-protected",
                account,
                account,
                status,
                check=joined,
                severity=Severity.CRITICAL,
                subject=account,
                subject_type="account",
                region="global",
                message=message,
                observed=observed,
            )
            for account, status, message, observed in (
                (MANAGEMENT, Status.PASS, "1 of 1 trails satisfies all of it", {"candidates": []}),
                (MEMBER, Status.FAIL, "none of 2 trails satisfies all of it", some),
            )
        ),
        result("naming-convention", MANAGEMENT, "organization", Status.FAIL, severity=Severity.INFO),
    ]
    return report(
        rules,
        results,
        populations=(
            Population(MANAGEMENT, "trails", "cloudtrail.DescribeTrails", 1, 2),
            Population(
                MEMBER,
                "trails",
                "cloudtrail.DescribeTrails",
                3,
                2,
                (("shadow-of-organization", "shadow, judged in its home region"),),
                (throttled,),
            ),
        ),
        exclusions=(Exclusion("trail-kms-encrypted", "accepted by the risk board"),),
        members=(
            Member(MANAGEMENT, "management", "ACTIVE", ("r-root",)),
            Member(MEMBER, "payments", "ACTIVE", ("r-root", "ou-workloads", "ou-production")),
        ),
    )


def empty() -> Report:
    """A run that selected nothing."""
    return report((), (), run={"accounts": (), "regions": ()})


def hostile() -> Report:
    """Every hostile text in every place that the account or a policy author controls; row `i` carries the marker `zq<i>`."""
    statuses = [Status.FAIL, Status.ERROR, Status.WAIVED, Status.NOT_APPLICABLE, Status.PASS]
    rules = [
        rule(
            f"hostile-{index}",
            title=f"t{index} {text}",
            description=text,
            owner=text,
            tags=(text,),
            controls={"cis-aws-5.0": (text,)},
            remediation={"text": text, "cli": text, "terraform": text},
            snippet=text,
            pack=text,
            file=["/etc/passwd", "../up.yaml", "C:\\x\\y.yaml", "./a b/ü.yaml", "file:///x", "arn:aws:s3:::b"][
                index % 6
            ],
        )
        for index, text in enumerate(HOSTILE)
    ]
    results = [
        result(
            f"hostile-{index}",
            ACCOUNTS[index % 3],
            f"zq{index}-{number} {text}",
            status,
            region=text[:40] if number == 0 else "us-east-1",
            message=f"m {text}",
            observed={
                text: text,
                "candidates": [{"name": text, "status": "FAIL", "message": text}] if number == 0 else [],
            },
            expected={"e": [text]},
            notes=(text,),
            reason=Reason(ReasonCode.ACCESS_DENIED, text, text, text, text, text, text)
            if status is Status.ERROR
            else None,
            waiver={"id": text, "reason": text, "approved_by": text, "expires": text, "ticket": text}
            if status is Status.WAIVED
            else None,
        )
        for index, text in enumerate(HOSTILE)
        for number, status in enumerate(statuses)
    ]
    return report(
        rules,
        results,
        populations=(Population(MEMBER, HOSTILE[0], HOSTILE[3], 1, 1, ((HOSTILE[2], HOSTILE[4]),)),),
        exclusions=(Exclusion(HOSTILE[1], HOSTILE[6]),),
        members=tuple(
            Member(account, text, "ACTIVE", HOSTILE[index : index + 3])
            for index, (account, text) in enumerate(zip(ACCOUNTS, HOSTILE, strict=False))
        ),
    )


def large(count: int = 5000) -> Report:
    """`count` rows over 10 accounts and 30 policies; one row in three is a problem."""
    rules = [rule(f"policy-{index:02}", line=10 * index + 1, end_line=10 * index + 6) for index in range(30)]
    statuses = [Status.PASS, Status.FAIL, Status.PASS, Status.PASS, Status.ERROR, Status.PASS]
    reason = Reason(
        ReasonCode.ACCESS_DENIED,
        "s3.GetBucketPolicy",
        "us-east-1",
        MEMBER,
        "AccessDenied",
        "denied",
        "s3:GetBucketPolicy",
    )
    results = [
        result(
            rules[index % 30].id,
            f"{100000000000 + index % 10}",
            f"trail-{index}",
            statuses[index // 30 % 6],
            reason=reason if statuses[index // 30 % 6] is Status.ERROR else None,
        )
        for index in range(count)
    ]
    return report(rules, results, run={"accounts": tuple(f"{100000000000 + index}" for index in range(10))})


def organization(accounts: int = 2000, every: int = 100) -> Report:
    """An organization of many accounts in 10 units under 6 policies, two rows each.

    One account in 50 has failures; one in ``every`` could not be read.
    """
    rules = [
        rule(
            f"policy-{index}",
            line=10 * index + 1,
            end_line=10 * index + 6,
            controls={"cis-aws-5.0": (f"3.{index % 3}",)},
        )
        for index in range(6)
    ]
    ids = [f"{100000000000 + index}" for index in range(accounts)]
    models = [result(item.id, "", name, Status.PASS) for item in rules for name in ("audit", "organization")]
    results = []
    for number, account in enumerate(ids):
        reason = None
        if number % every == every - 1:
            reason = Reason(
                ReasonCode.CROSS_ACCOUNT,
                "sts.AssumeRole",
                "",
                account,
                "AccessDenied",
                "not authorized",
                "sts:AssumeRole",
            )
        for place, model in enumerate(models):
            status = Status.FAIL if number % 50 == 7 and place % 2 == 0 else Status.PASS
            results.append(
                replace(
                    model,
                    account=account,
                    subject=f"arn:aws:cloudtrail:eu-central-1:{account}:trail/{model.subject_name}",
                    status=Status.ERROR if reason else status,
                    reason=reason,
                    fingerprint=f"{number * len(models) + place:064x}",
                )
            )
    members = tuple(
        Member(account, f"account-{number:04}", "ACTIVE", ("r-root", f"ou-{number % 10}"))
        for number, account in enumerate(ids)
    )
    closed = (f"{100000000000 + accounts}", "suspended")
    listed = Population(ids[0], "account", "organizations.ListAccounts", len(ids), 1, (closed,))
    return report(rules, results, run={"accounts": tuple(ids)}, members=members, populations=(listed,))
