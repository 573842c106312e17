"""Random tampering on random chains: the engine and an independent, slow walk must find the same."""

from collections import Counter

import pytest
from benchmarks.integrity.chains import HOUR
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.integrity.integrity_kit import SINCE, UNTIL, Case, audit, make
from tests.integrity.reference_walk import Walk
from tests.integrity.tamperings import TAMPERINGS

from trailwarden.integrity.task import DENSE
from trailwarden.integrity.verdicts import Verdict


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A chain of 27 hours around the window, now and then with a restart, and up to four tamperings anywhere in it."""
    offset = draw(st.integers(60, 3540))
    counts = draw(st.lists(st.integers(0, 3), min_size=27, max_size=27))
    counts = [max(1, number) for number in counts]
    stop = draw(st.integers(3, 22))
    pause = draw(st.integers(1, 4)) if draw(st.booleans()) else 0
    skipped = tuple(range(stop, min(stop + pause, 25)))
    restarts = (0, stop + len(skipped)) if skipped else (0,)
    case = make(start=SINCE - offset, hours=27, logs=lambda hour: counts[hour], skipped=skipped, restarts=restarts)
    last = len(case.links) - 4
    for name, hour in draw(st.lists(st.tuples(st.sampled_from(sorted(TAMPERINGS)), st.integers(0, last)), max_size=4)):
        try:
            TAMPERINGS[name].apply(case, hour)
        except (KeyError, StopIteration, ValueError, OSError, EOFError, TypeError, AttributeError, IndexError):
            event(
                "a tampering found its object gone"
            )  # the one before it had deleted or broken what it wants to change
    return case


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases(), st.sampled_from((2, 9, DENSE)))
def test_engine_and_reference_walk_agree(case: Case, dense: int) -> None:
    """Also where units hold too many logs and are split."""
    expected = Walk(case, SINCE, UNTIL).run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trailwarden.integrity.unit.DENSE", dense)
        report = audit(case)
    found = Counter(
        (str(finding.verdict), finding.key if finding.kind != "hours" else "")
        for finding in report.findings
        if finding.verdict is not Verdict.VERIFIED
    )
    assert found == expected


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cases(), st.integers(1, 23), st.integers(0, 3599))
def test_cutting_the_window_elsewhere_changes_no_object_verdict(case: Case, hours: int, seconds: int) -> None:
    """Units end where they like: two windows that meet find the same bad objects as one."""
    cut = SINCE + hours * HOUR + seconds

    def bad(since: int, until: int) -> set[tuple[str, str, str]]:
        findings = audit(case, since=since, until=until).findings
        return {
            (str(f.verdict), f.reason, f.key) for f in findings if f.kind != "hours" and f.verdict != "unreferenced"
        }

    assert bad(SINCE, cut) | bad(cut, UNTIL) == bad(SINCE, UNTIL)
