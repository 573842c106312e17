"""Which accounts an organization has, from replies as AWS gives them, and which role reads each."""

import json

import pytest
from tests.conftest import Answer, Seen, Wire

from trailwarden.aws.organization import RoleTemplate, list_members
from trailwarden.aws.reader import LiveReader
from trailwarden.aws.roles import Role
from trailwarden.aws.session import connect
from trailwarden.calls import Call, Reply, ReplyError
from trailwarden.errors import Unreadable, UsageError
from trailwarden.ledger import Header, Ledger, ReplayReader
from trailwarden.model import Member, ReasonCode

MANAGEMENT = "111122223333"
REGION = "us-east-1"


def call(operation: str, **parameters: str) -> Call:
    return Call.of(MANAGEMENT, REGION, "organizations", operation, **parameters)


def reader(*entries: tuple[Call, Reply]) -> ReplayReader:
    return ReplayReader(Ledger(Header(clock="2026-01-31T08:00:00Z"), entries))


def account(number: int, **extra: object) -> dict[str, object]:
    return {"Id": f"{number:012}", "Name": f"account-{number}", "Status": "ACTIVE", **extra}


def tree(units: dict[str, list[str]], accounts: dict[str, list[int]]) -> list[tuple[Call, Reply]]:
    """The replies of an organization: unit to the units and to the accounts right below it."""
    entries = [(call("ListRoots"), Reply(body={"Roots": [{"Id": "r-root"}]}))]
    for unit in {"r-root", *(name for names in units.values() for name in names)}:
        below = {"OrganizationalUnits": [{"Id": name} for name in units.get(unit, [])]}
        rows = {"Accounts": [account(number) for number in accounts.get(unit, [])]}
        entries += [(call("ListOrganizationalUnitsForParent", ParentId=unit), Reply(body=below))]
        entries += [(call("ListAccountsForParent", ParentId=unit), Reply(body=rows))]
    return entries


def test_units_come_from_the_accounts_own_paths() -> None:
    """One listing, no walk: a reader that holds nothing else would say so."""
    rows = [account(2, Paths=["o-x/r-root/ou-a/ou-b/000000000002/"]), account(1, Paths=["o-x/r-root/000000000001/"])]
    members = list_members(reader((call("ListAccounts"), Reply(body={"Accounts": rows}))), MANAGEMENT, REGION)
    assert members == (
        Member("000000000001", "account-1", "ACTIVE", ("r-root",)),
        Member("000000000002", "account-2", "ACTIVE", ("r-root", "ou-a", "ou-b")),
    )


def test_without_paths_the_tree_is_walked() -> None:
    listing = (call("ListAccounts"), Reply(body={"Accounts": [account(number) for number in (1, 2, 3)]}))
    replies = tree({"r-root": ["ou-a"], "ou-a": ["ou-b"]}, {"r-root": [1], "ou-a": [2], "ou-b": [3]})
    members = list_members(reader(listing, *replies), MANAGEMENT, REGION)
    assert [member.path for member in members] == [("r-root",), ("r-root", "ou-a"), ("r-root", "ou-a", "ou-b")]


def test_a_unit_means_everything_below_it() -> None:
    rows = [
        account(1, Paths=["o-x/r-root/ou-a/1/"]),
        account(2, Paths=["o-x/r-root/ou-a/ou-b/2/"]),
        account(3, Paths=["o-x/r-root/3/"]),
    ]
    source = reader((call("ListAccounts"), Reply(body={"Accounts": rows})))
    assert [member.id[-1] for member in list_members(source, MANAGEMENT, REGION, units=["ou-a"])] == ["1", "2"]
    assert [member.id[-1] for member in list_members(source, MANAGEMENT, REGION, units=["ou-b"])] == ["2"]
    assert list_members(source, MANAGEMENT, REGION, units=["ou-none"]) == ()


@pytest.mark.parametrize(
    ("extra", "state", "active"),
    [
        ({}, "ACTIVE", True),
        ({"Status": "SUSPENDED"}, "SUSPENDED", False),
        ({"State": "CLOSED"}, "CLOSED", False),
        ({"State": "ACTIVE", "Status": "PENDING_CLOSURE"}, "ACTIVE", True),
    ],
)
def test_a_suspended_account_is_listed_as_such(extra: dict[str, object], state: str, active: bool) -> None:
    """AWS renamed Status to State; an account that can't be read is named, not dropped."""
    rows = [account(1, Paths=["o-x/r-root/1/"], **{"Status": "ACTIVE", **extra})]
    (member,) = list_members(reader((call("ListAccounts"), Reply(body={"Accounts": rows}))), MANAGEMENT, REGION)
    assert (member.state, member.active) == (state, active)


def test_a_member_account_can_not_see_the_organization() -> None:
    refusal = ReplyError("AccessDeniedException", "You don't have permissions to access this resource.", 400)
    with pytest.raises(Unreadable) as caught:
        list_members(reader((call("ListAccounts"), Reply(error=refusal))), MANAGEMENT, REGION)
    assert caught.value.reason.code is ReasonCode.NOT_VISIBLE_FROM_MEMBER


def test_a_branch_that_can_not_be_read_is_no_empty_branch() -> None:
    listing = (call("ListAccounts"), Reply(body={"Accounts": [account(1)]}))
    replies = dict([listing, *tree({"r-root": ["ou-a"]}, {"ou-a": [1]})])
    replies[call("ListAccountsForParent", ParentId="ou-a")] = Reply(
        error=ReplyError("TooManyRequestsException", "", 400)
    )
    with pytest.raises(Unreadable) as caught:
        list_members(reader(*replies.items()), MANAGEMENT, REGION)
    assert caught.value.reason.code is ReasonCode.THROTTLED


@pytest.mark.usefixtures("aws_environment")
def test_pages_of_accounts_are_all_read(wire: Wire) -> None:
    """ListAccounts gives twenty at a time, over a real socket."""
    rows = [account(number, Paths=[f"o-x/r-root/{number}/"]) for number in range(45)]

    def answer(seen: Seen) -> Answer | None:
        if seen.operation != "ListAccounts":
            return None
        start = int(json.loads(seen.body).get("NextToken", "0"))
        body: dict[str, object] = {"Accounts": rows[start : start + 20]}
        if start + 20 < len(rows):
            body["NextToken"] = str(start + 20)
        return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(body).encode()

    wire.answer = answer
    members = list_members(LiveReader(connect(endpoint_url=wire.url)), MANAGEMENT, REGION)
    assert [member.name for member in members] == [f"account-{number}" for number in range(45)]


@pytest.mark.parametrize(
    ("role", "arn"),
    [
        ("audit", "arn:aws-cn:iam::444455556666:role/audit"),
        ("security/audit", "arn:aws-cn:iam::444455556666:role/security/audit"),
        ("/security/audit", "arn:aws-cn:iam::444455556666:role/security/audit"),
        ("arn:aws:iam::{account}:role/x/audit", "arn:aws:iam::444455556666:role/x/audit"),
        ("arn:aws:iam::999988887777:role/audit", "arn:aws:iam::999988887777:role/audit"),
    ],
)
def test_a_role_is_named_for_each_account(role: str, arn: str) -> None:
    template = RoleTemplate(role, external_id="x-1", session_name="trailwarden-20260131")
    assert template.for_account("444455556666", "aws-cn") == Role(arn, "x-1", "trailwarden-20260131")


@pytest.mark.parametrize(
    "settings",
    [
        {"role": ""},
        {"role": "no spaces please"},
        {"role": "arn:aws:iam::444455556666:user/audit"},
        {"role": "arn:aws:sts::444455556666:assumed-role/audit/x"},
        {"role": "audit", "session_name": "a"},
        {"role": "audit", "session_name": "über-lauf"},
        {"role": "audit", "external_id": "x"},
        {"role": "audit", "external_id": "no spaces"},
        {"role": "audit", "policy": "x" * 2049},
    ],
)
def test_what_sts_would_refuse_for_every_account_is_refused_at_once(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        RoleTemplate(**settings)
