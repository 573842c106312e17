"""A baseline gates on what is new or worse, and forgets nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.errors import UsageError
from trailwarden.model import Result, Severity, Status
from trailwarden.policy.baseline import (
    Baseline,
    baseline_of,
    baseline_text,
    compare,
    read_baseline,
    write_baseline,
)

WHEN = "2026-11-22T12:00:00Z"


def row(number: int, status: Status = Status.FAIL, severity: Severity = Severity.MEDIUM, state: str = "a") -> Result:
    return Result(
        policy="p",
        check="c",
        account="111122223333",
        region="eu-west-1",
        subject=f"arn:{number}",
        subject_type="bucket",
        status=status,
        severity=severity,
        message="",
        observed={},
        expected={},
        reason=None,
        params={},
        calls=(),
        fingerprint=f"{number:064}",
        state=state,
    )


def test_new_worse_changed_known_and_gone() -> None:
    """Each failure falls into one group; only the first two gate."""
    before = baseline_of(
        [row(1), row(2), row(3, Status.ERROR), row(4), row(5), row(6, Status.PASS), row(7, Status.WAIVED)], WHEN
    )
    assert [entry.subject for entry in before.entries] == [f"arn:{number}" for number in range(1, 6)]
    now = [
        row(1),
        row(2, severity=Severity.HIGH),
        row(3),
        row(4, state="b"),
        row(5, Status.PASS),
        row(6),
        row(7, Status.ERROR),
        row(8, Status.WAIVED),
    ]
    result = compare(now, before)
    assert result.known == (now[0],)
    assert result.worse == (now[1], now[2])
    assert result.changed == (now[3],)
    assert result.new == (now[5], now[6])
    assert [entry.subject for entry in result.gone] == ["arn:5"]
    assert result.gating == (now[5], now[6], now[1], now[2])


def test_less_bad_does_not_gate() -> None:
    """A lower severity, or a failure that can't be evaluated any more, is a change."""
    before = baseline_of([row(1, severity=Severity.HIGH), row(2)], WHEN)
    now = [row(1, severity=Severity.LOW), row(2, Status.ERROR)]
    assert compare(now, before).gating == ()
    assert compare(now, before).changed == (now[1],)


ROWS = st.builds(row, st.integers(1, 6), st.sampled_from(Status), st.sampled_from(Severity), st.sampled_from("ab"))


@given(st.lists(ROWS, max_size=6), st.lists(ROWS, max_size=6, unique_by=lambda item: item.fingerprint))
def test_nothing_is_lost(before: list[Result], now: list[Result]) -> None:
    """Every failure is in exactly one group, every entry is met again or gone, and a run gates nothing against itself."""
    unique = list({item.fingerprint: item for item in before}.values())
    result = compare(now, baseline_of(unique, WHEN))
    grouped = [*result.new, *result.worse, *result.changed, *result.known]
    key = "fingerprint"
    assert sorted(getattr(item, key) for item in grouped) == sorted(
        item.fingerprint for item in now if item.status in (Status.FAIL, Status.ERROR)
    )
    met = {item.fingerprint for item in grouped} & {item.fingerprint for item in baseline_of(unique, WHEN).entries}
    assert len(result.gone) + len(met) == len(baseline_of(unique, WHEN).entries)
    assert compare(now, baseline_of(now, WHEN)).gating == ()


def test_file_there_and_back(tmp_path: Path) -> None:
    """One line per entry, the same bytes for the same run in any order."""
    rows = [replace(row(2), subject="arn:é\n\u2028"), row(1)]
    baseline = baseline_of(rows, WHEN)
    path = tmp_path / "deep" / "baseline.json"
    write_baseline(baseline, path)
    assert read_baseline(path) == baseline
    assert path.read_text(encoding="utf-8") == baseline_text(baseline_of(rows[::-1], WHEN))
    assert len(baseline_text(baseline).split("\n")) == 5
    write_baseline(Baseline(WHEN, ()), path)
    assert read_baseline(path) == Baseline(WHEN, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no trailwarden baseline of format 1"),
        ('{"trailwarden_baseline": 2}', "no trailwarden baseline of format 1"),
        ('{"trailwarden_baseline": 1, "created": "x"}', "damaged baseline"),
        ('{"trailwarden_baseline": 1, "created": "x", "entries": [{}]}', "damaged baseline"),
        ('{"trailwarden_baseline": 1, "created": "x", "entries": 3}', "damaged baseline"),
    ],
)
def test_what_is_no_baseline(text: str, message: str, tmp_path: Path) -> None:
    """A file that can't be used is refused: read as empty it would fail everything, or nothing."""
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_baseline(path)
    with pytest.raises(UsageError, match="can't be read"):
        read_baseline(tmp_path / "gone.json")
