"""CSV: one line per result, and no formula for a spreadsheet."""

import csv
import io

from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import Report, Status
from trailwarden.registry import get_reporter


def table(report: Report) -> list[dict[str, str]]:
    text = get_reporter("csv").render(report, RenderOptions())
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_values_come_back() -> None:
    report = build.realistic()
    found = table(report)
    assert [row["fingerprint"] for row in found] == [row.fingerprint for row in report.results]
    denied = next(row for row in found if row["status"] == "ERROR" and row["policy"] == "bucket-object-lock")
    assert denied["missing_action"] == "s3:GetBucketObjectLockConfiguration"
    assert denied["reason"] == "CROSS_ACCOUNT"
    waived = next(row for row in found if row["status"] == "WAIVED")
    assert (waived["waiver"], waived["waiver_expires"]) == ("W-7", "2027-01-31")


def test_no_cell_is_a_formula() -> None:
    rows = [build.result("p", "1", text, Status.FAIL) for text in ("=1+1", "+1", "-1", "@x", "\tx")]
    cells = [row["subject_name"] for row in table(build.report([build.rule("p")], rows))]
    assert cells == ["'=1+1", "'+1", "'-1", "'@x", "'\tx"]
    for row in table(build.hostile()):
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_lines_are_rectangular() -> None:
    report = build.hostile()
    found = table(report)
    assert len(found) == len(report.results)
    assert all(None not in row and None not in row.values() for row in found)
