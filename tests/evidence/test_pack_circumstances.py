"""What a pack says of its run: CI job, clocks, rights, attempts, and populations counted a second time."""

import dataclasses
import re
from pathlib import Path

import pytest
from tests.evidence.evidence_kit import inputs, judged, pack, world

from trailwarden import dossier
from trailwarden.calls import Call, Reply, ReplyError
from trailwarden.contract import RenderOptions
from trailwarden.dossier import pages
from trailwarden.evidence.ci import ci_facts
from trailwarden.evidence.context import clock_of, cross_counts, evidence_of, rights_of
from trailwarden.evidence.inputs import Surroundings
from trailwarden.ledger import Header, Ledger, parse_ledger
from trailwarden.registry import get_reporter

JOBS = {
    "GitHub Actions": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/audit",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SHA": "abc",
        "GITHUB_ACTOR": "mallory",
    },
    "GitLab CI": {
        "GITLAB_CI": "true",
        "CI_JOB_URL": "https://gitlab.example.org/acme/audit/-/jobs/7",
        "CI_COMMIT_SHA": "abc",
    },
    "Azure Pipelines": {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
        "SYSTEM_TEAMPROJECT": "audit",
        "BUILD_BUILDID": "7",
        "BUILD_SOURCEVERSION": "abc",
    },
    "Jenkins": {
        "JENKINS_URL": "https://ci.example.org/",
        "BUILD_URL": "https://ci.example.org/job/audit/7/",
        "GIT_COMMIT": "abc",
    },
    "CircleCI": {"CIRCLECI": "true", "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/audit/7", "CIRCLE_SHA1": "abc"},
    "Buildkite": {
        "BUILDKITE": "true",
        "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/audit/builds/7",
        "BUILDKITE_COMMIT": "abc",
    },
}


@pytest.mark.parametrize("system", JOBS)
def test_the_job_is_known(system: str) -> None:
    """System, address and commit, as the system documents its variables; a variable that is not set gives nothing."""
    found = ci_facts({**JOBS[system], "AWS_SECRET_ACCESS_KEY": "s3cret", "PATH": "/bin"})
    assert found["system"] == system
    assert found["commit"] == "abc"
    assert re.fullmatch(r"https://\S+7/?", found["url"])
    assert "ref" not in found
    assert "s3cret" not in str(found)


def test_by_hand() -> None:
    assert ci_facts({"HOME": "/", "GITHUB_SHA": "abc"}) == {}


def test_the_job_is_in_the_pack(tmp_path: Path) -> None:
    given = dataclasses.replace(
        inputs(tmp_path / "in", world()), surroundings=Surroundings(ci=ci_facts(JOBS["GitHub Actions"]))
    )
    files = pack(tmp_path / "pack", given)
    for name in ("report.md", "report.html", "predicate.json", "pack.json"):
        assert b"https://github.com/acme/audit/actions/runs/7" in files[name], name
    assert b"mallory" in files["report.md"]


def ledger(*entries: tuple[Call, Reply], clock: str = "2026-06-01T12:00:00Z") -> Ledger:
    return Ledger(Header(clock, accounts=("111122223333",)), entries)


def call(name: str, region: str = "us-east-1", **params: str) -> Call:
    return Call.of("111122223333", region, *name.split("."), **params)


def test_the_clocks() -> None:
    """The span of AWS's own dates, and how far the local clock is off."""
    one = (call("sts.GetCallerIdentity"), Reply(body={}, date="2026-06-01T11:58:30Z"))
    two = (call("cloudtrail.DescribeTrails"), Reply(body={}, date="2026-06-01T11:58:40Z"))
    none = (call("s3.ListBuckets"), Reply(body={}))
    assert clock_of(ledger(one, two, none)) == {
        "first": "2026-06-01T11:58:30Z",
        "last": "2026-06-01T11:58:40Z",
        "dated": 2,
        "skew_seconds": 90,
    }
    assert clock_of(ledger(two))["skew_seconds"] is None
    assert clock_of(ledger()) == {"first": "", "last": "", "dated": 0, "skew_seconds": None}
    assert clock_of(ledger(one, clock="noon"))["skew_seconds"] is None


def test_skew_is_said(tmp_path: Path) -> None:
    given = inputs(tmp_path / "in", world())
    replies = {
        key: dataclasses.replace(reply, date="2026-06-01T12:01:40Z") for key, reply in given.ledger.replies.items()
    }
    identity = (call("sts.GetCallerIdentity"), Reply(body={}, date="2026-06-01T12:01:40Z"))
    late = dataclasses.replace(given, ledger=Ledger(given.ledger.header, [*replies.items(), identity]))
    files = pack(tmp_path / "pack", late)
    assert b"-100 s, give or take 2 s" in files["report.md"]
    assert b"-100 s, give or take 2 s" in files["report.html"]


def test_rights_and_refusals() -> None:
    """By IAM action; what AWS documents as an absence is no refusal."""
    denied = Reply(error=ReplyError("AccessDenied", "no", 403))
    absent = Reply(error=ReplyError("NoSuchPublicAccessBlockConfiguration", "none", 404))
    found = ledger(
        (call("s3.GetPublicAccessBlock", Bucket="a"), absent),
        (call("s3.GetPublicAccessBlock", Bucket="b"), denied),
        (call("sts.GetCallerIdentity"), Reply(body={})),
        (call("trailwarden.Something"), Reply(body={})),
    )
    assert [(item.action, item.operation, item.calls, item.refused) for item in rights_of(found)] == [
        ("", "sts.GetCallerIdentity", 1, 0),
        ("s3:GetBucketPublicAccessBlock", "s3.GetPublicAccessBlock", 2, 1),
    ]


def test_trails_are_counted_twice(tmp_path: Path) -> None:
    """At home and as shadows elsewhere; a shadow without a trail at home differs."""
    given = inputs(tmp_path / "in", world())
    report = judged(given)
    arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
    home = (
        call("cloudtrail.DescribeTrails"),
        Reply(body={"trailList": [{"TrailARN": arn, "HomeRegion": "us-east-1"}]}),
    )
    shadow = (
        call("cloudtrail.DescribeTrails", "eu-west-1"),
        Reply(body={"trailList": [{"TrailARN": arn, "HomeRegion": "us-east-1"}]}),
    )
    [agreed] = cross_counts(ledger(home, shadow), report)
    assert (agreed.counted, agreed.other) == (1, 1)
    [lost] = cross_counts(ledger(shadow), report)
    assert (lost.counted, lost.other) == (0, 1)
    evidence = dataclasses.replace(evidence_of(given, report), counts=(agreed, lost))
    assert [line[-1] for line in dossier.counts(evidence)] == ["agree", "DIFFER"]


def test_accounts_are_counted_against_the_organization(tmp_path: Path) -> None:
    """Closed accounts are not missed; active ones that the run did not judge are."""
    report = judged(inputs(tmp_path / "in", world()))
    rows = [
        {"Id": "111122223333", "State": "ACTIVE"},
        {"Id": "2" * 12, "Status": "ACTIVE"},
        {"Id": "3" * 12, "State": "CLOSED"},
    ]
    [found] = cross_counts(ledger((call("organizations.ListAccounts"), Reply(body={"Accounts": rows}))), report)
    assert (found.name, found.counted, found.other) == ("active accounts of the organization", 1, 2)


def test_attempts(tmp_path: Path) -> None:
    """How often AWS had to be asked again, or that it never had to."""
    given = inputs(tmp_path / "in", world())
    calm = pack(tmp_path / "calm", given)
    assert b"answered at the first attempt" in calm["report.md"]
    first, *rest = given.ledger.replies.items()
    again = Ledger(given.ledger.header, [(first[0], dataclasses.replace(first[1], retries=3)), *rest])
    files = pack(tmp_path / "busy", dataclasses.replace(given, ledger=again))
    assert parse_ledger(files["ledger.jsonl"].decode(), "ledger").replies[first[0]].retries == 3
    for name in ("report.md", "report.html"):
        assert f"1 of {len(rest) + 1} calls were answered only after they had been sent again" in files[name].decode()


def test_a_verdict_leads_to_its_replies(tmp_path: Path) -> None:
    """In the page: operation and request id beside the link, and behind the link the reply as it was received."""
    given = inputs(tmp_path / "in", world())
    replies = (
        (call, dataclasses.replace(reply, request_id=f"req-{call.id}")) for call, reply in given.ledger.replies.items()
    )
    files = pack(tmp_path / "pack", dataclasses.replace(given, ledger=Ledger(given.ledger.header, replies)))
    page = files["report.html"].decode()
    [verdict] = [
        item
        for item in re.findall(r'<details class="verdict">.*?</details>', page, re.DOTALL)
        if ">fail<" in item and "validat" in item
    ]
    [identity, *_] = re.findall(r'href="#call-(\w+)"', verdict)
    assert f"cloudtrail.DescribeTrails, request <code>req-{identity}</code>" in verdict
    [reply] = re.findall(rf'<div id="call-{identity}">(.*?)</details>', page, re.DOTALL)
    assert "LogFileValidationEnabled" in reply
    assert f"req-{identity}" in reply
    assert f"req-{identity}" in files["report.md"].decode()


def test_too_many_calls_are_counted_and_not_listed(tmp_path: Path) -> None:
    """The reports stay readable, and no link leads nowhere."""
    given = inputs(tmp_path / "in", world())
    more = [(call("s3.HeadBucket", Bucket=f"b{number}"), Reply(body={})) for number in range(pages.MOST_REPLIES)]
    large = Ledger(given.ledger.header, [*given.ledger.replies.items(), *more])
    report = judged(given)
    evidence = evidence_of(dataclasses.replace(given, ledger=large), report)
    for name, words in (("html", "<code>raw/</code> holds them"), ("markdown", "`raw/` holds them")):
        text = get_reporter(name).render(report, RenderOptions(evidence=evidence))
        assert f"too many to be listed here; {words}" in text
        assert "#call-" not in text
        assert f"All {len(large.replies)} calls were answered" in text
