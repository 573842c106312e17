"""Packs beside each other: what changed, since when it fails, whether one is missing; and a pack judged again."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.cli_kit import run
from tests.evidence.evidence_kit import POLICY, WAIVERS, Pack, checked, inputs, names, pack, world

from trailwarden.cli import main
from trailwarden.errors import UsageError
from trailwarden.evidence.difference import as_json, as_markdown, as_table, difference
from trailwarden.evidence.load import load
from trailwarden.evidence.pack import PackOptions
from trailwarden.evidence.timeline import timeline
from trailwarden.model import Status

MAPPED = POLICY.replace("  severity: high\n", "  severity: high\n  mappings:\n    cis-aws-5.0: ['3.2']\n")


def make(folder: Path, name: str, *, day: int, validated: bool, policy: str = MAPPED, waivers: str = "") -> Pack:
    """A pack of a later day, beside the others."""
    account = world(validated=validated)
    account.now += timedelta(days=day)
    return pack(folder / name, inputs(folder.parent / f"in-{name}", account, policy, waivers))


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four packs: good, then failing, failing after a gap, and failing still."""
    folder = tmp_path_factory.mktemp("series") / "packs"
    folder.mkdir()
    make(folder, "a", day=0, validated=True)
    make(folder, "b", day=3, validated=False)
    make(folder, "c", day=13, validated=False, policy=MAPPED.replace("severity: high", "severity: critical"))
    make(folder, "d", day=15, validated=False, waivers=WAIVERS.format(approved="2026-01-01", expires="2026-06-30"))
    return folder


def test_each_names_the_one_before(series: Path) -> None:
    """The latest earlier pack of the same accounts; verified where it is beside it."""
    packs = {name: load(series / name) for name in "abcd"}
    assert packs["a"].inputs.surroundings.previous == {}
    for before, after in ("ab", "bc", "cd"):
        assert packs[after].inputs.surroundings.previous["digest"] == packs[before].digest
        assert f"follows {packs[before].evidence_id}" in checked(series / after).done["chain"]
    assert "first of its chain" in str(checked(series / "a").notes)


def test_a_predecessor_can_be_given(series: Path, tmp_path: Path) -> None:
    """Found wrong where it is another one; said where it is not to be found."""
    assert checked(series / "c", previous=series / "b").ok
    assert names(checked(series / "c", previous=series / "a")) == {str(series / "a")}
    assert names(checked(series / "a", previous=series / "b")) == {"pack.json"}
    account = world()
    account.now += timedelta(days=20)
    given = inputs(tmp_path / "in", account)
    pack(tmp_path / "e", given, PackOptions(previous=series / "b"))
    assert "is not beside it" in str(checked(tmp_path / "e").notes)
    assert checked(tmp_path / "e", previous=series / "b").ok
    with pytest.raises(UsageError, match="not an evidence pack"):
        pack(tmp_path / "f", given, PackOptions(previous=tmp_path))
    with pytest.raises(UsageError, match="later than this run"):
        pack(tmp_path / "g", inputs(tmp_path / "in2", world()), PackOptions(previous=series / "d"))


def test_a_tampered_predecessor_breaks_the_chain(series: Path, tmp_path: Path) -> None:
    account = world()
    account.now += timedelta(days=1)
    pack(tmp_path / "one", inputs(tmp_path / "in", world()))
    pack(tmp_path / "two", inputs(tmp_path / "in2", account))
    assert "follows" in checked(tmp_path / "two").done["chain"]
    manifest = tmp_path / "one" / "SHA256SUMS"
    manifest.write_bytes(manifest.read_bytes().replace(b"0", b"1", 1))
    assert names(checked(tmp_path / "two", previous=tmp_path / "one")) == {str(tmp_path / "one")}


def test_what_changed(series: Path) -> None:
    """Verdicts, observed values, waivers and policy text, in three formats."""
    found = difference(load(series / "a"), load(series / "b"))
    assert [(item.policy, item.before, item.after) for item in found.verdicts] == [("validation", "PASS", "FAIL")]
    [result] = found.results
    assert result.fields["observed"] != (None, None)
    assert found.files == []
    found = difference(load(series / "b"), load(series / "d"))
    assert [(item.before, item.after) for item in found.results] == [("FAIL", "WAIVED")]
    assert "+    approved_by: cto@example.org" in next(item.lines for item in found.files if item.kind == "waivers")
    found = difference(load(series / "b"), load(series / "c"))
    [text] = found.files
    assert {"-  severity: high", "+  severity: critical"} <= set(text.lines)
    table = as_table(found)
    assert "severity high -> critical" in table
    assert "policies  policy.yaml" in table
    markdown = as_markdown(found)
    assert "```diff" in markdown
    assert "## Verdicts" in markdown
    parsed = json.loads(as_json(found))
    assert parsed["verdicts"][0]["fields"]["severity"] == {"before": "high", "after": "critical"}


def test_no_difference(series: Path) -> None:
    same = load(series / "a")
    found = difference(same, same)
    assert not found
    assert "no difference" in as_table(found)
    assert "No difference" in as_markdown(found)
    assert json.loads(as_json(found))["results"] == []


def test_the_timeline(series: Path) -> None:
    """By control and account: failing since, gaps, and a chain that is whole; whatever the order the packs come in."""
    packs = [load(series / name) for name in "cab"]
    found = timeline(packs, 7)
    assert [item.folder.name for item in found.packs] == ["a", "b", "c"]
    [control] = [item for item in found.series if item.control == "3.2"]
    assert control.statuses == (Status.PASS, Status.FAIL, Status.FAIL)
    assert control.failing_since == found.packs[1].report.run.started_at
    [own] = [item for item in found.series if item.control == "encrypted"]
    assert own.framework == ""
    assert own.failing_since in ("", found.packs[0].report.run.started_at)
    assert [gap.days for gap in found.gaps] == [10]
    assert timeline(packs, 10).gaps == ()
    assert found.broken == ()
    assert len(timeline([packs[0], packs[1]], 30).broken) == 1
    waived = timeline([*packs, load(series / "d")], 30)
    assert next(item for item in waived.series if item.control == "3.2").failing_since == ""
    with pytest.raises(UsageError, match="same pack"):
        timeline([packs[0], packs[0]], 7)


def test_the_commands(series: Path, tmp_path: Path) -> None:
    """What they print, and their exit codes."""
    whole = run("evidence", "verify", *(series / name for name in "abcd"), cwd=tmp_path)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.count("verified, pack digest") == 4
    parsed = json.loads(run("evidence", "verify", series / "a", "--format", "json", cwd=tmp_path).stdout)
    assert parsed[0]["verified"] is True
    for options, code in (((), 0), (("--exit-code",), 1)):
        changed = run("evidence", "diff", series / "a", series / "b", *options, cwd=tmp_path)
        assert (changed.returncode, changed.stderr) == (code, "")
        assert "status PASS -> FAIL" in changed.stdout
    over = run("evidence", "timeline", *(series / name for name in "abcd"), cwd=tmp_path)
    assert "gap: 10 days without evidence" in over.stdout
    assert "PFFw" in over.stdout
    page = run("evidence", "timeline", *(series / name for name in "abc"), "--format", "html", cwd=tmp_path)
    assert "<h2" in page.stdout
    assert "Over time" in page.stdout
    again = run("evidence", "replay", series / "b", "-o", "json", cwd=tmp_path)
    assert again.returncode == 1
    assert again.stdout == (series / "b" / "results.json").read_text().replace('"source": "live"', '"source": "replay"')


def test_what_the_commands_refuse(series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, nothing on stdout, exit code 2."""
    for words, text in (
        (("verify", tmp_path), "not an evidence pack"),
        (("verify", series / "a", series / "b", "--previous", series / "a"), "one pack"),
        (("verify", series / "a", "--key", "none.pem"), "can't be read"),
        (("timeline", series / "a", "--max-gap", "x"), "not a number of days"),
        (("diff", tmp_path, series / "a"), "not an evidence pack"),
        (("replay", tmp_path), "not an evidence pack"),
    ):
        code = main(["evidence", *map(str, words)])
        printed = capsys.readouterr()
        assert (code, printed.out) == (2, "")
        assert text in printed.err


def test_damaged_packs_are_not_compared(series: Path, tmp_path: Path) -> None:
    files = Pack({name: (series / "a" / name).read_bytes() for name in ("pack.json", "ledger.jsonl", "SHA256SUMS")})
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match="damaged pack"):
        load(tmp_path)


def test_accounts_of_their_own_have_chains_of_their_own(series: Path, tmp_path: Path) -> None:
    """A pack of another account is not the predecessor."""
    from trailwarden.evidence.previous import previous_pack

    report = load(series / "d").report
    other = dataclasses.replace(report, run=dataclasses.replace(report.run, accounts=("999999999999",)))
    assert previous_pack(series / "new", report)["evidence_id"] == load(series / "c").evidence_id
    assert previous_pack(series / "new", other) == {}
