"""What every reporter owes, asserted over the registry, so that a new one is covered unedited (but for its line in READERS)."""

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions, Reporter
from trailwarden.model import Report, Status
from trailwarden.registry import reporters

ROOT = Path(__file__).parents[2]
ALL = reporters()
MARKER = re.compile(r"zq\d+-\d+")
REPORTS = {"realistic": build.realistic(), "hostile": build.hostile(), "empty": build.empty()}

PROBLEMS = {Status.FAIL: "fail", Status.ERROR: "error"}
"""What a format that shows problems only says of each status."""
ACCEPTED = {**PROBLEMS, Status.WAIVED: "waived"}
"""A format that shows accepted problems beside those."""
SKIPPED = {**PROBLEMS, Status.PASS: "pass", Status.WAIVED: "skip", Status.NOT_APPLICABLE: "skip"}
"""A format with one word for what is neither passed nor a problem."""
WORDS = {status: status.value for status in Status}
"""A format that knows all five."""

Rows = list[tuple[str, str]]
"""Marker of a row, and what the format says of it, in the order of the document."""


def marker(text: str) -> str:
    found = MARKER.search(text)
    assert found, text[:80]
    return found[0]


def read_json(text: str) -> Rows:
    return [(marker(row["subject_name"]), row["status"]) for row in json.loads(text)["results"]]


def read_table(text: str) -> Rows:
    rows = re.split(r"(?m)^(?=(?:PASS|FAIL|ERROR|WAIVED|N/A) )", text.rsplit("\n\n", 1)[0])
    return [(marker(row), row.split()[0].replace("N/A", "NOT_APPLICABLE")) for row in rows[1:]]


def read_junit(text: str) -> Rows:
    words = {"failure": "fail", "error": "error", "skipped": "skip"}
    return [
        (marker(case.attrib["name"]), words[case[0].tag] if len(case) else "pass")
        for case in ET.fromstring(text).iter("testcase")
    ]


def read_sarif(text: str) -> Rows:
    results = json.loads(text)["runs"][0]["results"]
    return [(marker(item["properties"]["resourceArn"]), item["properties"]["status"].lower()) for item in results]


def read_markdown(text: str) -> Rows:
    policies = text.split("\n## 7 ")[1].split("\n## 8 ", maxsplit=1)[0]
    rows = [line for line in policies.split("\n") if re.match(r"\| `+ ?arn:aws:cloudtrail", line)]
    return [(marker(row), re.findall(r" \| \*\*(\w+)\*\* \| ", row)[0]) for row in rows]


def read_csv(text: str) -> Rows:
    return [(marker(row["subject_name"]), row["status"]) for row in csv.DictReader(io.StringIO(text, newline=""))]


def read_html(text: str) -> Rows:
    verdicts = re.findall(r'<details class="verdict"><summary>.*?</summary>', text)
    return [(marker(row), re.findall(r'class="s (\w+)"', row)[0]) for row in verdicts]


def read_ocsf(text: str) -> Rows:
    words = {(1, 4): "pass", (3, 1): "fail", (2, 1): "error", (3, 3): "skip", (99, 4): "skip"}
    events = [json.loads(line) for line in text.splitlines()]
    return [
        (marker(event["resources"][0]["uid"]), words[event["compliance"]["status_id"], event["status_id"]])
        for event in events
    ]


def read_asff(text: str) -> Rows:
    words = {"PASSED": "pass", "FAILED": "fail", "NOT_AVAILABLE": "error"}
    kept = [(item, item["RecordState"] == "ARCHIVED" or "Workflow" in item) for item in json.loads(text)]
    return [
        (marker(item["Resources"][0]["Id"]), "skip" if skipped else words[item["Compliance"]["Status"]])
        for item, skipped in kept
    ]


def read_oscal(text: str) -> Rows:
    results = json.loads(text)["assessment-results"]["results"]
    found = [item for result in results for item in result["observations"]]
    status = [next(prop["value"] for prop in item["props"] if prop["name"] == "result") for item in found]
    return [(marker(item["title"]), word.upper().replace("-", "_")) for item, word in zip(found, status, strict=True)]


def problem(text: str) -> str:
    if re.search(r": fails, waived until .* by ", text):
        return "waived"
    return "error" if "could not be evaluated" in text else "fail"


def read_azure(text: str) -> Rows:
    return [
        (marker(re.sub(r"^##vso\[[^]]*\]|^waived: [^:]*: ", "", line)), problem(line)) for line in text.splitlines()
    ]


def read_gitlab(text: str) -> Rows:
    return [(marker(item["description"]), problem(item["description"])) for item in json.loads(text)]


CLASSES = {
    Status.PASS: "pass",
    Status.FAIL: "fail",
    Status.ERROR: "error",
    Status.WAIVED: "waived",
    Status.NOT_APPLICABLE: "na",
}

READERS: dict[str, tuple[Callable[[str], Rows], dict[Status, str]]] = {
    "asff": (read_asff, SKIPPED),
    "azure": (read_azure, ACCEPTED),
    "csv": (read_csv, WORDS),
    "gitlab-codequality": (read_gitlab, ACCEPTED),
    "html": (read_html, CLASSES),
    "json": (read_json, WORDS),
    "junit": (read_junit, SKIPPED),
    "markdown": (read_markdown, WORDS),
    "ocsf": (read_ocsf, SKIPPED),
    "oscal": (read_oscal, WORDS),
    "sarif": (read_sarif, PROBLEMS),
    "table": (read_table, WORDS),
}


CAPPED = {"github"}
"""Shows the worst only, because its consumer drops the rest; its own test counts."""


def test_every_built_in_reporter_is_read_back() -> None:
    assert sorted({*READERS, *CAPPED}) == sorted(
        identity for identity, reporter in ALL.items() if not reporter.distribution
    )


@pytest.mark.parametrize("identity", READERS)
def test_every_result_appears_once_with_its_status(identity: str) -> None:
    """Hostile text hides no row, doubles none, and turns no ERROR into something better."""
    read, words = READERS[identity]
    report = REPORTS["hostile"]
    expected = [(marker(row.subject_name), words[row.status]) for row in report.results if row.status in words]
    assert sorted(read(ALL[identity].render(report, RenderOptions()))) == sorted(expected)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("reporter", ALL.values(), ids=list(ALL))
def test_output_is_clean_text(reporter: Reporter, name: str) -> None:
    """UTF-8 can carry it, it ends a line, and it holds no control character, direction mark or lone surrogate."""
    text = reporter.render(REPORTS[name], RenderOptions())
    text.encode("utf-8")
    assert text.endswith("\n") or not text
    assert re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text) == []


@pytest.mark.parametrize("reporter", ALL.values(), ids=list(ALL))
def test_rendering_changes_nothing_and_repeats(reporter: Reporter) -> None:
    report = build.realistic()
    first = reporter.render(report, RenderOptions())
    assert reporter.render(report, RenderOptions()) == first
    assert report == build.realistic()


@pytest.mark.parametrize("reporter", ALL.values(), ids=list(ALL))
def test_reporter_describes_itself(reporter: Reporter) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", reporter.id)
    assert reporter.title
    assert reporter.suffix.startswith(".")
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", reporter.media_type)


PROGRAM = """
import hashlib
from tests.reporters import report_builder as build
from trailwarden.contract import RenderOptions
from trailwarden.registry import reporters
for make in (build.realistic, build.hostile):
    for identity, reporter in reporters().items():
        print(make.__name__, identity, hashlib.sha256(reporter.render(make(), RenderOptions()).encode()).hexdigest())
"""


def digests(report: Report) -> list[str]:
    return [hashlib.sha256(reporter.render(report, RenderOptions()).encode()).hexdigest() for reporter in ALL.values()]


def test_output_depends_on_no_hash_seed_time_zone_or_locale() -> None:
    """The same report gives the same bytes in a process that differs in all of them (pytest's own seed is random)."""
    expected = [*digests(REPORTS["realistic"]), *digests(REPORTS["hostile"])]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Chatham",
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "33",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert [line.split()[-1] for line in run.stdout.splitlines()] == expected
