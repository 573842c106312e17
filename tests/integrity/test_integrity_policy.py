"""Policies over reports of the verifier: the four checks, the reader below the ledger, and the commands in a row."""

import gzip
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks.integrity.chains import DAY, HOUR, BodyPool, Bucket, KeyPeriod, signing_key
from benchmarks.integrity.endpoint import World as Endpoint
from benchmarks.integrity.endpoint import running
from tests.cli.cli_kit import run
from tests.conftest import ACCESS_KEY, SECRET_KEY, Answer, Seen, Wire
from tests.integrity.integrity_kit import SINCE, UNTIL, Case, base, make
from tests.integrity.tamperings import TAMPERINGS
from tests.reporters.report_builder import report, rule

from trailwarden import RenderOptions, coverage
from trailwarden.aws.reader import LiveReader
from trailwarden.aws.world import world_connection
from trailwarden.calls import Call, Reply
from trailwarden.errors import UsageError, WriteRefusedError
from trailwarden.facts.operations import READS
from trailwarden.integrity import api, aws, render, times
from trailwarden.integrity.history import History, TrailEvent
from trailwarden.integrity_reader import IntegrityReader, IntegrityReport, read_report
from trailwarden.ledger import ReplayReader, parse_ledger
from trailwarden.model import ReasonCode, Result, Status
from trailwarden.plan import make_plan
from trailwarden.registry import get_check, get_reporter
from trailwarden.testing import World, policy_of, reason_of, run_check, selection_of

PASS, FAIL, ERROR, NA = Status.PASS, Status.FAIL, Status.ERROR, Status.NOT_APPLICABLE
DIGESTS, LOGS, HISTORY = CHECKS = (
    "integrity-digest-chain-valid",
    "integrity-log-files-valid",
    "history-digest-continuity",
)
CONTENT = "log-content-complete"
DAY_ONLY = {"window_days": 1}
ACCOUNT = "111122223333"
PLACE = f"{ACCOUNT} eu-west-1"
Reports = Callable[..., IntegrityReport]


@pytest.fixture
def verified(tmp_path: Path) -> Reports:
    """Verifies a case as the command does, over HTTP, and reads the report back from its file."""

    def verify(case: Case, **options: Any) -> IntegrityReport:
        served = Endpoint(
            {case.bucket.name: case.objects},
            {case.spec.region: [period.entry() for period in case.periods]},
            faults=dict(case.faults),
        )
        with running(served) as url:
            report = api.verify(
                api.Options(
                    sources=(case.bucket.name,),
                    access=aws.Access(endpoint_url=url),
                    **{"since": SINCE, "until": UNTIL, "now": case.now, "seed": "s", **options},
                    executor="threads",
                    jobs=1,
                    corroborate=False,
                )
            )
        path = tmp_path / "integrity.json"
        # The same bytes at every run: what rows say of a report holds its hash.
        same = replace(report, options={**report.options, "endpoint_url": None}, timing={})
        path.write_text(render.as_json(same))
        return read_report(path)

    return verify


def world(*reports: IntegrityReport, now: int = UNTIL + HOUR, **row: Any) -> World:
    """An account with the trail of the chains; what was verified is asked of the real reader."""
    made = World(now=datetime.fromtimestamp(now, UTC))
    made.add_trail("org-trail", home="eu-west-1", bucket="audit-logs", **{"IsMultiRegionTrail": False, **row})
    made.answer("trailwarden.VerifyLogs", IntegrityReader(made, reports).ask)
    return made


def judged(check: str, made: World, **params: Any) -> Result:
    [row] = run_check(check, made, {**DAY_ONLY, **params})
    return row


def three(made: World, **params: Any) -> tuple[Status, ...]:
    return tuple(judged(check, made, **params).status for check in CHECKS)


def tampered(name: str) -> Case:
    case = base()
    TAMPERINGS[name].apply(case, 9)
    return case


def late(hours: int) -> Case:
    """The chain begins some hours into the window."""
    return make(start=SINCE + hours * HOUR, hours=24 - hours + 1)


# --- the checks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log: recompressed, same content", (PASS, PASS, PASS)),
        ("log: an event renamed", (PASS, FAIL, PASS)),
        ("log: injected", (PASS, FAIL, PASS)),
        ("log: deleted", (PASS, FAIL, PASS)),
        ("digest: a log taken out", (FAIL, PASS, PASS)),
        ("digest: deleted", (PASS, PASS, FAIL)),
    ],
)
def test_what_the_verifier_found_is_the_verdict(verified: Reports, name: str, expected: tuple[Status, ...]) -> None:
    """Each kind of tampering fails the check that is about it, and no other."""
    assert three(world(verified(tampered(name)))) == expected


def test_a_pass_names_report_period_and_counts(verified: Reports) -> None:
    report = verified(base())
    row = judged(HISTORY, world(report))
    assert row.observed["reports"] == [report.sha256]
    assert row.observed["period"] == ["2026-03-10T01:00:00Z", "2026-03-11T00:00:00Z"]
    assert row.observed["places"] == {PLACE: "25 digests from 2026-03-09T23:13:52Z to 2026-03-11T00:13:52Z"}
    assert judged(LOGS, world(report)).observed["places"] == {PLACE: "75 of 75 log files verified"}


@pytest.mark.parametrize(("fault", "key"), [("denied", "log"), ("denied", "digest")])
def test_what_could_not_be_read_is_an_error(verified: Reports, fault: str, key: str) -> None:
    case = base()
    case.faults[case.links[9].logs[0] if key == "log" else case.links[9].key] = fault
    made = world(verified(case))
    assert three(made) == ((PASS, ERROR, PASS) if key == "log" else (ERROR, PASS, PASS))
    reason = reason_of(judged(LOGS if key == "log" else DIGESTS, made))
    assert (reason.code, reason.operation) == (ReasonCode.COVERAGE_GAP, "trailwarden.VerifyLogs")
    assert f"{PLACE}: could not be decided: unreadable (access-denied)" in reason.aws_message
    if key == "digest":
        assert judged(HISTORY, made, mode="chain").status is ERROR


def test_silence_and_validation_that_was_always_off(verified: Reports) -> None:
    """Empty digests prove silence; without validation there is nothing to judge, but neither is there continuity."""
    assert three(world(verified(make(logs=lambda _: 0)))) == (PASS, NA, PASS)
    other = verified(make(trail="another"))
    off = world(other, LogFileValidationEnabled=False)
    assert three(off) == (NA, NA, ERROR)
    assert three(world(other)) == (FAIL, FAIL, FAIL)


def test_validation_that_is_off_proves_nothing_beyond_the_report(verified: Reports) -> None:
    off = world(verified(make(trail="another")), LogFileValidationEnabled=False)
    assert three(off, window_days=2) == (FAIL, FAIL, FAIL)


def test_a_chain_that_begins_within_the_period_is_a_gap_in_coverage(verified: Reports) -> None:
    made = world(verified(late(5)))
    assert three(made)[:2] == (PASS, PASS)
    reason = reason_of(judged(HISTORY, made))
    assert reason.code is ReasonCode.COVERAGE_GAP
    assert "no digests yet from 2026-03-10T01:00:00Z to 2026-03-10T05:00:00Z" in reason.aws_message


def test_an_interruption_fails_explained_or_not(verified: Reports) -> None:
    row = judged(HISTORY, world(verified(make(skipped=(9, 10), restarts=(0, 11)))))
    assert (row.status, "gap-declared" in row.message) == (FAIL, True)


def test_an_interruption_passes_where_events_explain_it_and_policy_says_so(verified: Reports) -> None:
    """Known and explained; unknown, since nobody asked; known and unexplained; and whatever else is wrong fails all the same."""
    stopped = make(skipped=(9, 10), restarts=(0, 11))
    stop = TrailEvent("StopLogging", stopped.links[8].end - 60, "org-trail")

    def continuity(case: Case, events: tuple[TrailEvent, ...] | None, **params: Any) -> Result:
        history = None if events is None else History(SINCE - DAY, events)
        return judged(HISTORY, world(verified(case, history=history)), **params)

    assert continuity(stopped, (stop,)).status is FAIL
    row = continuity(stopped, (stop,), interruptions="explained", mode="chain")
    assert row.status is PASS
    row = continuity(stopped, None, interruptions="explained")
    assert "no events tell why" in reason_of(row).aws_message
    assert continuity(stopped, (), interruptions="explained").status is FAIL
    del stopped.objects[stopped.links[15].key]
    assert continuity(stopped, (stop,), interruptions="explained").status is FAIL
    assert judged(HISTORY, world(verified(base())), interruptions="explained").status is PASS
    begun = judged(HISTORY, world(verified(late(5))), interruptions="explained")
    assert "no digests yet" in reason_of(begun).aws_message


def test_a_modified_digest_exists_but_proves_no_hour(verified: Reports) -> None:
    """By name the chain is whole; read, it is not."""
    made = world(verified(tampered("digest: a log taken out")))
    assert [judged(HISTORY, made, mode=mode).status for mode in ("list", "chain")] == [PASS, FAIL]


def test_the_period_has_to_be_covered_to_its_end(verified: Reports) -> None:
    report = verified(base())
    assert three(world(report), window_days=2) == (ERROR, ERROR, ERROR)
    stale = world(report, now=UNTIL + 4 * HOUR)
    reason = reason_of(judged(DIGESTS, stale))
    assert reason.aws_message == "verified until 2026-03-11T00:00:00Z only, more than 3 hours ago"
    assert judged(DIGESTS, stale, max_age_hours=4).status is PASS


def test_two_reports_may_cover_what_neither_does(verified: Reports) -> None:
    case, noon = base(), SINCE + DAY // 2
    morning, evening = verified(case, until=noon), verified(case, since=noon)
    assert three(world(evening)) == (ERROR, ERROR, ERROR)
    assert three(world(morning, evening)) == (PASS, PASS, PASS)
    late_evening = verified(case, since=noon + HOUR)
    reason = reason_of(judged(LOGS, world(morning, late_evening)))
    assert "not verified from 2026-03-10T12:00:00Z to 2026-03-10T13:00:00Z" in reason.aws_message


def test_a_second_look_settles_what_was_undecided_but_not_what_failed(verified: Reports) -> None:
    clean, throttled = verified(base()), base()
    throttled.faults[throttled.links[9].logs[0]] = "denied"
    assert judged(LOGS, world(verified(throttled), clean)).status is PASS
    assert judged(LOGS, world(verified(tampered("log: deleted")), clean)).status is FAIL


def test_too_small_a_sample_is_no_proof(verified: Reports) -> None:
    sampled = world(verified(base(), sample=0.5))
    assert judged(LOGS, sampled).status is PASS
    assert "a sample of 50.00% was read" in reason_of(judged(LOGS, sampled, sample=0.6)).aws_message
    reason = reason_of(judged(LOGS, world(verified(base(), digests_only=True))))
    assert "only the digests were verified" in reason.aws_message


def test_a_region_without_digests_fails_unless_nobody_looked(verified: Reports) -> None:
    case = base()
    everywhere = world(verified(case), IsMultiRegionTrail=True)
    row = judged(DIGESTS, everywhere)
    assert (row.status, f"{ACCOUNT} us-east-1: not one digest" in row.message) == (FAIL, True)
    narrowed = world(verified(case, regions=("eu-west-1",)), IsMultiRegionTrail=True)
    assert "us-east-1: not verified" in reason_of(judged(DIGESTS, narrowed)).aws_message
    [row] = run_check(DIGESTS, narrowed, DAY_ONLY, only_regions=("eu-west-1",))
    assert row.status is PASS


def test_an_organization_trail_answers_for_every_account_and_a_shadow_for_its_own(verified: Reports) -> None:
    bucket = Bucket()
    make(bucket=bucket)
    member = make(bucket=bucket, account="444455556666")
    member.put(member.links[9].logs[0], b"forged")
    report = verified(member)
    owner = judged(LOGS, world(report, IsOrganizationTrail=True))
    assert (owner.status, "444455556666 eu-west-1" in owner.message) == (FAIL, True)
    shadow = World(now=datetime.fromtimestamp(UNTIL, UTC))
    shadow.add_trail(
        "org-trail",
        home="eu-west-1",
        owner="999900001111",
        bucket="audit-logs",
        IsOrganizationTrail=True,
        IsMultiRegionTrail=False,
    )
    shadow.answer("trailwarden.VerifyLogs", IntegrityReader(shadow, [report]).ask)
    assert judged(LOGS, shadow).status is PASS


def test_a_trail_does_not_answer_for_another_in_its_bucket(verified: Reports) -> None:
    bucket = Bucket()
    make(bucket=bucket)
    other = make(bucket=bucket, trail="other", seed="other")
    other.put(other.links[9].logs[0], b"forged")
    report = verified(other)
    assert judged(LOGS, world(report)).status is PASS
    made = world(report)
    made.add_trail("other", home="eu-west-1", bucket="audit-logs", IsMultiRegionTrail=False)
    rows = {row.subject_name: row.status for row in run_check(LOGS, made, DAY_ONLY)}
    assert rows == {"org-trail": PASS, "other": FAIL}


def test_the_hours_of_every_place_are_observed_and_shown(verified: Reports) -> None:
    """A character for each hour, in the finding and in the page; a second report settles what the first left undecided."""
    case = make(logs=lambda hour: 0 if hour == 3 else 2, start=SINCE - HOUR)
    del case.objects[case.links[8].key]
    row = judged(HISTORY, world(verified(case), now=UNTIL))
    assert row.observed["coverage"] == {PLACE: {"2026-03-10": "##.####x" + "#" * 16}}
    whole = report([rule(row.policy)], [row])
    page = get_reporter("html").render(whole, RenderOptions())
    assert "<code>##.####x################</code>" in page
    assert f"Hours (UTC) of {PLACE}" in page
    assert "# verified  . verified, no logs" in page
    assert "&quot;coverage&quot;" not in page
    unread = make(start=SINCE - HOUR)
    unread.faults[unread.links[5].key] = "denied"
    both = (verified(unread), verified(make(start=SINCE - HOUR)))
    assert judged(HISTORY, world(*both, now=UNTIL)).observed["coverage"] == {PLACE: {"2026-03-10": "#" * 24}}


def test_hours_are_data_like_any_other() -> None:
    text = coverage.shown({"coverage": {"<script>": {"<b>": "<i>\x1b"}}})
    assert "<table" in text
    assert not {"<script>", "<b>", "<i>", "\x1b"} & {text[at : at + n] for at in range(len(text)) for n in (1, 3, 8)}
    for odd in ({}, {"coverage": 3}, {"coverage": {"a": "b"}}):
        assert coverage.shown(odd) == ""
        assert coverage.left_out(odd) == odd


def test_content_is_judged_where_it_was_looked_at(verified: Reports) -> None:
    """Whole events pass, events that lack a field fail, unread logs are undecided, and so is a run without --content."""
    lacking = gzip.compress(b'{"Records":[{"eventTime":"2026-03-10T01:02:03Z","eventName":"X"}]}', mtime=0)
    plain, whole = world(verified(base())), world(verified(base(), content_check=True))
    reason = reason_of(judged(CONTENT, plain))
    assert (reason.code, "add --content" in reason.aws_message) == (ReasonCode.COVERAGE_GAP, True)
    row = judged(CONTENT, whole)
    assert row.status is PASS
    places = row.observed["places"]
    assert isinstance(places, dict)
    assert re.fullmatch(r"\d+ events of 75 log files are complete", str(places[PLACE]))
    bad = verified(make(pool=BodyPool([lacking]), logs=lambda hour: int(hour == 9)), content_check=True)
    row = judged(CONTENT, world(bad))
    assert (row.status, "1 of 1 log files are no log or hold incomplete events" in row.message) == (FAIL, True)
    assert judged(LOGS, world(bad)).status is PASS
    denied = base()
    denied.faults[denied.links[9].logs[0]] = "denied"
    reason = reason_of(judged(CONTENT, world(verified(denied, content_check=True))))
    assert "1 log file(s) could not be read" in reason.aws_message
    assert judged(CONTENT, world(verified(make(logs=lambda _: 0), content_check=True))).status is NA
    forged = make(logs=lambda hour: int(hour == 9))
    forged.put(forged.links[9].logs[0], gzip.compress(b"{}"))
    reason = reason_of(judged(CONTENT, world(verified(forged, content_check=True))))
    assert "no log file was read and verified" in reason.aws_message
    reason = reason_of(judged(CONTENT, world(verified(base(), content_check=True, sample=0.5)), sample=0.6))
    assert "a sample of 50.00% was read" in reason.aws_message


def test_content_of_one_trail_says_nothing_of_another(verified: Reports) -> None:
    bucket = Bucket()
    make(bucket=bucket)
    lacking = BodyPool([gzip.compress(b'{"Records":[{}]}', mtime=0)])
    report = verified(make(bucket=bucket, trail="other", seed="other", pool=lacking), content_check=True)
    made = world(report)
    made.add_trail("other", home="eu-west-1", bucket="audit-logs", IsMultiRegionTrail=False)
    rows = {row.subject_name: row.status for row in run_check(CONTENT, made, DAY_ONLY)}
    assert rows == {"org-trail": PASS, "other": FAIL}


# --- the reader -----------------------------------------------------------------------------------------------------


def test_without_a_report_the_error_names_the_commands() -> None:
    for check in CHECKS:
        reason = reason_of(judged(check, world()))
        assert (reason.code, reason.aws_code) == (ReasonCode.COVERAGE_GAP, "LogsNotVerified")
        assert "trailwarden logs verify audit-logs -o json=integrity.json" in reason.aws_message
        assert "--integrity integrity.json" in reason.aws_message


def test_the_question_is_no_read_and_never_reaches_aws(verified: Reports) -> None:
    """AWS's guard knows nothing of it, the plan asks no permission for it, and only the reader in front answers it."""
    assert not [name for name in READS if name.startswith("trailwarden.")]
    plan = make_plan(selection_of(*(policy_of(get_check(check)) for check in CHECKS)))
    assert plan.operations == ("cloudtrail.DescribeTrails", "ec2.DescribeRegions", "sts.GetCallerIdentity")
    made = world()
    made.account()
    live = LiveReader(world_connection(made.ledger()))
    call = Call.of(ACCOUNT, "eu-west-1", "trailwarden", "VerifyLogs", Name="org-trail", Bucket="audit-logs")
    with pytest.raises(WriteRefusedError):
        live.ask(call)
    heard: list[Call] = []
    [reply] = IntegrityReader(live, [verified(base())]).ask_all([call], lambda call, _: heard.append(call))
    live.close()
    assert heard == [call]
    assert reply.body is not None
    assert [row["check"] for row in reply.body["reports"][0]["checks"]] == list(CHECKS)


def test_everything_else_goes_on_in_one_batch_and_in_order() -> None:
    """What is asked together stays together, whatever stands between."""
    batches: list[list[str]] = []

    class Inner:
        def ask(self, call: Call) -> Reply:
            return Reply(body={"region": call.region})

        def ask_all(self, calls: Sequence[Call], on_reply: Any = None) -> list[Reply]:
            batches.append([call.region for call in calls])
            return [self.ask(call) for call in calls]

    calls = [Call.of(ACCOUNT, region, "ec2", "DescribeRegions") for region in ("b", "a")]
    calls.insert(1, Call.of(ACCOUNT, "x", "trailwarden", "VerifyAll"))
    replies = IntegrityReader(Inner()).ask_all(calls)
    assert batches == [["b", "a"]]
    assert [reply.body and reply.body["region"] for reply in replies] == ["b", None, "a"]
    assert replies[1].error is not None


@pytest.mark.parametrize("name", ["log: recompressed, same content", "log: an event renamed", "digest: deleted"])
def test_a_replay_says_the_same_as_the_run(verified: Reports, name: str) -> None:
    made = world(verified(tampered(name)))
    before = [judged(check, made) for check in CHECKS]
    ledgers = []
    for check in CHECKS:
        judged(check, made)
        ledgers.append(made.ledger())
    for check, row, ledger in zip(CHECKS, before, ledgers, strict=True):
        read = parse_ledger(ledger.to_bytes().decode(), "ledger")
        again = World(now=made.now)
        again.ask = ReplayReader(read).ask  # type: ignore[method-assign]  # answers come from the ledger alone
        again.ask_all = ReplayReader(read).ask_all  # type: ignore[method-assign]
        assert judged(check, again) == row


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read"),
        ("{", "can't be read"),
        ("[]", "not a JSON report"),
        ('{"kind": "results"}', "not a JSON report"),
        ('{"kind": "log-integrity", "schema_version": 2}', "version 2, this release reads 1"),
        ('{"kind": "log-integrity", "schema_version": 1, "window": {}}', "incomplete"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "integrity.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_report(path)


def test_a_report_of_another_shape_is_an_error_not_a_verdict(verified: Reports) -> None:
    report = verified(base())
    odd = IntegrityReport(report.sha256, {**report.data, "window": {"since": "yesterday"}})
    assert reason_of(judged(LOGS, world(odd))).code is ReasonCode.UNPARSEABLE


# --- the commands ---------------------------------------------------------------------------------------------------

POLICIES = """
id: digests
check: integrity-digest-chain-valid
with: {window_days: 1}
severity: high
---
id: logs
check: integrity-log-files-valid
with: {window_days: 1}
severity: high
---
id: history
check: history-digest-continuity
with: {window_days: 1}
severity: high
"""
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "eu-west-1"}


def current() -> Case:
    """A chain that reaches to now."""
    now = int(time.time())
    start = now - now % HOUR - 27 * HOUR
    case = make(start=start, hours=27)
    period = KeyPeriod(signing_key("default"), start - 10 * DAY, now + DAY)
    return replace(case, periods=[period], now=now)


def account(seen: Seen) -> Answer | None:
    """One trail in one region; STS is the endpoint's own."""
    if seen.operation == "GetCallerIdentity":
        return None
    if seen.operation == "DescribeRegions":
        rows = "<item><regionName>eu-west-1</regionName><optInStatus>opt-in-not-required</optInStatus></item>"
        body = f"<DescribeRegionsResponse><regionInfo>{rows}</regionInfo></DescribeRegionsResponse>"
        return 200, {"content-type": "text/xml"}, body.encode()
    row = {
        "Name": "org-trail",
        "TrailARN": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/org-trail",
        "HomeRegion": "eu-west-1",
        "S3BucketName": "audit-logs",
        "LogFileValidationEnabled": True,
    }
    return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps({"trailList": [row]}).encode()


@pytest.mark.parametrize("forged", [False, True])
def test_verify_then_check_then_replay(wire: Wire, tmp_path: Path, forged: bool) -> None:
    """The installed program, as a pipeline runs it: the pack holds what was verified, and says the same again."""
    case = current()
    if forged:
        case.put(case.links[15].logs[0], b"forged")
    (tmp_path / "policy.yaml").write_text(POLICIES)
    served = Endpoint({"audit-logs": case.objects}, {"eu-west-1": [period.entry() for period in case.periods]})
    options = ("--executor", "threads", "--no-corroborate", "--since", times.extended(case.now - 26 * HOUR))
    with running(served) as url:
        verify = ("logs", "verify", "audit-logs", "--endpoint-url", url, *options, "-o", "json=integrity.json")
        assert run(*verify, cwd=tmp_path, env=KEYS).returncode == int(forged)
    wire.answer = account
    check = ("check", "--policy", "policy.yaml", "-o", "json")
    live = run(
        *check,
        *("--integrity", "integrity.json", "--endpoint-url", wire.url, "--evidence", "pack"),
        cwd=tmp_path,
        env=KEYS,
    )
    assert live.returncode == int(forged), live.stderr + live.stdout
    statuses = {row["policy"]: row["status"] for row in json.loads(live.stdout)["results"]}
    assert statuses == {"digests": "PASS", "logs": "FAIL" if forged else "PASS", "history": "PASS"}
    again = run(*check, "--replay", "pack", cwd=tmp_path)
    assert json.loads(again.stdout)["results"] == json.loads(live.stdout)["results"]
    kept = (tmp_path / "pack" / "ledger.jsonl").read_text()
    assert read_report(tmp_path / "integrity.json").sha256 in kept
    assert f'"{case.periods[0].key.fingerprint}"' in kept
    assert case.periods[0].entry()["Value"] in kept
    both = run(*check, "--replay", "pack", "--integrity", "integrity.json", cwd=tmp_path)
    assert (both.returncode, "--integrity adds to what is read" in both.stderr) == (2, True)


def test_check_without_a_report_is_undecided_and_with_a_bad_one_refused(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICIES)
    wire.answer = account
    check = ("check", "--policy", "policy.yaml", "--endpoint-url", wire.url, "-o", "json")
    found = run(*check, cwd=tmp_path, env=KEYS)
    assert found.returncode == 3, found.stderr
    assert "trailwarden logs verify audit-logs" in found.stdout
    (tmp_path / "trailwarden.yaml").write_text("integrity: policy.yaml\n")
    found = run(*check, cwd=tmp_path, env=KEYS)
    assert (found.returncode, "policy.yaml: can't be read as a report" in found.stderr) == (2, True)


def test_collect_keeps_what_was_verified(wire: Wire, tmp_path: Path, verified: Reports) -> None:
    report = verified(base())
    (tmp_path / "policy.yaml").write_text(POLICIES)
    wire.answer = account
    given = ("--policy", "policy.yaml", "--endpoint-url", wire.url, "--integrity", "integrity.json")
    assert run("collect", "ledger.jsonl", *given, cwd=tmp_path, env=KEYS).returncode == 0
    assert report.sha256 in (tmp_path / "ledger.jsonl").read_text()
