"""The excerpt of a service description says what botocore's own says; the loader finds what botocore's finds."""

import json
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from trailwarden.aws.models import EXCERPTS, ReadsLoader
from trailwarden.facts.operations import READS

BOTOCORE = Loader()
SERVICES = sorted({name.partition(".")[0] for name in READS})


def without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_prose(item) for key, item in value.items() if key != "documentation"}
    return [without_prose(item) for item in value] if isinstance(value, list) else value


def excerpt(model: dict[str, Any], operations: list[str]) -> dict[str, Any]:
    """The part of a description that some operations need."""
    kept: dict[str, Any] = {}
    waiting = [model["operations"][name][end]["shape"] for name in operations for end in ("input", "output")]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            shape = kept[name] = model["shapes"][name]
            members = [
                *shape.get("members", {}).values(),
                *(shape[part] for part in ("member", "key", "value") if part in shape),
            ]
            waiting += [member["shape"] for member in members]
    wanted = {name: model["operations"][name] for name in operations}
    return {"version": model["version"], "metadata": model["metadata"], "operations": wanted, "shapes": kept}


@pytest.mark.parametrize("path", sorted(EXCERPTS.glob("*/*/service-2.json")), ids=lambda path: path.parts[-3])
def test_an_excerpt_equals_botocores_description(path: Any) -> None:
    """Fails when AWS adds to an answer; the assertion's right side is then what belongs into the file."""
    ours = json.loads(path.read_text(encoding="utf-8"))
    theirs = BOTOCORE.load_service_model(path.parts[-3], "service-2")
    assert path.parts[-2] == theirs["metadata"]["apiVersion"]
    assert ours == without_prose(excerpt(theirs, list(ours["operations"])))


def test_the_excerpts_hold_every_read_of_their_services() -> None:
    """Otherwise they are left aside, and every run pays for the whole description."""
    loader = ReadsLoader(READS)
    assert str(EXCERPTS) in loader.search_paths


def test_an_excerpt_that_lacks_a_read_is_left_aside() -> None:
    loader = ReadsLoader({**READS, "ec2.DescribeInstances": "ec2:DescribeInstances"})
    model = loader.load_service_model("ec2", "service-2")
    assert set(model["operations"]) >= {"DescribeRegions", "DescribeInstances"}


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "sts"])
def test_a_client_is_told_of_no_operation_but_the_reads(service: str) -> None:
    operations = set(ReadsLoader(READS).load_service_model(service, "service-2")["operations"])
    assert operations == {name.partition(".")[2] for name in READS if name.startswith(f"{service}.")}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["endpoint-rule-set-1", "paginators-1"])
def test_everything_else_is_botocores(service: str, kind: str) -> None:
    try:
        expected = BOTOCORE.load_service_model(service, kind)
    except UnknownServiceError:
        with pytest.raises(UnknownServiceError):
            ReadsLoader(READS).load_service_model(service, kind)
    else:
        assert ReadsLoader(READS).load_service_model(service, kind) == expected


def test_a_service_that_does_not_exist_is_unknown_as_ever() -> None:
    with pytest.raises(UnknownServiceError):
        ReadsLoader(READS).load_service_model("no-such-service", "service-2")


def test_the_users_own_descriptions_come_first(tmp_path: Any) -> None:
    """AWS_DATA_PATH keeps working."""
    folder = tmp_path / "ec2" / "2016-11-15"
    folder.mkdir(parents=True)
    own = {"version": "2.0", "metadata": {}, "operations": {"DescribeRegions": {"name": "mine"}}, "shapes": {}}
    (folder / "service-2.json").write_text(json.dumps(own), encoding="utf-8")
    model = ReadsLoader(READS, str(tmp_path)).load_service_model("ec2", "service-2")
    assert model["operations"]["DescribeRegions"] == {"name": "mine"}
