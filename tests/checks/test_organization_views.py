"""The organization's trail seen from every kind of account, judged from recorded replies.

Emulators know no organization's trail in members, no refusal of a shadow and no home region that an account lacks, so the replies are
recorded ones: a ledger a view in tests/data/organization. The run over each asks exactly the calls that it holds.
"""

from pathlib import Path

import pytest

from trailwarden.calls import Recorder
from trailwarden.ledger import Ledger, ReplayReader, read_ledger
from trailwarden.model import Result
from trailwarden.plan import make_plan
from trailwarden.registry import get_check
from trailwarden.scan import accounts_of, scan
from trailwarden.testing import policy_of, selection_of

DATA = Path(__file__).parents[1] / "data" / "organization"
ADMIN, ARCHIVE, MANAGEMENT = "222233334444", "333344445555", "999900001111"
CHECKS = {
    "org-trail-exists": {},
    "org-trail-covers-member": {},
    "org-trail-home-region-not-opt-in": {},
    "org-all-accounts-delivering": {},
    "org-trusted-access": {},
    "org-delegated-admin-expected": {"expected_account_ids": [ADMIN]},
    "org-log-archive-separation": {"log_archive_account_ids": [ARCHIVE]},
    "org-scp-protect-cloudtrail": {},
    "org-scp-deny-leave": {},
    "trail-exists-and-logging": {},
    "trail-multi-region": {},
    "trail-management-events": {},
    "trail-log-file-validation": {},
    "trail-s3-delivery-healthy": {},
    "trail-tagged": {},
    "bucket-exists": {},
    "bucket-object-lock": {},
    "kms-key-usable": {},
    "loggroup-usable": {},
}

VIEWS = {
    # Its own trail: readable in full, and beyond what any guardrail can protect.
    "management": """
        PASS org-trail-exists, PASS org-trail-home-region-not-opt-in, PASS org-trusted-access, PASS org-delegated-admin-expected
        PASS org-log-archive-separation, PASS trail-exists-and-logging, PASS trail-multi-region, PASS trail-management-events
        PASS trail-log-file-validation, PASS trail-s3-delivery-healthy, PASS trail-tagged, PASS bucket-exists, PASS loggroup-usable
        NOT_APPLICABLE org-trail-covers-member, NOT_APPLICABLE org-scp-protect-cloudtrail, NOT_APPLICABLE org-scp-deny-leave
        CROSS_ACCOUNT org-all-accounts-delivering, CROSS_ACCOUNT bucket-object-lock, CROSS_ACCOUNT kms-key-usable
    """,
    # The trail is not its own, and yet it may look into it by its ARN; of the organization it may ask what the management account may.
    "delegated-administrator": """
        PASS org-trail-exists, PASS org-trail-covers-member, PASS org-trail-home-region-not-opt-in, PASS org-trusted-access
        PASS org-delegated-admin-expected, PASS org-log-archive-separation, PASS org-scp-protect-cloudtrail, FAIL org-scp-deny-leave
        PASS trail-exists-and-logging, PASS trail-multi-region, PASS trail-management-events, PASS trail-log-file-validation
        PASS trail-s3-delivery-healthy, NOT_APPLICABLE trail-tagged, PASS bucket-exists
        CROSS_ACCOUNT org-all-accounts-delivering, CROSS_ACCOUNT bucket-object-lock, CROSS_ACCOUNT kms-key-usable
        CROSS_ACCOUNT loggroup-usable
    """,
    # A shadow with complete settings and a status by ARN; HasCustomEventSelectors=false decides without the selectors.
    "member": """
        PASS org-trail-exists, PASS org-trail-covers-member, PASS org-trail-home-region-not-opt-in
        PASS trail-exists-and-logging, PASS trail-multi-region, PASS trail-management-events, PASS trail-log-file-validation
        PASS trail-s3-delivery-healthy, NOT_APPLICABLE trail-tagged, PASS bucket-exists
        NOT_VISIBLE_FROM_MEMBER org-all-accounts-delivering, NOT_VISIBLE_FROM_MEMBER org-trusted-access
        NOT_VISIBLE_FROM_MEMBER org-delegated-admin-expected, NOT_VISIBLE_FROM_MEMBER org-scp-protect-cloudtrail
        NOT_VISIBLE_FROM_MEMBER org-scp-deny-leave, CROSS_ACCOUNT org-log-archive-separation
        CROSS_ACCOUNT bucket-object-lock, CROSS_ACCOUNT kms-key-usable, CROSS_ACCOUNT loggroup-usable
    """,
    # Status and selectors refused, by both codes that the field reports: what the shadow says of itself stays true, the rest is unknown.
    "member-refused": """
        PASS org-trail-home-region-not-opt-in, PASS trail-log-file-validation, PASS bucket-exists, NOT_APPLICABLE trail-tagged
        NOT_VISIBLE_FROM_MEMBER org-trail-exists, NOT_VISIBLE_FROM_MEMBER org-trail-covers-member
        NOT_VISIBLE_FROM_MEMBER trail-exists-and-logging, NOT_VISIBLE_FROM_MEMBER trail-multi-region
        NOT_VISIBLE_FROM_MEMBER trail-management-events, NOT_VISIBLE_FROM_MEMBER trail-s3-delivery-healthy
        NOT_VISIBLE_FROM_MEMBER org-all-accounts-delivering, NOT_VISIBLE_FROM_MEMBER org-trusted-access
        NOT_VISIBLE_FROM_MEMBER org-delegated-admin-expected, NOT_VISIBLE_FROM_MEMBER org-scp-protect-cloudtrail
        NOT_VISIBLE_FROM_MEMBER org-scp-deny-leave, CROSS_ACCOUNT org-log-archive-separation
        CROSS_ACCOUNT bucket-object-lock, CROSS_ACCOUNT kms-key-usable, CROSS_ACCOUNT loggroup-usable
    """,
    # The shadow went with the membership: nothing records the account, and no organization is to blame.
    "former-member": """
        FAIL trail-exists-and-logging, FAIL trail-multi-region, FAIL trail-management-events
        NOT_APPLICABLE org-trail-exists, NOT_APPLICABLE org-trail-covers-member, NOT_APPLICABLE org-trail-home-region-not-opt-in
        NOT_APPLICABLE org-all-accounts-delivering, NOT_APPLICABLE org-trusted-access, NOT_APPLICABLE org-delegated-admin-expected
        NOT_APPLICABLE org-log-archive-separation, NOT_APPLICABLE org-scp-protect-cloudtrail, NOT_APPLICABLE org-scp-deny-leave
        NOT_APPLICABLE trail-log-file-validation, NOT_APPLICABLE trail-s3-delivery-healthy, NOT_APPLICABLE trail-tagged
        NOT_APPLICABLE bucket-exists, NOT_APPLICABLE bucket-object-lock, NOT_APPLICABLE kms-key-usable
        NOT_APPLICABLE loggroup-usable
    """,
    # A member of another organization now, which has no trail: that is the new one's failure.
    "moved-member": """
        FAIL org-trail-exists, FAIL org-trail-covers-member
        FAIL trail-exists-and-logging, FAIL trail-multi-region, FAIL trail-management-events
        NOT_VISIBLE_FROM_MEMBER org-trusted-access, NOT_VISIBLE_FROM_MEMBER org-delegated-admin-expected
        NOT_VISIBLE_FROM_MEMBER org-scp-protect-cloudtrail, NOT_VISIBLE_FROM_MEMBER org-scp-deny-leave
        NOT_APPLICABLE org-trail-home-region-not-opt-in, NOT_APPLICABLE org-all-accounts-delivering
        NOT_APPLICABLE org-log-archive-separation, NOT_APPLICABLE trail-log-file-validation
        NOT_APPLICABLE trail-s3-delivery-healthy, NOT_APPLICABLE trail-tagged, NOT_APPLICABLE bucket-exists
        NOT_APPLICABLE bucket-object-lock, NOT_APPLICABLE kms-key-usable, NOT_APPLICABLE loggroup-usable
    """,
    # Copies in both regions say that they log, and nothing is sent: the home region is not enabled here.
    "opt-in-home-member": """
        FAIL org-trail-covers-member, FAIL org-trail-home-region-not-opt-in
        REGION_DISABLED org-trail-exists, REGION_DISABLED trail-exists-and-logging, REGION_DISABLED trail-multi-region
        REGION_DISABLED trail-management-events, REGION_DISABLED trail-s3-delivery-healthy
        PASS trail-log-file-validation, PASS bucket-exists, NOT_APPLICABLE trail-tagged
        NOT_VISIBLE_FROM_MEMBER org-all-accounts-delivering, NOT_VISIBLE_FROM_MEMBER org-trusted-access
        NOT_VISIBLE_FROM_MEMBER org-delegated-admin-expected, NOT_VISIBLE_FROM_MEMBER org-scp-protect-cloudtrail
        NOT_VISIBLE_FROM_MEMBER org-scp-deny-leave, CROSS_ACCOUNT org-log-archive-separation
        CROSS_ACCOUNT bucket-object-lock, CROSS_ACCOUNT kms-key-usable, CROSS_ACCOUNT loggroup-usable
    """,
    # The same trail from above, with everybody's credentials: one member lacks the home region, and the bucket lacks its files.
    "opt-in-home-management": """
        FAIL org-trail-home-region-not-opt-in, FAIL org-all-accounts-delivering
        PASS org-trail-exists, PASS org-trusted-access, PASS org-delegated-admin-expected, PASS org-log-archive-separation
        PASS trail-exists-and-logging, PASS trail-multi-region, PASS trail-management-events, PASS trail-log-file-validation
        PASS trail-s3-delivery-healthy, PASS trail-tagged, PASS bucket-exists, PASS bucket-object-lock, PASS kms-key-usable
        PASS loggroup-usable
        NOT_APPLICABLE org-trail-covers-member, NOT_APPLICABLE org-scp-protect-cloudtrail, NOT_APPLICABLE org-scp-deny-leave
    """,
}


def judged(ledger: Ledger, recorder: Recorder) -> dict[str, Result]:
    """The row of each check on the first account of a ledger; every view has one trail at most, so there is one."""
    policies = [policy_of(get_check(name), params) for name, params in CHECKS.items()]
    account = accounts_of(ledger.header, recorder)[0]
    rows = scan(make_plan(selection_of(*policies)), account, jobs=1).results
    assert len(rows) == len({row.policy for row in rows})
    return {row.policy: row for row in rows}


def word(row: Result) -> str:
    return row.reason.code.value if row.reason else row.status.value


@pytest.mark.parametrize("view", VIEWS)
def test_verdicts_and_calls(view: str) -> None:
    ledger = read_ledger(DATA / f"{view}.jsonl")
    recorder = Recorder(ReplayReader(ledger))
    rows = judged(ledger, recorder)
    wanted = [item.split() for line in VIEWS[view].split("\n") for item in line.split(",") if item.strip()]
    assert {name: word(row) for name, row in rows.items()} == {name: said for said, name in wanted}
    asked = {call for call, _ in recorder.entries()}
    assert asked == set(ledger.replies)


def test_every_view_is_recorded_and_every_record_is_a_view() -> None:
    assert sorted(path.stem for path in DATA.iterdir()) == sorted(VIEWS)


@pytest.mark.parametrize("view", ["member", "member-refused", "delegated-administrator"])
def test_a_shadow_is_asked_by_its_arn(view: str) -> None:
    """By name AWS answers TrailNotFoundException, which would read as "no trail"."""
    ledger = read_ledger(DATA / f"{view}.jsonl")
    names = [call.arguments["Name"] for call in ledger.replies if call.operation == "GetTrailStatus"]
    assert names
    assert {name.split(":")[4] for name in names} == {MANAGEMENT}


@pytest.mark.parametrize("name", ["trail-exists-and-logging", "trail-management-events", "org-trail-covers-member"])
def test_a_refusal_names_what_would_lift_it(name: str) -> None:
    ledger = read_ledger(DATA / "member-refused.jsonl")
    row = judged(ledger, Recorder(ReplayReader(ledger)))[name]
    assert row.reason is not None
    assert (row.reason.operation, row.reason.aws_code) in {
        ("cloudtrail.GetTrailStatus", "CloudTrailARNInvalidException"),
        ("cloudtrail.GetTrailStatus", "TrailNotFoundException"),
    }


def test_the_member_without_the_home_region_is_named_from_above_and_from_itself() -> None:
    for view in ("opt-in-home-member", "opt-in-home-management"):
        ledger = read_ledger(DATA / f"{view}.jsonl")
        row = judged(ledger, Recorder(ReplayReader(ledger)))["org-trail-home-region-not-opt-in"]
        assert "111122223333" in row.message
        assert row.observed["without it"] == "111122223333"
