"""Waivers and baselines through the installed program: what is accepted stays visible, and the gate looks at the rest."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.cli_kit import Run, bad, record, run

from trailwarden.cli import main
from trailwarden.policy.waivers import load_waivers
from trailwarden.registry import reporters

WAIVERS = "apiVersion: trailwarden/v1\nkind: Waivers\nwaivers:\n"


def waiver(identity: str, policy: str = "validation", **changes: str) -> str:
    """A waiver that is in force at the ledgers' clock, 2026-06-01."""
    terms = {"reason": "until the migration", "ticket": "OPS-1", "owner": "platform", "approved_by": "ciso"}
    terms |= {"approved_on": "2026-04-01", "expires": "2026-09-01", **changes}
    lines = [f"id: {identity}", f"policy: {policy}", 'subject: "*"', *(f"{key}: {text}" for key, text in terms.items())]
    return "  - " + "\n    ".join(lines) + "\n"


def judged(here: Path, world: str, *options: str) -> tuple[Run, dict[str, Any]]:
    """One run and its results.json."""
    out = here / "out.json"
    found = run(
        "check",
        "--policy",
        "policy.yaml",
        "--replay",
        f"{world}.jsonl",
        "-o",
        "table",
        "-o",
        f"json={out}",
        *options,
        cwd=here,
    )
    return found, json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}


def test_a_waived_failure_passes_the_gate_and_shows_its_verdict(here: Path) -> None:
    """WAIVED with the FAIL underneath in every format, and the pack of the run holds the waivers' own bytes and can be verified."""
    path = here / "accepted" / "w.yaml"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + (WAIVERS + waiver("OPS-1")).encode())
    others = sorted(reporters().keys() - {"table", "json"})
    formats = [word for name in others for word in ("-o", f"{name}=out/{name}")]
    found, results = judged(here, "bad", "--waivers", "accepted", "--evidence", "pack", *formats)
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""
    [row] = results["results"]
    assert (row["status"], row["waiver"]["verdict"], row["waiver"]["approved_by"]) == ("WAIVED", "FAIL", "ciso")
    assert [item["status"] for item in results["policies"]] == ["WAIVED"]
    assert results["notices"] == []
    assert "fails, waived until 2026-09-01 by ciso (OPS-1): until the migration" in found.stdout
    texts = {item.name: item.read_text(encoding="utf-8") for item in (here / "out").iterdir()}
    assert "underlying result FAIL" in texts["junit"]
    assert "| FAIL | `until the migration` |" in texts["markdown"]
    assert [line["waiver"] for line in csv.DictReader(io.StringIO(texts["csv"]))] == ["OPS-1"]
    assert [name for name in others if "until the migration" not in texts[name] and name not in ("csv", "junit")] == []
    assert (here / "pack" / "waivers" / "accepted" / "w.yaml").read_bytes() == path.read_bytes()
    verified = run("evidence", "verify", "pack", cwd=here)
    assert verified.returncode == 0, verified.stdout


def test_what_is_wrong_with_waivers_is_said_and_strict_fails_on_it(here: Path) -> None:
    """Expired, about to expire, unused, for no policy: on stderr, in results.json, Markdown and table; --strict makes 1 of 0."""
    (here / "w.yaml").write_text(
        WAIVERS
        + waiver("SOON", expires="2026-06-20")
        + waiver("LATE", expires="2026-05-20")
        + waiver("NONE", "validatoin")
        + waiver("IDLE", "trail-multi-region"),
        encoding="utf-8",
    )
    found, results = judged(here, "bad", "--waivers", "w.yaml", "-o", "markdown=r.md")
    assert found.returncode == 0
    assert found.stderr.splitlines() == [
        "trailwarden: w.yaml:4:5: waiver SOON: expires on 2026-06-20, in 19 days",
        "trailwarden: w.yaml:13:5: waiver LATE: expired on 2026-05-20, and nothing fails that it covers",
        "trailwarden: w.yaml:22:5: waiver NONE: there is no policy 'validatoin'; did you mean 'validation'?",
        "trailwarden: w.yaml:31:5: waiver IDLE: nothing fails that it covers",
    ]
    assert [item["kind"] for item in results["notices"]] == ["expiring", "expired", "unknown-policy", "unused"]
    written = (here / "r.md").read_text(encoding="utf-8")
    for line in found.stderr.splitlines():
        place = line.removeprefix("trailwarden: ")
        assert f"| `{place.split(': ', 2)[2]}` |" in written
        assert f"notice: {place}" in " ".join(found.stdout.split())
    strict, results = judged(here, "bad", "--waivers", "w.yaml", "--strict", "--evidence", "pack")
    assert strict.returncode == 1
    assert "exit code 1: 4 notices about waivers, which --strict counts as failures" in strict.stdout
    assert results["run"]["strict"] is True
    verified = run("evidence", "verify", "pack", cwd=here)
    assert verified.returncode == 0, verified.stdout


def test_an_expired_waiver_covers_nothing(here: Path) -> None:
    """FAIL again, saying so; the limit on its length is a setting."""
    (here / "w.yaml").write_text(WAIVERS + waiver("LATE", expires="2026-05-31"), encoding="utf-8")
    found, results = judged(here, "bad", "--waivers", "w.yaml")
    assert found.returncode == 1
    assert "(waiver LATE expired on 2026-05-31)" in results["results"][0]["message"]
    short, _ = judged(here, "bad", "--waivers", "w.yaml", "--waiver-days", "30")
    assert short.returncode == 2
    assert "w.yaml:12:14: a waiver may last 30 days, and this one lasts 60; 2026-05-01 at the latest" in short.stderr


def test_an_error_can_not_be_waived(here: Path) -> None:
    """What nobody could read, nobody can accept; the file may be named by the settings."""
    (here / "w.yaml").write_text(WAIVERS + waiver("BLIND"), encoding="utf-8")
    (here / "trailwarden.yaml").write_text("waivers: [w.yaml]\n", encoding="utf-8")
    found, results = judged(here, "blind")
    assert found.returncode == 3
    assert [item["kind"] for item in results["notices"]] == ["error"]


def test_a_baseline_gates_on_what_is_new(here: Path) -> None:
    """What failed before is known, what failed elsewhere is new, and what disappeared is listed; the pack can be verified."""
    old = bad()
    old.add_trail("old", LogFileValidationEnabled=False)
    record(old, here / "before.jsonl")
    first, _ = judged(here, "before")
    assert first.returncode == 1
    wrote = run("baseline", "write", "out.json", "base.json", cwd=here)
    assert (wrote.returncode, wrote.stdout) == (0, "")
    assert wrote.stderr == "trailwarden: wrote base.json: 2 entries as of 2026-06-01T12:00:00Z\n"
    same, results = judged(here, "bad", "--baseline", "base.json", "-o", "markdown=r.md", "--evidence", "pack")
    assert same.returncode == 0, same.stderr
    assert [(row["status"], row["baseline"]) for row in results["results"]] == [("FAIL", "known")]
    [gone] = results["baseline"]["gone"]
    assert (gone["subject"].rpartition("/")[2], gone["before"], gone["now"]) == ("old", "FAIL", None)
    assert "exit code 0: nothing new or worse, 1 known from the baseline" in same.stdout
    assert "trail/old: was FAIL, not judged in this run" in " ".join(same.stdout.split())
    assert "0 new, 0 worse, 0 changed, 1 known" in (here / "r.md").read_text(encoding="utf-8")
    assert (here / "pack" / "baseline" / "base.json").read_bytes() == (here / "base.json").read_bytes()
    verified = run("evidence", "verify", "pack", cwd=here)
    assert verified.returncode == 0, verified.stdout
    worse = bad()
    worse.add_trail("fresh", LogFileValidationEnabled=False)
    record(worse, here / "after.jsonl")
    found, results = judged(here, "after", "--baseline", "base.json")
    assert found.returncode == 1
    assert sorted(row["baseline"] for row in results["results"]) == ["known", "new"]
    assert "exit code 1: 1 failed at or above low, 1 known from the baseline" in found.stdout


def call(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: its code, stdout and stderr."""
    code = main(arguments)
    return (code, *capfd.readouterr())


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder is this process's."""
    monkeypatch.chdir(here)
    return here


def test_a_baseline_is_not_replaced_unasked(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor made of something that is no run, nor used with names hidden that it knows failures by."""
    call(capfd, "check", "--policy", "policy.yaml", "--replay", "bad.jsonl", "-o", "json=r.json")
    assert call(capfd, "baseline", "write", "r.json")[0] == 0
    code, _, err = call(capfd, "baseline", "write", "r.json")
    assert code == 2
    assert "--force" in err
    assert call(capfd, "baseline", "write", "r.json", "--force")[0] == 0
    assert call(capfd, "baseline", "write", "policy.yaml", "other.json")[0] == 2
    words = ("check", "--policy", "policy.yaml", "--replay", "bad.jsonl", "--baseline")
    code, out, err = call(capfd, *words, "policy.yaml")
    assert (code, out) == (2, "")
    assert "policy.yaml: not JSON" in err
    code, _, err = call(capfd, *words, "trailwarden-baseline.json", "--evidence", "p", "--redact", "names")
    assert code == 2
    assert "--redact" in err


def test_waivers_add_check_and_prune(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that begins with `add` is valid, `check` says what is the matter, and `prune` leaves the others as people wrote them."""
    add = (
        "waivers",
        "add",
        "w.yaml",
        "--policy",
        "validation",
        "--subject",
        "*",
        "--reason",
        "until: soon",
        "--approved-by",
        "ciso",
    )
    code, out, err = call(capfd, *add, "--id", "NEW", "--days", "60")
    assert (code, out) == (0, "")
    assert "added waiver NEW to w.yaml; it expires on " in err
    [made] = load_waivers([Path("w.yaml")]).items
    assert ((made.expires - made.approved_on).days, made.reason) == (60, "until: soon")
    code, _, err = call(capfd, *add, "--id", "NEW")
    assert code == 2
    assert "'NEW' is already given" in err
    assert call(capfd, *add, "--id", "LONG", "--days", "181")[0] == 2
    assert call(capfd, *add, "--id", "ODD", "--approved-on", "tomorrow")[0] == 2
    assert load_waivers([Path("w.yaml")]).items == (made,)

    kept = Path("w.yaml").read_text(encoding="utf-8") + "  # why: it is old\n"
    Path("w.yaml").write_text(kept, encoding="utf-8")
    assert call(capfd, *add, "--id", "OLD", "--approved-on", "2026-01-01", "--expires", "2026-02-01")[0] == 0
    assert call(capfd, *add, "--id", "TYPO", "--policy", "validatoin")[0] == 0
    code, out, _ = call(capfd, "waivers", "check", "w.yaml", "--policy", "policy.yaml")
    assert code == 0
    lines = out.splitlines()
    assert "waiver OLD: expired on 2026-02-01" in lines[0]
    assert "waiver TYPO: there is no policy 'validatoin'; did you mean 'validation'?" in lines[1]
    assert lines[2:] == ["3 waivers, 2 notices"]
    assert call(capfd, "waivers", "check", "w.yaml", "--policy", "policy.yaml", "--strict")[0] == 1

    code, out, _ = call(capfd, "waivers", "prune", "w.yaml", "--policy", "policy.yaml")
    assert (code, out.splitlines()[-1]) == (0, "2 of 3 waivers removed")
    assert Path("w.yaml").read_text(encoding="utf-8") == kept
    assert call(capfd, "waivers", "check", "w.yaml", "--policy", "policy.yaml", "--strict")[:2] == (
        0,
        "1 waiver, 0 notices\n",
    )


def test_a_run_shows_what_is_unused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With results at hand, a waiver for something that passes is unused, and one that was applied is not."""
    add = ("waivers", "add", "w.yaml", "--reason", "r", "--approved-by", "ciso", "--policy", "validation")
    call(capfd, *add, "--id", "USED", "--subject", "*", "--approved-on", "2026-05-31", "--days", "180")
    call(capfd, *add, "--id", "IDLE", "--subject", "*:trail/other")
    words = ("check", "--policy", "policy.yaml", "--replay", "bad.jsonl", "--waivers", "w.yaml", "-o", "json=r.json")
    assert call(capfd, *words)[0] == 0
    _, out, _ = call(capfd, "waivers", "check", "w.yaml", "--results", "r.json")
    assert "waiver IDLE: nothing fails that it covers" in out
    assert "waiver USED: nothing fails" not in out
    call(capfd, "waivers", "prune", "w.yaml", "--results", "r.json")
    left = [item.id for item in load_waivers([Path("w.yaml")]).items]
    assert "IDLE" not in left


def test_prune_leaves_alone_what_it_can_not_cut(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Two waivers in one line: taking one out would take the other as well."""
    terms = "policy: validation, subject: '*', reason: r, approved_by: me, approved_on: 2026-01-01"
    text = f"{WAIVERS.rstrip()} [{{id: A, {terms}, expires: 2026-02-01}}, {{id: B, policy: trail-multi-region, subject: '*', reason: r, approved_by: me, approved_on: 2026-10-01, expires: 2027-03-01}}]\n"
    Path("w.yaml").write_text(text, encoding="utf-8")
    code, out, err = call(capfd, "waivers", "prune", "w.yaml", "--policy", "policy.yaml")
    assert (code, out) == (2, "")
    assert "can't take out A" in err
    assert Path("w.yaml").read_text(encoding="utf-8") == text
