"""``iam-policy --organization``: what it prints is valid, the forms agree, and it lets in nobody for nothing more than the policies ask."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest
from tests.cli.test_commands import call

from trailwarden.errors import UsageError
from trailwarden.facts.operations import READS
from trailwarden.onboarding import FORMATS, Onboarding, render, session_policy
from trailwarden.onboarding.roles import ANYWHERE, DISCOVERY, LONGEST_SESSION_POLICY

ALL = tuple(sorted(set(READS.values()) - {""}))
TRUSTED = "arn:aws:iam::111122223333:role/ci"
GIVEN = ("--trusted", TRUSTED, "--external-id", "secret-handshake", "--role-name", "audit", "--unit", "r-ab12")


def wanted(**changes: Any) -> Onboarding:
    return Onboarding(**{"actions": ALL, "trusted": TRUSTED, "external_id": "secret-handshake", **changes})


def allowed(policy: dict[str, Any]) -> dict[str, str]:
    """Action to resource."""
    return {action: item["Resource"] for item in policy["Statement"] for action in item["Action"]}


def lint(folder: Path, **templates: str) -> str:
    """Return what cfn-lint says of some templates."""
    paths = []
    for name, text in templates.items():
        paths.append(str(folder / f"{name}.json"))
        Path(paths[-1]).write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", *paths]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode == 0) == (not found.stdout), found.stderr
    return found.stdout + found.stderr


def unquoted(value: Any) -> Any:
    """Return what python-hcl2 read, without the quotes and marks that it keeps."""
    if isinstance(value, dict):
        return {key.strip('"'): unquoted(item) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


def module(text: str) -> dict[tuple[str, ...], Any]:
    """Return the blocks of a Terraform file by kind and labels."""
    found: dict[tuple[str, ...], Any] = {}
    for kind, blocks in unquoted(hcl2.load(io.StringIO(text))).items():
        for block in blocks:
            labels, body = [kind], block
            while (
                len(body) == 1
                and kind in ("data", "resource", "variable", "output")
                and len(labels) < (2 if kind in ("variable", "output") else 3)
            ):
                [(label, body)] = body.items()
                labels.append(label)
            found[tuple(labels)] = body
    return found


def test_templates_pass_cfn_lint_with_and_without_defaults(tmp_path: Path) -> None:
    """The stack set's template is text in the other one, where a linter does not look."""
    templates: dict[str, str] = {}
    for name, made in {"given": wanted(units=("ou-ab12-11223344",)), "open": Onboarding(ALL)}.items():
        outer = render(made, "cloudformation")
        inner = json.loads(outer)["Resources"]["MemberRoles"]["Properties"]["TemplateBody"]
        assert len(inner) <= 51_200, "what CloudFormation takes of a template"
        templates |= {f"{name}-stack-set": outer, f"{name}-member": inner}
    assert lint(tmp_path, **templates) == ""
    wrong = templates["open-member"].replace('"AssumeRolePolicyDocument"', '"TrustPolicy"')
    assert "TrustPolicy" in lint(tmp_path, wrong=wrong)


def test_every_form_lets_in_the_same_for_the_same() -> None:
    documents = json.loads(render(wanted(), "json"))
    template = json.loads(render(wanted(), "cloudformation"))
    member = json.loads(template["Resources"]["MemberRoles"]["Properties"]["TemplateBody"])
    blocks = module(render(wanted(), "terraform"))
    for name, role, terraform in (
        ("MemberRole", member["Resources"]["AuditRole"], "member"),
        ("ManagementRole", template["Resources"]["ManagementRole"], "management"),
    ):
        [inline] = role["Properties"]["Policies"]
        assert inline["PolicyDocument"] == documents[name]["PolicyDocument"]
        statements = blocks["data", "aws_iam_policy_document", terraform]["statement"]
        listed = {action: item["resources"][0] for item in statements for action in item["actions"]}
        assert listed == allowed(documents[name]["PolicyDocument"])
    [trust] = blocks["data", "aws_iam_policy_document", "trust"]["statement"]
    assert trust["principals"] == [{"type": "AWS", "identifiers": ["${var.trusted_principal_arn}"]}]
    assert trust["condition"] == [
        {"test": "StringEquals", "variable": "sts:ExternalId", "values": ["${var.external_id}"]}
    ]
    assert blocks["variable", "trusted_principal_arn"]["default"] == TRUSTED
    stack_set = blocks["resource", "aws_cloudformation_stack_set", "members"]
    assert (stack_set["permission_model"], stack_set["auto_deployment"][0]["enabled"]) == ("SERVICE_MANAGED", True)


def test_members_are_asked_for_less_than_the_management_account() -> None:
    """AWS Organizations answers a member almost nothing; a permission that is never used is one too many."""
    documents = json.loads(render(wanted(), "json"))
    member, manager = (set(allowed(documents[name]["PolicyDocument"])) for name in ("MemberRole", "ManagementRole"))
    assert {action for action in member if action.startswith("organizations:")} == set(ANYWHERE)
    assert manager == {*ALL, *DISCOVERY}
    few = json.loads(render(wanted(actions=("cloudtrail:DescribeTrails", "s3:ListBucket")), "json"))
    assert allowed(few["MemberRole"]["PolicyDocument"]) == {
        "cloudtrail:DescribeTrails": "*",
        "s3:ListBucket": "arn:aws:s3:::*",
    }
    assert set(few["SessionPolicy"]["Statement"][0]["Action"]) == {
        "cloudtrail:DescribeTrails",
        "s3:ListBucket",
        *DISCOVERY,
    }


def test_trust_names_one_principal_and_an_external_id() -> None:
    documents = json.loads(render(wanted(role="audit", partition="aws-us-gov"), "json"))
    [statement] = documents["MemberRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": TRUSTED}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    assert documents["CallerPolicy"]["Statement"][0]["Resource"] == "arn:aws-us-gov:iam::*:role/audit"
    template = json.loads(render(Onboarding(ALL), "cloudformation"))
    assert "Default" not in template["Parameters"]["ExternalId"]
    assert template["Parameters"]["ExternalId"]["MinLength"] == 2


def matches(pattern: str, action: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action) is not None


def test_session_policy_fits_and_allows_every_action() -> None:
    """STS refuses more than 2,048 characters for every account at once; services are never joined into one."""
    assert json.loads(session_policy(["b:Get", "a:Get"]))["Statement"][0]["Action"] == ["a:Get", "b:Get"]
    long = [f"{service}:Get{'Long' * 9}{kind}" for service in ("s3", "kms") for kind in ("One", "Two", "Three") * 9]
    for actions in (ALL, (*ALL, *long), [f"s3:Get{chr(65 + n)}{'x' * 60}" for n in range(26)] + ["s3:ListX"]):
        text = session_policy(actions)
        patterns = json.loads(text)["Statement"][0]["Action"]
        assert len(text) <= LONGEST_SESSION_POLICY
        assert [action for action in actions if not any(matches(item, action) for item in patterns)] == []
        assert [item for item in patterns if not re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+\*?", item)] == []
    with pytest.raises(UsageError, match="exceeds 2048"):
        session_policy(f"service-{number}:Get" for number in range(200))


@pytest.mark.parametrize("form", FORMATS)
def test_command_prints_what_was_asked_for(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, text, err = call(
        capfd, "iam-policy", "--organization", "--policy", "bucket-object-lock", "--format", form, *GIVEN
    )
    assert (code, err) == (0, "")
    for word in (TRUSTED, "secret-handshake", "audit", "s3:GetBucketObjectLockConfiguration"):
        assert word in text
    assert ("r-ab12" in text) == (form != "json")
    assert "kms:" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--trusted", TRUSTED), "--trusted is about the roles of an organization"),
        (("--organization", "--trusted", ""), "--trusted: needs a value"),
        (("--organization", "--trusted", "arn:aws:sts::111122223333:assumed-role/ci/x"), "is not the ARN of a role"),
        (("--organization", "--unit", "production"), "is not the id of a root or organizational unit"),
        (("--organization", "--role-name", "a b"), "is not the name of a role"),
        (("--organization", "--external-id", "x"), "external id"),
    ],
)
def test_what_aws_would_refuse_is_refused(
    arguments: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capfd, "iam-policy", *arguments)
    assert (code, out) == (2, "")
    assert message in err
