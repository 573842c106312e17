"""Every kind of tampering is found, named rightly, and causes no other finding."""

import gzip
import json
import random
import zlib
from typing import Any

import pytest
from benchmarks.integrity import chains
from benchmarks.integrity.chains import DAY, DEFAULT_START, HOUR, KeyPeriod, signing_key
from tests.integrity.integrity_kit import NOW, SINCE, UNTIL, Case, audit, base, edited, make, outcome, periods
from tests.integrity.tamperings import TAMPERINGS, log

from trailwarden.integrity import content, times
from trailwarden.integrity.events import LogContent, read_events
from trailwarden.integrity.history import History, TrailEvent, TrailStatus
from trailwarden.integrity.names import parse_digest
from trailwarden.integrity.places import parse_places
from trailwarden.integrity.verdicts import FAILING, UNDECIDED, Verdict

H = 11


def test_untouched_chain_is_verified_and_nothing_is_found() -> None:
    report = audit(base())
    assert outcome(report) == []
    assert (report.status, report.exit_code) == ("PASS", 0)
    assert report.totals == {Verdict.VERIFIED: 25 + 75}
    assert [span.state for span in report.chains[0].spans] == ["verified"]


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_gives_its_finding_and_nothing_else(name: str) -> None:
    case, tampering = base(), TAMPERINGS[name]
    tampering.apply(case, H)
    report = audit(case)
    assert outcome(report) == sorted(tampering.expected)
    verdicts = {Verdict(verdict) for verdict, _ in tampering.expected}
    expected = "FAIL" if verdicts & FAILING else "ERROR" if verdicts & UNDECIDED else "PASS"
    assert report.status == expected


_CONTAINERS = sorted(
    name
    for name, tampering in TAMPERINGS.items()
    if {reason for _, reason in tampering.expected}
    & {"trailing-data", "trailer", "truncated", "corrupt", "not-gzip", "inflates-beyond-limit"}
)


@pytest.mark.parametrize("name", _CONTAINERS)
def test_every_library_is_equally_strict(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra `fast`, which these tests run with, and without it the same is found."""
    assert content.LIBRARY == "isal"
    monkeypatch.setattr(content, "_new", zlib.decompressobj)
    monkeypatch.setattr(content, "_broken", zlib.error)
    test_tampering_gives_its_finding_and_nothing_else(name)


@pytest.mark.parametrize("seed", range(60))
def test_two_tamperings_give_both_findings(seed: int) -> None:
    """Pairs on one chain, far enough apart not to concern the same hour."""
    rng = random.Random(seed)
    first, second = (TAMPERINGS[name] for name in rng.sample(sorted(TAMPERINGS), 2))
    case = base()
    first.apply(case, 4)
    second.apply(case, 15)
    assert outcome(audit(case)) == sorted(first.expected + second.expected)


def test_every_verdict_has_a_test() -> None:
    """The tables of this module cover all thirteen verdicts."""
    named = {verdict for tampering in TAMPERINGS.values() for verdict, _ in tampering.expected}
    named |= {verdict for _, expected in SIGNED.values() for verdict, _ in expected}
    named |= {"gap-declared", "gap-unexplained", "tail-missing", "head-missing", "key-unknown", "verified"}
    assert named == {str(verdict) for verdict in Verdict}
    assert len(TAMPERINGS) + len(SIGNED) >= 60


# What AWS would have had to sign -------------------------------------------------------------------------------------


def _set(**values: Any) -> Any:
    return lambda body: body.update(values)


def _logs(**values: Any) -> Any:
    return lambda body: body["logFiles"][0].update(values)


_OTHER_ACCOUNT = "AWSLogs/999988887777/CloudTrail/eu-west-1/2026/03/10/999988887777_CloudTrail_eu-west-1_20260310T1000Z_AAAAAAAAAAAAAAAA.json.gz"
_OTHER_PREFIX = "stolen/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10/111122223333_CloudTrail_eu-west-1_20260310T1000Z_AAAAAAAAAAAAAAAA.json.gz"
_LOST = (("unreferenced", "injected"),)  # the log whose reference was replaced is now one that nobody names

#: Genuinely signed, but wrong: only comparison with the neighbours or the place can tell.
SIGNED: dict[str, tuple[Any, tuple[tuple[str, str], ...]]] = {
    "previous hash": (_set(previousDigestHashValue="0" * 64), (("chain-broken", "previous-hash"),)),
    "previous signature": (_set(previousDigestSignature="ab" * 128), (("chain-broken", "previous-signature"),)),
    "previous digest skipped": (
        lambda body: body.update(previousDigestS3Object=_older(body["previousDigestS3Object"])),
        (("chain-broken", "previous-location"),),
    ),
    "starts later": (_set(digestStartTime="2026-03-10T10:30:00Z"), (("chain-broken", "time"),)),
    "starts earlier": (_set(digestStartTime="2026-03-10T09:30:00Z"), (("chain-broken", "time"),)),
    "account": (_set(awsAccountId="999988887777"), (("chain-broken", "account"),)),
    "bucket": (_set(digestS3Bucket="another"), (("chain-broken", "location"),)),
    "end time": (_set(digestEndTime="2026-03-10T11:13:00Z"), (("chain-broken", "end-time"),)),
    "ends before it starts": (_set(digestStartTime="2026-03-11T10:13:52Z"), (("chain-broken", "window"),)),
    "signature algorithm": (_set(digestSignatureAlgorithm="SHA512withRSA"), (("inconclusive", "signature-algorithm"),)),
    "hash algorithm of a log": (_logs(hashAlgorithm="SHA-512"), (("inconclusive", "hash-algorithm"),)),
    "hash of a log": (_logs(hashValue="0" * 64), (("modified", "content-hash"),)),
    "log of another account": (_logs(s3Object=_OTHER_ACCOUNT), (("chain-broken", "log-location"), *_LOST)),
    "log under another prefix": (_logs(s3Object=_OTHER_PREFIX), (("chain-broken", "log-location"), *_LOST)),
    "log in another bucket": (_logs(s3Bucket="elsewhere"), (("chain-broken", "log-location"),)),
    "only some previous fields null": (_set(previousDigestHashValue=None), (("modified", "not-a-digest"),)),
    "field missing": (lambda body: body.pop("logFiles"), (("modified", "not-a-digest"),)),
    "time that does not exist": (_set(digestStartTime="2026-02-31T10:13:52Z"), (("modified", "not-a-digest"),)),
    "leading zero of the previous hash dropped": (
        lambda body: body.update(previousDigestHashValue=body["previousDigestHashValue"].lstrip("0")),
        (),
    ),
}


def _older(key: str) -> str:
    name = parse_digest(key)
    assert name is not None
    return key.replace(times.basic(name.end), times.basic(name.end - HOUR))


@pytest.mark.parametrize("name", SIGNED)
def test_signed_oddity_gives_its_finding_and_nothing_else(name: str) -> None:
    edit, expected = SIGNED[name]
    report = audit(edited(H, edit))
    assert outcome(report) == sorted(expected)


# Ends and gaps --------------------------------------------------------------------------------------------------------


def test_deleted_run_is_reported_whole_with_hours_and_logs() -> None:
    """Three deleted digests are one finding that names the hours, their number and the logs left without a voucher."""
    case = base()
    TAMPERINGS["digest: three in a row deleted"].apply(case, H)
    (finding,) = audit(case).findings
    assert (finding.start, finding.end) == (case.links[H].start, case.links[H + 2].end)
    assert finding.detail["digests"] == 3
    lost = [key for link in case.links[H : H + 3] for key in link.logs]
    assert finding.detail["unvouched_logs"] >= len(lost) - 2  # those delivered at the very edge may be left out
    assert set(finding.detail["unvouched_keys"]) <= set(lost) | set(case.links[H - 1].logs) | set(
        case.links[H + 3].logs
    )


def test_log_injected_into_a_lost_hour_is_unvouched_and_not_called_injected() -> None:
    case = base()
    TAMPERINGS["digest: deleted"].apply(case, H)
    TAMPERINGS["log: injected"].apply(case, H)
    (finding,) = audit(case).findings
    assert finding.verdict is Verdict.MISSING
    assert finding.detail["unvouched_logs"] >= 2


@pytest.mark.parametrize("number", [1, 4])
def test_newest_digests_deleted(number: int) -> None:
    case = base()
    for link in case.links[-number - 1 :]:
        del case.objects[link.key]
    report = audit(case)
    assert outcome(report) == [("tail-missing", "tail-deleted")]
    assert report.findings[0].start == case.links[-number - 2].end


def test_newest_digest_not_due_yet_is_no_finding() -> None:
    case = base()
    case.now = UNTIL + HOUR
    for link in case.links[-2:]:
        del case.objects[link.key]
    assert outcome(audit(case)) == []


@pytest.mark.parametrize("number", [1, 4])
def test_oldest_digests_deleted(number: int) -> None:
    case = base()
    for link in case.links[: number + 1]:
        del case.objects[link.key]
    report = audit(case)
    assert outcome(report) == [("head-missing", "head-deleted")]
    assert (report.findings[0].start, report.findings[0].end) == (SINCE, case.links[number].end)


def test_all_digests_deleted_is_a_failure() -> None:
    case = base()
    for link in case.links:
        del case.objects[link.key]
    report = audit(case)
    assert outcome(report) == [("missing", "no-digests")]
    assert report.exit_code == 1
    assert report.findings[0].detail["unvouched_logs"] >= 70  # all but those in slots outside of the window


def test_window_before_the_first_digest_is_a_failure() -> None:
    report = audit(base(), since=SINCE - 9 * DAY, until=SINCE - 8 * DAY)
    assert outcome(report) == [("missing", "no-digests")]


def test_empty_bucket_is_a_failure() -> None:
    case = base()
    case.objects.clear()
    report = audit(case)
    assert outcome(report) == [("missing", "no-digests")]
    assert report.exit_code == 1


def test_signature_of_the_newest_digest_removed() -> None:
    case = base()
    key = case.links[-2].key
    del case.objects[case.links[-1].key]
    case.objects[key] = chains.stored(case.objects[key].body, {}, NOW)
    assert outcome(audit(case)) == [("modified", "signature-absent")]


def test_signature_of_the_newest_digest_overwritten() -> None:
    case = base()
    key = case.links[-2].key
    del case.objects[case.links[-1].key]
    case.put(key, case.objects[key].body, {"signature": "ab" * 128, "signature-algorithm": "SHA256withRSA"})
    assert outcome(audit(case)) == [("modified", "signature")]


def test_chain_that_begins_in_the_window_is_declared() -> None:
    case = make(start=SINCE + 5 * HOUR, hours=20)
    assert outcome(audit(case)) == [("gap-declared", "chain-start")]
    assert audit(case).exit_code == 0


def _stopped() -> Case:
    return make(skipped=(10, 11, 12), restarts=(0, 13))


def test_restart_is_declared() -> None:
    report = audit(_stopped())
    assert outcome(report) == [("gap-declared", "restart")]
    assert report.status == "PASS"
    finding = report.findings[0]
    assert finding.end is not None
    assert finding.start is not None
    assert finding.end - finding.start == 3 * HOUR


def test_restart_explained_by_events() -> None:
    case = _stopped()
    stop = case.links[9].end
    case.history = History(SINCE - DAY, (TrailEvent("StopLogging", stop - 60, "org-trail"),))
    (finding,) = audit(case).findings
    assert finding.verdict is Verdict.GAP_DECLARED
    assert finding.detail["evidence"]


def test_restart_that_no_event_explains() -> None:
    case = _stopped()
    case.history = History(SINCE - DAY, (TrailEvent("StopLogging", case.links[9].end, "another-trail"),))
    report = audit(case)
    assert outcome(report) == [("gap-unexplained", "restart")]
    assert report.exit_code == 1


def test_digests_deleted_before_a_restart_are_found_by_the_stop_event() -> None:
    """Deleting the last digests before a legitimate stop leaves no broken link; only the event tells."""
    case = _stopped()
    case.history = History(SINCE - DAY, (TrailEvent("StopLogging", case.links[9].end, "org-trail"),))
    for link in case.links[7:10]:
        del case.objects[link.key]
    assert outcome(audit(case)) == [("gap-declared", "restart"), ("missing", "digest-deleted")]


def test_trail_stopped_for_good_is_declared() -> None:
    case = make(hours=12)
    case.history = History(SINCE - DAY, (), (TrailStatus("org-trail", False, stopped=case.links[-1].end),))
    assert outcome(audit(case)) == [("gap-declared", "stopped")]


def test_trail_status_shows_a_deleted_tail_before_the_clock_does() -> None:
    case = base()
    for link in case.links[-4:]:
        del case.objects[link.key]
    delivered = case.links[-5].end + 900
    case.history = History(SINCE - DAY, (), (TrailStatus("org-trail", True, latest_digest=delivered),))
    case.now = case.links[-5].end + HOUR
    assert outcome(audit(case)) == []
    case.history = History(
        SINCE - DAY, (), (TrailStatus("org-trail", True, latest_digest=case.links[-5].end + 3 * HOUR),)
    )
    assert outcome(audit(case)) == [("tail-missing", "tail-deleted")]


# Keys -----------------------------------------------------------------------------------------------------------------


def test_unknown_key_is_undecided_and_blames_nobody() -> None:
    case = base()
    case.periods = periods("second")
    report = audit(case)
    assert set(outcome(report)) == {("key-unknown", "unknown-key")}
    assert report.exit_code == 3


def test_key_that_was_not_valid_then() -> None:
    case = make(keys=lambda hour: signing_key("second" if hour == H else "default"))
    case.periods = [
        *periods("default"),
        KeyPeriod(signing_key("second"), DEFAULT_START - 100 * DAY, DEFAULT_START - 70 * DAY),
    ]
    assert outcome(audit(case)) == [("key-unknown", "key-not-valid-then")]


def test_key_rotation_and_both_der_forms() -> None:
    """The key changes in mid-window; one is PKCS#1, the other a SubjectPublicKeyInfo."""
    second = signing_key("second", spki=True)
    case = make(keys=lambda hour: second if hour >= H else signing_key("default"))
    case.periods = [*periods("default"), KeyPeriod(second, DEFAULT_START - DAY, DEFAULT_START + 29 * DAY)]
    report = audit(case)
    assert outcome(report) == []
    assert len(report.keys) == 2


def test_keys_are_looked_for_in_the_digest_region_only() -> None:
    case = make(region="us-east-1")
    case.spec.region = "eu-west-1"  # so that only keys of eu-west-1 are at hand
    assert set(outcome(audit(case))) == {("key-unknown", "unknown-key")}


# Several trails, backfill, moved and copied chains --------------------------------------------------------------------


def test_two_trails_in_one_folder_vouch_for_each_others_logs() -> None:
    case = base()
    chains.build(chains.ChainSpec(case.bucket, trail="my_trail.with-signs", start=case.spec.start + 700))
    report = audit(case)
    assert outcome(report) == []
    assert [chain.id.trail for chain in report.chains] == ["my_trail.with-signs", "org-trail"]
    assert [sum(chain.logs.values()) for chain in report.chains] == [75, 75]


def test_only_the_trail_asked_for_and_one_that_does_not_exist() -> None:
    case = base()
    chains.build(chains.ChainSpec(case.bucket, trail="second", start=case.spec.start + 700, logs=lambda _: 0))
    assert [chain.id.trail for chain in audit(case, trails=("second",), digests_only=True).chains] == ["second"]
    assert outcome(audit(case, trails=("org-trail", "third"))) == [("missing", "no-digests")]


def test_backfill_digests_vouch_for_logs_without_filling_gaps() -> None:
    case = base()
    spec = chains.ChainSpec(case.bucket, backfill=True, start=case.spec.start + 5 * HOUR, hours=2, seed="backfill")
    links = chains.build(spec)
    report = audit(case)
    assert outcome(report) == []
    assert [chain.id.backfill for chain in report.chains] == [False, True]
    case.put(links[0].logs[0], gzip.compress(b"{}"))
    assert outcome(audit(case)) == [("modified", "content-hash")]
    del case.objects[case.links[6].key]
    del case.objects[links[0].key]
    assert ("missing", "digest-deleted") in outcome(audit(case))


def test_chain_that_moved_to_another_bucket() -> None:
    """The link leads to a bucket that was not searched: undecided until it is named, then one chain."""
    old = chains.Bucket("old-logs")
    first = chains.ChainSpec(old, hours=10)
    before = chains.build(first)
    case = base()
    case.objects.clear()
    spec = chains.ChainSpec(case.bucket, start=before[-1].end, hours=16)
    previous: chains.Link | None = before[-1]
    moment = spec.start
    for hour in range(spec.hours):
        link = chains.deliver(spec, hour, moment, moment + HOUR, [], previous)
        if hour == 0:
            link = _relink(spec, link, moment, before[-1], old.name)
        previous, moment = link, moment + HOUR
    assert outcome(audit(case)) == [("inconclusive", "continues-elsewhere")]
    both = audit(case, sources=[("audit-logs", ""), ("old-logs", "")], buckets={"old-logs": old.objects})
    assert outcome(both) == []
    assert len(both.chains) == 1


def _relink(spec: chains.ChainSpec, link: chains.Link, moment: int, before: chains.Link, bucket: str) -> chains.Link:
    spec.edit = lambda _, body: body | {"previousDigestS3Bucket": bucket}
    link = chains.deliver(spec, 0, moment, link.end, [], before)
    spec.edit = lambda _, body: body
    return link


def test_replica_with_stripped_metadata_needs_a_location_map() -> None:
    case = base()
    copy = {f"copy/{key}": chains.stored(o.body, {}, NOW) for key, o in case.objects.items()}
    newest = case.links[-2].key
    copy[f"copy/{newest}"] = chains.stored(case.objects[newest].body, dict(case.objects[newest].metadata), NOW)
    del copy[f"copy/{case.links[-1].key}"]
    replica = {"replica": copy}
    unmapped = audit(case, sources=[("replica", "copy/")], buckets=replica)
    assert ("chain-broken", "location") in outcome(unmapped)
    places = parse_places(["audit-logs=replica/copy"])
    mapped = audit(case, sources=[("replica", "copy/")], buckets=replica, places=places)
    assert outcome(mapped) == []
    assert mapped.totals == {Verdict.VERIFIED: 25 + 75}


def test_newest_digest_of_a_copy_without_metadata_is_undecided() -> None:
    case = base()
    copy = {key: chains.stored(o.body, {}, NOW) for key, o in case.objects.items()}
    del copy[case.links[-1].key]
    places = parse_places(["audit-logs=replica"])
    report = audit(case, sources=[("replica", "")], buckets={"replica": copy}, places=places)
    assert outcome(report) == [("inconclusive", "signature-absent")]


def test_organization_trail_with_prefix_finds_every_account_and_region() -> None:
    case = base()
    case.objects.clear()
    case.spec.prefix = "central/logs/"
    for account in ("111122223333", "444455556666"):
        for region in ("eu-west-1", "eu-central-1"):
            case.spec.region = "eu-central-1"
            chains.build(chains.ChainSpec(case.bucket, account, region, prefix="central/logs/", org="o-abc123def4"))
    report = audit(case)
    assert outcome(report) == []
    assert len(report.chains) == 4
    one = audit(case, accounts=("444455556666",), regions=("eu-central-1",))
    assert [(c.id.account, c.id.region) for c in one.chains] == [("444455556666", "eu-central-1")]
    assert outcome(audit(case, accounts=("777777777777",))) == [("missing", "no-digests")]


_KINDS = ("CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity")


def test_logs_of_every_kind_of_event_are_verified_in_their_folders() -> None:
    """Insights and network activity lie beside management events; digests name them all."""
    case = make(kinds=_KINDS)
    report = audit(case)
    assert outcome(report) == []
    assert report.totals == {Verdict.VERIFIED: 25 + 75}
    keys = case.links[H].logs
    assert [key.split("/")[2] for key in keys] == list(_KINDS)
    TAMPERINGS["log: an event renamed"].apply(case, H - 1)
    del case.objects[keys[2]]
    assert outcome(audit(case)) == [("missing", "log-deleted"), ("modified", "content-hash")]


@pytest.mark.parametrize("kind", [*_KINDS, "CloudTrail-Aggregated"])
def test_injected_log_is_found_wherever_digests_name_logs_of_its_kind(kind: str) -> None:
    """Of a kind that no digest names, nobody can say that digests would name it."""
    case = make(kinds=_KINDS)
    middle = (case.links[H].start + case.links[H].end) // 2
    key = case.spec.log_key(middle - middle % 300, random.Random(1), kind)
    case.objects[key] = chains.stored(chains.log_body(random.Random(7), 1), None, NOW)
    assert outcome(audit(case)) == ([("unreferenced", "injected")] if kind in _KINDS else [])


@pytest.mark.parametrize("name", ["0-before", "zz-behind"])
@pytest.mark.parametrize("until", [UNTIL, UNTIL - 5 * HOUR])
def test_foreign_file_is_found_wherever_its_name_sorts(name: str, until: int) -> None:
    """Also on the day in the middle of which the window ends, and whatever that hour holds."""
    case = base()
    folder = case.links[H].logs[0].rpartition("/")[0]
    case.objects[f"{folder}/{name}.json.gz"] = chains.stored(chains.log_body(random.Random(7), 1), None, NOW)
    assert outcome(audit(case, until=until)) == [("unreferenced", "foreign-object")]


def test_listing_refused_is_undecided_and_nothing_is_called_missing() -> None:
    case = base()
    case.faults[f"{case.spec.root}CloudTrail-Digest/eu-west-1/2026/03/10/"] = "denied"
    report = audit(case)
    assert {verdict for verdict, _ in outcome(report)} == {"unreadable"}
    assert report.exit_code == 3


# Samples, digests only, content ---------------------------------------------------------------------------------------


def test_sample_is_repeatable_and_stated() -> None:
    rows: list[Any] = []
    report = audit(base(), sample=0.3, seed="s", rows=rows)
    read = [row.key for row in rows if (row.kind, row.source) == ("log", "read")]
    assert 5 < len(read) < 45
    again: list[Any] = []
    audit(base(), sample=0.3, seed="s", rows=again)
    assert [row.key for row in again if (row.kind, row.source) == ("log", "read")] == read
    other: list[Any] = []
    audit(base(), sample=0.3, seed="t", rows=other)
    assert [row.key for row in other if (row.kind, row.source) == ("log", "read")] != read
    assert report.chains[0].logs == {"verified": len(read), "not-read": 75 - len(read)}


def test_missing_log_is_found_outside_the_sample_too() -> None:
    case = base()
    del case.objects[log(case, H)]
    assert outcome(audit(case, sample=1e-9, seed="s")) == [("missing", "log-deleted")]


def test_digests_only_reads_no_log() -> None:
    case = base()
    TAMPERINGS["log: an event renamed"].apply(case, H)
    report = audit(case, digests_only=True)
    assert (outcome(report), report.count("logs")) == ([], 0)


def test_content_check_counts_events_and_names_what_lacks() -> None:
    """A log that AWS delivered incomplete is verified, and still fails the content check."""
    good = chains.log_body(random.Random(1), 4, DEFAULT_START + 60)
    bad = gzip.compress(b'{"Records":[{"eventTime":"2026-03-10T01:02:03Z","eventName":"X"}]}', mtime=0)
    torn = gzip.compress(b'{"Records":17}', mtime=0)
    for bodies, status in (([good], "PASS"), ([bad], "FAIL"), ([torn], "FAIL")):
        case = make(pool=chains.BodyPool(bodies), logs=lambda hour: int(hour == H))
        report = audit(case, content_check=True)
        assert report.content is not None
        assert (report.content.status, report.content.logs) == (status, 1)
        assert report.status == status
    case = make(pool=chains.BodyPool([good]), logs=lambda hour: 2)
    content = audit(case, content_check=True).content
    assert content is not None
    assert content.events == 4 * 2 * 25
    assert content.hours == {"111122223333/eu-west-1/2026-03-10T00": 4 * 2 * 25}


#: Reduced to what AWS documents as always there.
_INSIGHT = {
    "eventType": "AwsCloudTrailInsight",
    "eventTime": "2026-03-10T01:02:03Z",
    "awsRegion": "eu-west-1",
    "eventID": "1",
    "insightDetails": {"eventName": "RunInstances", "eventSource": "ec2.amazonaws.com"},
}
_AGGREGATED = {
    "eventType": "AwsAggregatedEvent",
    "timeWindow": {"windowStart": "2026-03-10T01:00:00Z"},
    "awsRegion": "eu-west-1",
    "eventId": "1",
    "eventSource": "s3.amazonaws.com",
    "summary": {"primaryDimension": {}},
}


@pytest.mark.parametrize(
    ("event", "missing"),
    [
        (_INSIGHT, {}),
        ({**_INSIGHT, "insightDetails": {}}, {"insightDetails.eventName": 1, "insightDetails.eventSource": 1}),
        ({**_INSIGHT, "insightDetails": "x"}, {"insightDetails.eventName": 1, "insightDetails.eventSource": 1}),
        (_AGGREGATED, {}),
        ({**_AGGREGATED, "timeWindow": None}, {"timeWindow.windowStart": 1}),
        (
            {**_INSIGHT, "eventType": ["x"]},
            dict.fromkeys(("eventName", "eventSource", "sourceIPAddress", "userIdentity"), 1),
        ),
    ],
)
def test_content_check_asks_of_each_type_of_event_what_aws_documents(event: Any, missing: dict[str, int]) -> None:
    place = LogContent("key", "111122223333", "eu-west-1", "org-trail", "eu-west-1")
    found = read_events(place, json.dumps({"Records": [event]}).encode())
    assert (found.incomplete, found.problem, found.events) == (missing, "", 1)
    assert bool(found.lacks) is bool(missing)


def test_coverage_shows_every_state_of_an_hour() -> None:
    case = make(logs=lambda hour: 0 if hour == 3 else 2, skipped=(18, 19), restarts=(0, 20))
    del case.objects[case.links[8].key]
    case.put(case.links[12].logs[0], gzip.compress(b"{}"))
    states = [span.state for span in audit(case).chains[0].spans]
    assert states == [
        "verified", "empty", "verified", "missing", "verified", "damaged", "verified", "gap-declared", "verified",
    ]  # fmt: skip
