"""The HTML report: well-formed, self-contained, accessible without a script, and safe with hostile data."""

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.reporters import report_builder as build

from trailwarden.contract import RenderOptions
from trailwarden.model import BaselineComparison, Gone, Notice, Report, Severity, Status
from trailwarden.registry import get_reporter

REPORTS = (build.realistic(), build.hostile(), build.empty())
VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Collects tags, attributes and text, and insists that every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def render(report: Report) -> str:
    return get_reporter("html").render(report, RenderOptions())


@pytest.mark.parametrize("report", REPORTS)
def test_document_is_well_formed(report: Report) -> None:
    outline = Outline(render(report))
    names = [tag for tag, _ in outline.tags]
    assert [names.count(tag) for tag in ("html", "head", "body", "main", "h1")] == [1] * 5
    assert dict(outline.tags)["html"] == {"lang": "en"}


@pytest.mark.parametrize("report", REPORTS)
def test_nothing_is_loaded_or_run(report: Report) -> None:
    """One file: it works offline, from an attachment, and under the strictest policy."""
    html = render(report)
    outline = Outline(html)
    assert not {tag for tag, _ in outline.tags} & {"script", "link", "img", "iframe", "object", "form", "base"}
    attributes = {name for _, attrs in outline.tags for name in attrs}
    assert not attributes & {"src", "srcset", "style", "action", "data", "poster"}
    assert not [name for name in attributes if name.startswith("on")]
    assert all((attrs.get("href") or "#").startswith("#") for _, attrs in outline.tags)
    assert "default-src 'none'" in html
    [css] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert "url(" not in css
    assert "@import" not in css


@pytest.mark.parametrize("report", REPORTS)
def test_links_and_labels_resolve(report: Report) -> None:
    outline = Outline(render(report))
    identities = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(set(identities)) == len(identities)
    wanted = {(attrs["href"] or "")[1:] for _, attrs in outline.tags if "href" in attrs}
    wanted |= {attrs["aria-labelledby"] or "" for _, attrs in outline.tags if "aria-labelledby" in attrs}
    assert wanted <= set(identities)


def test_accessible_by_structure() -> None:
    """Every table has a caption and scoped headings, the chart an equivalent in words, headings skip no level."""
    outline = Outline(render(build.realistic()))
    names = [tag for tag, _ in outline.tags]
    assert names.count("table") == names.count("caption")
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in outline.tags if tag == "th")
    [chart] = [attrs for tag, attrs in outline.tags if tag == "svg"]
    assert chart["role"] == "img"
    assert chart["aria-label"] == "12 results: 4 fail, 2 error, 1 waived, 1 n/a, 4 pass"
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h\d", tag)]
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert names.count("details") == names.count("summary")


def test_chart_covers_everything() -> None:
    rects = [attrs for tag, attrs in Outline(render(build.realistic())).tags if tag == "rect"]
    assert [rect["class"] for rect in rects] == ["fail", "error", "waived", "na", "pass"]
    assert rects[0]["x"] == "0"
    assert sum(int(rect["width"] or 0) for rect in rects) == 1000


def test_light_dark_and_paper() -> None:
    html = render(build.realistic())
    for feature in ("prefers-color-scheme:dark", "@media print", "color-scheme:light dark", 'name="viewport"'):
        assert feature in html


def luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_at_least_aa() -> None:
    """4.5 to 1 for every text colour on both backgrounds of both schemes."""
    schemes = re.findall(r":root\{(.*?)\}", render(build.empty()), re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = {
            name: value if len(value) == 7 else "#" + value[1:] * 2
            for name, value in re.findall(r"--(\w+):(#[0-9a-f]+)", scheme)
        }
        for ground in ("bg", "card"):
            for name in ("fg", "soft", "link", "fail", "error", "waived", "na", "pass"):
                light, dark = sorted((luminance(colours[ground]), luminance(colours[name])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_posture_matrix_shows_the_worst_verdict() -> None:
    html = render(build.realistic())
    [matrix] = re.findall(r"<table><caption>Controls by account</caption>.*?</table>", html, re.DOTALL)
    [line] = [line for line in re.findall(r"<tr>(.*?)</tr>", matrix) if "AU-12" in line]
    assert re.findall(r'class="s (\w+)"', line) == ["fail", "fail", "na"]
    [soc2] = [line for line in re.findall(r"<tr>(.*?)</tr>", matrix) if "CC7.2" in line]
    assert "not judged" in soc2
    assert re.findall(r'class="s (\w+)"', soc2) == ["error", "pass"]


def test_verdict_expands_to_its_evidence() -> None:
    html = render(build.realistic())
    verdicts = re.findall(r'<details class="verdict">.*?</details>', html, re.DOTALL)
    assert len(verdicts) == len(build.realistic().results)
    [denied] = [item for item in verdicts if "central-logs" in item and ">error<" in item]
    text = Outline(denied).text
    for shown in (
        "Observed",
        '"setting": false',
        "Expected",
        "CROSS_ACCOUNT",
        "s3:GetBucketObjectLockConfiguration",
        "0123456789abcdef",
    ):
        assert shown in text
    [protected] = [item for item in verdicts if "validates no log files" in item]
    assert "<caption>Candidates</caption>" in protected


def test_hostile_text_is_shown_not_obeyed() -> None:
    outline = Outline(render(build.hostile()))
    assert "<script>alert(1)</script>" in outline.text
    assert "]]></failure><x>" in outline.text
    assert "https://evil.example/" in outline.text


def test_result_without_a_verdict_is_not_shown_as_passed() -> None:
    report = build.report([build.rule("p")], [build.result("p", build.MEMBER, "n", Status.ERROR)])
    matrix = render(report).split("Policies by account</caption>")[1].split("</table>")[0]
    assert "pass" not in Outline(f"<table>{matrix}</table>").text


def test_exceptions_show_terms_notices_and_the_baseline() -> None:
    """Who accepted what until when, what to look at, and what the gate did not count because it was known."""
    gone = Gone("f", "gone-policy", "c", build.MEMBER, "us-east-1", "arn:gone", Severity.HIGH, Status.FAIL, None)
    report = dataclasses.replace(
        build.realistic(),
        notices=(Notice("expired", "W-9", "waiver W-9: expired on 2026-01-31", "waivers.yaml", 7, 1),),
        baseline=BaselineComparison("2026-10-01T00:00:00Z", (gone,)),
    )
    [section] = re.findall(r'<h2 id="exceptions">.*?</section>', render(report), re.DOTALL)
    text = Outline(f"<section>{section}").text
    for shown in (
        "ciso@example.com",
        "2027-01-31",
        "FAIL: ",
        "W-9",
        "waivers.yaml:7",
        "Held against a baseline of 2026-10-01T00:00:00Z",
        "gone-policy",
        "not judged",
    ):
        assert shown in text, shown
    assert "waiver W-9: expired" not in text
    assert "No waiver was applied." in Outline(render(build.empty())).text
