"""Which accounts a run is about, and what is wrong with a file that names them."""

from pathlib import Path

import pytest

from trailwarden.errors import PolicyError, UsageError
from trailwarden.estate.accounts import Choice, Entry, archives, named, of_organization, read_accounts
from trailwarden.model import Member

MEMBERS = (
    Member("000000000001", "shop", "ACTIVE", ("r-root", "ou-root-work")),
    Member("000000000002", "old shop", "SUSPENDED", ("r-root", "ou-root-work")),
    Member("000000000003", "Log Archive", "ACTIVE", ("r-root", "ou-root-core")),
    Member("000000000004", "closing", "PENDING_CLOSURE", ("r-root",)),
)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_in_yaml_keeps_leading_zeros(tmp_path: Path) -> None:
    text = """
- 000000000012
- id: 000000000017
  role: audit-management
  external-id: shared-word
- id: "999988887777"
  name: archive
  log-archive: true
"""
    assert read_accounts(written(tmp_path, "accounts.yaml", text)) == (
        Entry("000000000012"),
        Entry("000000000017", "audit-management", "shared-word"),
        Entry("999988887777", name="archive", log_archive=True),
    )


def test_lines_with_columns_comments_and_a_header(tmp_path: Path) -> None:
    text = "id,role,external-id,name\n# the first team\n000000000012\n000000000017, audit, word, shop # moved\n"
    assert read_accounts(written(tmp_path, "accounts.csv", text)) == (
        Entry("000000000012"),
        Entry("000000000017", "audit", "word", "shop"),
    )


@pytest.mark.parametrize(
    ("name", "text", "problems"),
    [
        ("a.yaml", "- 12\n- '0000 0000 0012'\n", ["1:3: '12' is no account", "2:3: '0000 0000 0012' is no account"]),
        ("a.yaml", "- id: 000000000001\n  rol: x\n", ["2:3: unknown key 'rol'; did you mean 'role'?"]),
        ("a.yaml", "- role: x\n", ["1:3: an account needs an id"]),
        ("a.yaml", "- id: 000000000001\n  external-id: 7\n  log-archive: yes please\n", ["2:16: external-id is a text", "3:16: log-archive is true or false"]),
        ("a.yaml", "- 000000000001\n- 000000000002\n- 000000000001\n", ["3:3: account 000000000001 is there twice; first in line 1"]),
        ("a.yaml", "accounts: []\n", ["1:1: expected a list of accounts"]),
        ("a.yaml", "[]\n", ["the file names no account"]),
        ("a.csv", "000000000001\n  12345,audit\n", ["2:3: '12345' is no account"]),
        ("a.csv", "000000000001,a,b,c,d\n", ["1:1: too many columns"]),
        ("a.csv", "# nobody\n", ["the file names no account"]),
    ],
)  # fmt: skip
def test_every_problem_of_a_file_has_its_place(tmp_path: Path, name: str, text: str, problems: list[str]) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(PolicyError) as caught:
        read_accounts(path)
    found = [str(problem).removeprefix(f"{path}:").strip() for problem in caught.value.problems]
    assert [real.startswith(wanted) for real, wanted in zip(found, problems, strict=True)] == [True] * len(problems), (
        found
    )


def test_what_is_left_out_of_an_organization_has_a_reason() -> None:
    kept, excluded = of_organization(MEMBERS, Choice(units=("ou-root-work",)))
    assert [member.id for member in kept] == ["000000000001"]
    assert excluded == (
        ("000000000002", "the account is suspended"),
        ("000000000003", "in none of the units asked for"),
        ("000000000004", "the account is pending closure"),
    )
    kept, excluded = of_organization(MEMBERS, Choice(ids=("000000000003",)))
    assert [member.id for member in kept] == ["000000000003"]
    assert dict(excluded)["000000000001"] == "not among the accounts asked for"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(units=("ou-root-wrk",)), "did you mean 'ou-root-work'"),
        (Choice(ids=("000000000009",)), "account 000000000009 is not in the organization"),
        (Choice(ids=("000000000002",)), "no account is left to read"),
    ],
)
def test_a_choice_of_nothing_is_refused(choice: Choice, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        of_organization(MEMBERS, choice)
    assert message in str(caught.value)


def test_an_account_of_the_command_line_has_twelve_digits() -> None:
    assert named(["000000000001", "000000000001"]) == (Entry("000000000001"),)
    with pytest.raises(UsageError):
        named(["1234"])


def test_archives_are_those_named_so_and_those_whose_name_says_so() -> None:
    entries = [Entry("000000000007", log_archive=True), Entry("000000000008")]
    assert archives(MEMBERS, entries, ["000000000009"]) == ("000000000009", "000000000007", "000000000003")
