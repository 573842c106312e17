"""Waivers: what they cover and until when, what is said about them, what can't be waived."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.errors import PolicyError
from trailwarden.model import PolicyResult, Result, Severity, Status
from trailwarden.policy.waiverfile import add_waiver, prune_waivers
from trailwarden.policy.waivers import Waivers, apply_waivers, load_waivers, verdict_of

BAD = Path(__file__).parent / "data" / "waivers"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUCKET = "arn:aws:s3:::audit-logs"
HEAD = "apiVersion: trailwarden/v1\nkind: Waivers\nwaivers:\n"
FIELDS = {
    "id": "SEC-1",
    "policy": "bucket-object-lock",
    "subject": "arn:aws:s3:::audit-*",
    "reason": "the vault replaces it: soon",
    "ticket": "SEC-1",
    "owner": "platform",
    "approved_by": "ciso",
    "approved_on": "2026-11-01",
    "expires": "2027-01-31",
}


def row(**changes: object) -> Result:
    base = Result(
        policy="bucket-object-lock",
        check="bucket-object-lock",
        account="111122223333",
        region="eu-west-1",
        subject=BUCKET,
        subject_type="bucket",
        status=Status.FAIL,
        severity=Severity.HIGH,
        message="no lock",
        observed={"mode": ""},
        expected={},
        reason=None,
        params={},
        calls=(),
        state="0123456789abcdef",
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # fields by name


def verdict(status: Status = Status.FAIL) -> PolicyResult:
    return PolicyResult("bucket-object-lock", "111122223333", status, Severity.HIGH, 1, 1, 0, "f.yaml", 1, "0" * 64, {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(*several: dict[str, str], max_days: int = 180) -> Waivers:
    text = ""
    for fields in several:
        text = add_waiver(text, {**FIELDS, **fields})
    Path("w.yaml").write_text(text)
    return load_waivers([Path("w.yaml")], max_days=max_days)


def notices(waivers: Waivers, result: Result, now: datetime = NOW) -> list[str]:
    return [f"{item.kind} {item}" for item in apply_waivers([result], [], waivers, now).notices]


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.yaml")))
def test_mistakes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake in a waiver file, as a pair of files."""
    monkeypatch.chdir(BAD)
    with pytest.raises(PolicyError) as caught:
        load_waivers([Path(f"{name}.yaml")])
    expected = BAD / f"{name}.txt"
    if os.environ.get("REWRITE_EXPECTED"):
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == expected.read_text(encoding="utf-8")


def test_waived_with_the_verdict_underneath(folder: Path) -> None:
    """A waived failure keeps what failed, and shows who accepted it until when; the policy's verdict follows."""
    applied = apply_waivers([row()], [verdict()], load({}), NOW)
    [result] = applied.results
    assert result.status is Status.WAIVED
    assert result.message == "no lock"
    kept = {key: value for key, value in FIELDS.items() if key not in ("policy", "subject")}
    assert result.waiver == {**kept, "verdict": "FAIL", "file": "w.yaml", "line": 4}
    assert [item.status for item in applied.policies] == [Status.WAIVED]
    assert applied.notices == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"policy": "bucket-*"},
        {"subject": BUCKET},
        {"account": "1111*", "region": "eu-*"},
        {"fingerprint": "0123456789abcdef"},
    ],
)
def test_covered(fields: dict[str, str], folder: Path) -> None:
    """Ids, ARNs, accounts and regions may be globs."""
    assert apply_waivers([row()], [], load(fields), NOW).results[0].status is Status.WAIVED


@pytest.mark.parametrize(
    "fields",
    [
        {"policy": "bucket-versioning"},
        {"subject": "arn:aws:s3:::other"},
        {"account": "999*"},
        {"region": "us-*"},
    ],
)
def test_not_covered(fields: dict[str, str], folder: Path) -> None:
    """What a waiver does not name fails as before, and the waiver is called unused."""
    applied = apply_waivers([row()], [verdict()], load(fields), NOW)
    assert applied.results == (row(),)
    assert applied.policies == (verdict(),)
    assert [item.kind for item in applied.notices] == ["unused"]


def test_last_day_counts_to_its_end_in_utc(folder: Path) -> None:
    """Wherever the machine stands: the day is UTC's."""
    waivers = load({"expires": "2026-11-22"})
    last = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        assert apply_waivers([row()], [], waivers, last.astimezone(zone)).results[0].status is Status.WAIVED
        after = (last + timedelta(seconds=1)).astimezone(zone)
        assert apply_waivers([row()], [], waivers, after).results[0].status is Status.FAIL
    with pytest.raises(ValueError, match="time zone"):
        apply_waivers([row()], [], waivers, datetime(2026, 11, 22))  # noqa: DTZ001 - the mistake under test


def test_expired_fails_again_and_says_so(folder: Path) -> None:
    """Both the result and the notice name the day."""
    waivers = load({"expires": "2026-11-21"})
    [result] = apply_waivers([row()], [], waivers, NOW).results
    assert (result.status, result.waiver) == (Status.FAIL, None)
    assert result.message == "no lock (waiver SEC-1 expired on 2026-11-21)"
    assert result.notes == ("waiver SEC-1 expired on 2026-11-21",)
    assert notices(waivers, row()) == [
        "expired w.yaml:4:5: waiver SEC-1: expired on 2026-11-21; what it covered fails again"
    ]
    assert notices(waivers, row(status=Status.PASS)) == [
        "expired w.yaml:4:5: waiver SEC-1: expired on 2026-11-21, and nothing fails that it covers"
    ]


def test_about_to_expire(folder: Path) -> None:
    """Announced thirty days before, to the day."""
    assert notices(load({"expires": "2026-12-23"}), row()) == []
    assert notices(load({"expires": "2026-12-22"}), row()) == [
        "expiring w.yaml:4:5: waiver SEC-1: expires on 2026-12-22, in 30 days"
    ]
    assert notices(load({"expires": "2026-11-23"}), row())[0].endswith("in 1 day")
    assert notices(load({"expires": "2026-11-22"}), row())[0].endswith("today")


def test_not_yet_in_force(folder: Path) -> None:
    """An approval of tomorrow covers nothing today."""
    waivers = load({"approved_on": "2026-11-23"})
    [result] = apply_waivers([row()], [], waivers, NOW).results
    assert result.message == "no lock (waiver SEC-1 holds from 2026-11-23 on)"
    assert notices(waivers, row()) == ["early w.yaml:4:5: waiver SEC-1: holds from 2026-11-23 on"]


def test_another_state_is_not_covered(folder: Path) -> None:
    """A waiver bound to a state covers that state alone."""
    waivers = load({"fingerprint": "f" * 16})
    [result] = apply_waivers([row()], [], waivers, NOW).results
    assert result.status is Status.FAIL
    assert "was given for another state (ffffffffffffffff, now 0123456789abcdef)" in result.message
    assert [text.split()[0] for text in notices(waivers, row())] == ["other-state"]


def test_error_is_never_waived(folder: Path) -> None:
    """Nobody knows what would be accepted."""
    applied = apply_waivers([row(status=Status.ERROR)], [verdict(Status.ERROR)], load({}), NOW)
    assert applied.results[0].status is Status.ERROR
    assert [item.kind for item in applied.notices] == ["error"]


@pytest.mark.parametrize("status", [Status.PASS, Status.NOT_APPLICABLE, Status.WAIVED])
def test_what_does_not_fail_is_left_alone(status: Status, folder: Path) -> None:
    """A waiver changes failures and nothing else."""
    assert apply_waivers([row(status=status)], [], load({}), NOW).results == (row(status=status),)


def test_second_waiver_holds_when_the_first_does_not(folder: Path) -> None:
    """An expired one does not stand in the way of its successor."""
    waivers = load({"expires": "2026-11-20"}, {"id": "SEC-2"})
    applied = apply_waivers([row()], [], waivers, NOW)
    assert applied.results[0].waiver is not None
    assert applied.results[0].waiver["id"] == "SEC-2"


def test_unknown_policy_is_noticed(folder: Path) -> None:
    """A waiver for a policy that does not exist is told apart from one that is merely unused."""
    waivers = load({"policy": "bucket-object-lok"})
    applied = apply_waivers([], [], waivers, NOW, known_policies=["bucket-object-lock", "bucket-versioning"])
    assert [str(item) for item in applied.notices] == [
        "w.yaml:4:5: waiver SEC-1: there is no policy 'bucket-object-lok'; did you mean 'bucket-object-lock'?"
    ]


def test_longest_time_is_configurable(folder: Path) -> None:
    """180 days unless said otherwise."""
    load({"expires": "2027-04-30"})
    with pytest.raises(
        PolicyError, match="a waiver may last 180 days, and this one lasts 181; 2027-04-30 at the latest"
    ):
        load({"expires": "2027-05-01"})
    load({"expires": "2027-11-01"}, max_days=365)


STATUSES = st.lists(st.sampled_from(Status), max_size=5)


@given(STATUSES)
def test_verdict_of_rows(statuses: list[Status]) -> None:
    """A verdict passes only when nothing failed, nothing is unknown and something passed or was waived."""
    result = verdict_of(statuses)
    assert (result is Status.FAIL) == (Status.FAIL in statuses)
    if result in (Status.PASS, Status.WAIVED):
        assert not {Status.FAIL, Status.ERROR} & set(statuses)
    assert result in statuses or (result is Status.NOT_APPLICABLE and not set(statuses) - {Status.NOT_APPLICABLE})


def test_add_and_prune_keep_the_rest(folder: Path) -> None:
    """Comments and spelling of what stays are not touched; hostile text survives the way there and back."""
    text = HEAD + "  # first\n  - id: a\n    policy: p\n    subject: '*'\n    reason: r\n    approved_by: x\n"
    text += "    approved_on: 2026-11-01\n    expires: 2026-11-20\n  # second\n"
    text = add_waiver(text, {**FIELDS, "reason": "#: 'quoted' \"twice\" \\ \n- x: \u2028é\U0001f600"})
    Path("w.yaml").write_text(text, encoding="utf-8")
    first, second = load_waivers([Path("w.yaml")]).items
    assert second.reason == "#: 'quoted' \"twice\" \\ \n- x: \u2028é\U0001f600"
    left = prune_waivers(text, [first])
    assert left.startswith(HEAD + '  # first\n  # second\n  - id: "SEC-1"\n')
    Path("w.yaml").write_text(left, encoding="utf-8")
    assert load_waivers([Path("w.yaml")]).items[0].id == "SEC-1"
    Path("w.yaml").write_text(prune_waivers(left, load_waivers([Path("w.yaml")]).items), encoding="utf-8")
    assert load_waivers([Path("w.yaml")]).items == ()


def test_many_waivers_and_results(folder: Path) -> None:
    """Each of many results finds its own among many waivers, and every verdict follows its own rows."""
    count = 400
    waivers = load(*({"id": f"W{number}", "subject": f"arn:*:{number}"} for number in range(count)))
    rows = [row(subject=f"arn:aws:{number}", account=f"{number % 4:012}") for number in range(count)]
    verdicts = [replace(verdict(), account=f"{number:012}") for number in range(5)]
    applied = apply_waivers(rows, verdicts, waivers, NOW)
    assert [(item.waiver or {}).get("id") for item in applied.results] == [f"W{number}" for number in range(count)]
    assert [item.status for item in applied.policies] == [Status.WAIVED] * 4 + [Status.FAIL]
    assert applied.notices == ()
