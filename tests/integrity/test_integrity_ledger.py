"""Resume after an interruption, read only what is new, verify a folder without AWS, odd options."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.integrity.chains import DAY, ChainSpec, StoredObject, build, stored
from benchmarks.integrity.endpoint import World, running
from tests.integrity.integrity_kit import NOW, SINCE, UNTIL, Case, base, make, outcome
from tests.integrity.tamperings import TAMPERINGS, log

from trailwarden.integrity import api, aws, times, workers
from trailwarden.integrity.codec import pack, unpack
from trailwarden.integrity.engine import Progress
from trailwarden.integrity.folder import FolderStore, load_keys
from trailwarden.integrity.ledger import RESUMABLE, Ledger, LedgerError
from trailwarden.integrity.places import parse_places
from trailwarden.integrity.store import AbsentError
from trailwarden.integrity.task import FileRecord, UnitResult
from trailwarden.integrity.verdicts import Verdict


def world(case: Case) -> World:
    keys = {"eu-west-1": [period.entry() for period in case.periods]}
    return World({case.bucket.name: case.objects}, keys, record=True)


def options(url: str, ledger: Path | None, **more: Any) -> api.Options:
    settings: dict[str, Any] = {"recheck": 0.0, **more}
    access = aws.Access(endpoint_url=url)
    return api.Options(
        ("audit-logs",),
        access=access,
        since=SINCE,
        until=UNTIL,
        now=NOW,
        executor="threads",
        corroborate=False,
        ledger=ledger,
        **settings,
    )


def reads(served: World) -> list[str]:
    """Keys of the objects read since the last call."""
    parts = (request.split() for request in served.requests)
    found = [part[2] for part in parts if len(part) > 2 and part[2].endswith(".json.gz")]
    served.requests.clear()
    return found


def test_second_run_reads_nothing_but_what_is_new_or_was_written_again(tmp_path: Path) -> None:
    case, ledger = base(), tmp_path / "state" / "ledger"
    served = world(case)
    with running(served) as url:
        first = api.verify(options(url, ledger))
        assert len(reads(served)) == 100
        second = api.verify(options(url, ledger))
        assert reads(served) == []
        assert second.to_json()["summary"]["log_sources"] == {"ledger": 75}
        assert (first.totals, second.totals) == ({Verdict.VERIFIED: 100},) * 2
        TAMPERINGS["log: an event renamed"].apply(case, 15)
        TAMPERINGS["digest: a log taken out"].apply(case, 4)
        again = api.verify(options(url, ledger))
        assert sorted(reads(served)) == sorted([log(case, 15), case.links[4].key])
    assert outcome(again) == [("modified", "content-hash"), ("modified", "signature")]


def test_content_check_reads_what_is_known_already(tmp_path: Path) -> None:
    """A hash that was proven earlier says nothing of the events."""
    case, ledger = base(), tmp_path / "ledger"
    served = world(case)
    with running(served) as url:
        api.verify(options(url, ledger))
        reads(served)
        content = api.verify(options(url, ledger, content_check=True)).content
        assert len(reads(served)) == 75
    assert content is not None
    assert content.logs == 75


def test_object_written_again_with_the_same_content_is_read_again(tmp_path: Path) -> None:
    case, ledger = base(), tmp_path / "ledger"
    served = world(case)
    with running(served) as url:
        api.verify(options(url, ledger))
        reads(served)
        key = log(case, 3)
        case.objects[key] = stored(case.objects[key].body, None, NOW)
        api.verify(options(url, ledger))
        assert reads(served) == [key]


def test_failed_verdicts_are_not_remembered_as_proof(tmp_path: Path) -> None:
    case, ledger = base(), tmp_path / "ledger"
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    with running(world(case)) as url:
        for _ in range(2):
            assert outcome(api.verify(options(url, ledger))) == [("modified", "content-hash")]


def test_random_share_of_known_logs_is_proven_again(tmp_path: Path) -> None:
    """Whoever changes a log behind the listing's back is found by a re-read sooner or later."""
    case, ledger = base(), tmp_path / "ledger"
    served = world(case)
    with running(served) as url:
        api.verify(options(url, ledger))
        reads(served)
        api.verify(options(url, ledger, recheck=0.3, seed="s"))
        assert 8 < len(reads(served)) < 40
        key = log(case, 3)
        old = case.objects[key]
        case.objects[key] = StoredObject(case.objects[log(case, 9)].body[:-4], old.etag, old.modified)
        served.buckets["audit-logs"][key] = case.objects[key]
        size = f"{old.etag} {len(old.body)} {old.modified}"
        with sqlite3.connect(
            ledger
        ) as db:  # the size in the listing changed as well; make the ledger believe it did not
            db.execute(
                "UPDATE log SET state = ? WHERE key = ?",
                (size.replace(str(len(old.body)), str(len(case.objects[key].body))), key),
            )
        db.close()
        assert outcome(api.verify(options(url, ledger))) == []
        assert len(outcome(api.verify(options(url, ledger, recheck=1.0)))) == 1


def test_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two bundles: the next run takes over what was finished, with its window, clock and seed."""
    case, ledger = base(), tmp_path / "ledger"
    served = world(case)
    monkeypatch.setattr("trailwarden.integrity.schedule._BUNDLE", 2)

    class Killed(BaseException):
        pass

    def kill(progress: Progress) -> None:
        if progress.units == 4:
            raise Killed

    with running(served) as url:
        with pytest.raises(Killed):
            api.verify(replace(options(url, ledger), sample=0.9), on_progress=kill)
        before = reads(served)
        seen: list[Progress] = []
        report = api.verify(replace(options(url, ledger), sample=0.9), on_progress=seen.append)
        after = reads(served)
        whole = api.verify(replace(options(url, None), sample=0.9, seed=str(report.options["seed"])))
    assert seen[-1].resumed == 4
    assert report.options["resumed_units"] == 4
    assert 0 < len(after) < 100 - len(case.links[0].logs)
    assert before
    assert report.totals == whole.totals
    assert [chain.spans for chain in report.chains] == [chain.spans for chain in whole.chains]


@pytest.mark.parametrize(("dense", "bundle", "jobs"), [(2, 1, 1), (7, 3, 1), (7, 16, 3)])
def test_units_with_too_many_logs_are_split_and_change_nothing(
    dense: int, bundle: int, jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a window is cut, the same is found, in the same order; also over two regions, resumed and known."""
    case = make(kinds=("CloudTrail", "CloudTrail-Insight"))
    build(ChainSpec(case.bucket, region="us-east-1"))
    for name, hour in (
        ("log: injected", 4),
        ("log: deleted", 9),
        ("digest: deleted", 14),
        ("log: file of another name", 18),
    ):
        TAMPERINGS[name].apply(case, hour)
    served = world(case)
    served.keys["us-east-1"] = served.keys["eu-west-1"]

    def found(ledger: Path | None) -> tuple[dict[str, Any], list[FileRecord], int]:
        files: list[FileRecord] = []
        seen: list[Progress] = []
        report = api.verify(options(url, ledger, seed="s", jobs=jobs), on_file=files.append, on_progress=seen.append)
        assert seen[-1].units == seen[-1].total == len(seen)
        return report.to_json(timing=False), [file._replace(source="", size=0) for file in files], len(seen)

    with running(served) as url:
        whole = found(None)
        monkeypatch.setattr("trailwarden.integrity.unit.DENSE", dense)
        monkeypatch.setattr("trailwarden.integrity.ledger.DENSE", dense)
        monkeypatch.setattr("trailwarden.integrity.schedule._BUNDLE", bundle)
        split, first, again = found(None), found(tmp_path / "ledger"), found(tmp_path / "ledger")
    assert split[2] > whole[2]
    assert split[:2] == whole[:2]
    for known in (first, again):
        assert known[1] == whole[1]
        assert known[0]["findings"] == whole[0]["findings"]
        assert known[0]["chains"][0]["coverage"] == whole[0]["chains"][0]["coverage"]
    assert again[0]["summary"]["log_sources"]["ledger"] == whole[0]["summary"]["log_sources"]["read"] - 1


def test_what_continues_an_interrupted_run(tmp_path: Path) -> None:
    """The same options; and where the window ends with the present, only while that is nearly the same present."""
    with Ledger(tmp_path / "ledger") as ledger:

        def begin(request: dict[str, Any], seed: str, now: int = NOW, *, resume: bool = True) -> object:
            return ledger.begin(request, {"seed": seed, "now": now}, resume=resume)["seed"]

        assert begin({"a": 1}, "x") == "x"
        assert begin({"a": 1}, "y", NOW + RESUMABLE) == "x"
        assert begin({"a": 2}, "y") == "y"
        assert begin({"a": 1}, "late", NOW + RESUMABLE + 1) == "late"
        assert begin({"a": 1}, "z", resume=False) == "z"
        ledger.finish()
        assert begin({"a": 1}, "n") == "n"
        assert begin({"until": UNTIL}, "f") == "f"
        assert begin({"until": UNTIL}, "g", NOW + 30 * DAY) == "f"


def test_ledger_in_use_by_another_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case, ledger = base(), tmp_path / "ledger"
    with Ledger(ledger):
        pass
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **more: connect(path, timeout=0.01, **more))
    with running(world(case)) as url, closing(connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="database is locked; what was finished is kept"):
            api.verify(options(url, ledger))


def test_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text("this is no database at all, but it is long enough to be taken for one" * 20)
    with pytest.raises(LedgerError, match="is no ledger"):
        Ledger(path)
    newer = tmp_path / "newer"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(LedgerError, match="version 99"):
        Ledger(newer)


def test_unit_results_survive_the_ledger() -> None:
    case = base()
    TAMPERINGS["digest: a log taken out"].apply(case, 3)
    TAMPERINGS["log: injected"].apply(case, 9)
    with running(world(case)) as url:
        kept: list[UnitResult] = []
        run = workers.run_bundle

        def remember(*arguments: Any) -> list[UnitResult]:
            results = run(*arguments)
            kept.extend(results)
            return results

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("trailwarden.integrity.engine.run_bundle", remember)
            api.verify(options(url, None))
    assert kept
    for result in kept:
        bare = replace(result, rows=[], bodies=[])
        assert unpack(UnitResult, json.loads(json.dumps(pack(bare)))) == bare


# A folder, without AWS ------------------------------------------------------------------------------------------------


def export(case: Case, folder: Path, *, metadata: tuple[str, ...] = ()) -> Path:
    """What `aws s3 sync` makes of the bucket, and the keys as the AWS CLI prints them."""
    for key, found in case.objects.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found.body)
        if key in metadata:
            path.with_name(path.name + ".metadata.json").write_text(json.dumps(dict(found.metadata)))
    keys = folder.parent / "keys.json"
    keys.write_text(json.dumps({"PublicKeyList": [period.entry() for period in case.periods]}))
    return keys


def offline(folder: Path, keys: Path, **more: Any) -> api.Options:
    return api.Options(folder=folder, keys=(keys,), since=SINCE, until=UNTIL, now=NOW, executor="threads", **more)


def test_folder_without_metadata_is_verified_but_for_the_newest_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials, no network: signatures come from the successors."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    case = base()
    del case.objects[case.links[-1].key]
    keys = export(case, tmp_path / "copy")
    report = api.verify(offline(tmp_path / "copy", keys))
    assert outcome(report) == [("inconclusive", "signature-absent")]
    assert report.totals[Verdict.VERIFIED] == 24 + 72
    assert report.options["keys"] == "files"


def test_folder_with_the_newest_signature_beside_it_is_verified(tmp_path: Path) -> None:
    case = base()
    keys = export(case, tmp_path / "copy", metadata=(case.links[-1].key,))
    assert outcome(api.verify(offline(tmp_path / "copy", keys))) == []


def test_folder_shows_tampering_and_maps_of_several_buckets(tmp_path: Path) -> None:
    case = base()
    TAMPERINGS["log: an event renamed"].apply(case, 15)
    TAMPERINGS["digest: three in a row deleted"].apply(case, 5)
    keys = export(case, tmp_path / "copy" / "audit-logs", metadata=(case.links[-1].key,))
    report = api.verify(replace(offline(tmp_path / "copy", keys), sources=("audit-logs",)))
    # The digest before the deleted ones has lost its successor, and with it the only copy of its signature.
    expected = [("inconclusive", "signature-absent"), ("missing", "digest-deleted"), ("modified", "content-hash")]
    assert outcome(report) == expected


def test_the_command_verifies_a_replica_in_a_folder_without_aws(tmp_path: Path) -> None:
    """In a process of its own, without credentials; what talks to AWS is not even loaded."""
    case = base()
    keys = export(case, tmp_path / "copy" / "replica" / "from", metadata=(case.links[-1].key,))
    command = ["logs", "verify", "replica/from", "--folder", "copy", "--keys", str(keys), "-o", "json"]
    command += ["--location-map", "audit-logs=replica/from", "--executor", "threads"]
    command += ["--since", "2026-03-10T09:00:00+09:00", "--until", "2026-03-11T09:00:00+09:00"]
    script = "import sys\nfrom trailwarden.cli import main\ncode = main(sys.argv[1:])\n"
    script += (
        "loaded = {'boto3', 'botocore', 'urllib3'} & set(sys.modules)\nsys.exit(f'loaded {loaded}' if loaded else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=tmp_path, env={"PATH": ""}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    data = json.loads(done.stdout)
    assert data["summary"]["verdicts"] == {"verified": 100}
    assert data["window"]["since"] == times.extended(SINCE)
    assert data["options"]["location_map"] == ["audit-logs=replica/from"]


def test_keys_of_an_earlier_report_are_accepted(tmp_path: Path) -> None:
    case = base()
    keys = export(case, tmp_path / "copy", metadata=(case.links[-1].key,))
    report = api.verify(offline(tmp_path / "copy", keys))
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "report.json").write_text(json.dumps({"PublicKeyList": report.to_json()["public_keys"]}))
    assert outcome(api.verify(offline(tmp_path / "copy", saved))) == []


@pytest.mark.parametrize(
    "text", ["[]x", "{}", '{"PublicKeyList": [{"Value": "AAAA", "ValidityStartTime": 0, "ValidityEndTime": 1}]}']
)
def test_bad_key_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"keys\.json"):
        load_keys([path])


def test_folder_that_may_not_be_listed_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses one folder of digests: undecided, and nothing of that day is called missing."""
    case = base()
    keys = export(case, tmp_path / "copy", metadata=(case.links[-1].key,))
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("CloudTrail-Digest/eu-west-1/2026/03/10"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = api.verify(offline(tmp_path / "copy", keys))
    assert {verdict for verdict, _ in outcome(report)} == {"unreadable"}
    assert report.exit_code == 3


def test_link_to_nothing_is_a_missing_file(tmp_path: Path) -> None:
    case = base()
    keys = export(case, tmp_path / "copy", metadata=(case.links[-1].key,))
    path = tmp_path / "copy" / log(case, 4)
    path.unlink()
    path.symlink_to(tmp_path / "nothing")
    assert outcome(api.verify(offline(tmp_path / "copy", keys))) == [("missing", "log-deleted")]


def test_folder_never_leaves_its_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    store = FolderStore(tmp_path / "root")
    for key in ("../secret", "a/../../secret", "/etc/passwd"):
        with pytest.raises(AbsentError):
            store.get("", key, 100)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": ()}, "name a bucket"),
        ({"folder": Path("/nonexistent/folder")}, "is not a folder"),
        ({"sample": 0.0}, "sample"),
        ({"sample": 1.5}, "sample"),
        ({"jobs": 0}, "at least 1"),
        ({"accounts": ("12",)}, "12 digits"),
        ({"executor": "fibres"}, "unknown executor"),
        ({"since": UNTIL, "until": SINCE}, "ends before"),
        ({"location_map": ("nonsense",)}, "is not CLAIMED"),
    ],
)
def test_options_that_make_no_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        api.verify(replace(api.Options(("bucket",), executor="threads"), **changes))


def test_times_with_offsets_are_converted() -> None:
    assert times.from_argument("2026-03-10T09:00:00+09:00") == times.from_extended("2026-03-10T00:00:00Z")
    assert times.from_argument("2026-03-10") == times.from_extended("2026-03-10T00:00:00Z")
    assert times.from_argument("2026-03-10T00:00:00Z") == SINCE


def test_places_map_both_ways_with_the_longest_prefix() -> None:
    places = parse_places(["a=x/one", "a/deep=y"])
    assert places.found("a", "k") == ("x", "one/k")
    assert places.found("a", "deep/k") == ("y", "k")
    assert places.claimed("x", "one/k") == ("a", "k")
    assert places.claimed("y", "k") == ("a", "deep/k")
    assert places.found("b", "k") == ("b", "k")
