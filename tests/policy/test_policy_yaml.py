"""YAML as it is read: YAML 1.2 scalars, exact positions, bounds that hold."""

import os
from pathlib import Path

import pytest
import yaml

from trailwarden.errors import PolicyError
from trailwarden.policy import yamltext
from trailwarden.policy.yamltext import MAX_BYTES, Node, Source, parse, read_source, scalar


def load(text: str) -> Node:
    documents, problems = parse(Source("f.yaml", text))
    assert problems == []
    return documents[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-22", "2026-11-22"),
        ("3.10", 3.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 30, "9" * 30),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
    ],
)
def test_plain_scalar(text: str, value: object) -> None:
    """YAML 1.2's core schema decides what a word is, so that `on`, `no` and dates stay words."""
    result = scalar(text)
    assert result == value
    assert type(result) is type(value)


def test_quoted_and_block_scalars_are_text() -> None:
    """Quotes mean text, whatever is inside."""
    assert load("a: '1'\nb: \"true\"\nc: |\n  3\n").data == {"a": "1", "b": "true", "c": "3\n"}


def test_positions() -> None:
    """Lines and columns start at 1 and the end is that of the last character, comments and blank lines left out."""
    node = load("# c\na: [1,\n  22]\nb:\n  - x: é \U0001f600 z\n    y: |\n      foo\n      bar\n\n# d\n")
    assert (node.line, node.column, node.end_line, node.end_column) == (2, 1, 8, 10)
    flow = node.at(["a"])
    assert (flow.line, flow.column, flow.end_line, flow.end_column) == (2, 4, 3, 6)
    assert (node.at(["b", 0]).line, node.at(["b", 0]).column) == (5, 5)
    text = node.at(["b", 0, "x"])
    assert (text.column, text.end_column) == (8, 13)
    assert node.at(["b", 0, "missing", "deeper"]) is node.at(["b", 0])
    assert node.source.excerpt(node.place, 3) == "a: [1,\n  22]\nb:"


def test_pure_python_parser_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml, positions and values do not change."""
    text = "a: [1,\n  22]\nb:\n  - x: é z\n    y: |\n      foo\n\n---\n- {k: &n [v], l: *n}\n"

    def shape(node: Node) -> object:
        inner = [shape(value) for _, value in node.entries()] or [shape(value) for value in node.elements()]
        return (node.data, node.line, node.column, node.end_line, node.end_column, inner)

    with_libyaml = [shape(node) for node in parse(Source("f", text))[0]]
    monkeypatch.setattr(yamltext, "_LOADER", yaml.SafeLoader)
    assert [shape(node) for node in parse(Source("f", text))[0]] == with_libyaml


def test_aliases_share_their_value() -> None:
    """An alias is the value it stands for, at the place where that is written."""
    node = load("a: &x {k: 1}\nb: *x\n")
    assert node.data == {"a": {"k": 1}, "b": {"k": 1}}
    assert node.at(["b"]).line == 1
    assert (node.end_line, node.end_column) == (2, 6)


def test_documents_before_a_syntax_error_are_kept() -> None:
    """All that can be said about a file is said at once."""
    documents, problems = parse(Source("f", "a: 1\n---\nb: 2\n---\nc: [\n"))
    assert [node.data for node in documents] == [{"a": 1}, {"b": 2}]
    assert len(problems) == 1


def test_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Editors on Windows write one; it must not become part of the first key."""
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert parse(read_source(path))[0][0].data == {"a": 1}


def test_file_of_50_megabytes_is_refused_unread(tmp_path: Path) -> None:
    """Its size is said, and no more than the allowed part is read."""
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    with pytest.raises(PolicyError, match=r"huge\.yaml: 50\.0 MB; a file may have 1024 KiB; split it into several"):
        read_source(path)


def test_endless_file_is_refused() -> None:
    """A device has no size; reading stops all the same."""
    with pytest.raises(PolicyError, match=r"/dev/zero: too large; a file may have 1024 KiB"):
        read_source(Path("/dev/zero"))


def test_largest_allowed_file_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    path = tmp_path / "full.yaml"
    path.write_bytes(b"a: 1\n#".ljust(MAX_BYTES, b"x"))
    assert parse(read_source(path))[0][0].data == {"a": 1}


def test_unreadable_file(tmp_path: Path) -> None:
    """The system's reason is shown."""
    with pytest.raises(PolicyError, match=r"gone\.yaml: can't be read: No such file or directory"):
        read_source(tmp_path / "gone.yaml")
    with pytest.raises(PolicyError, match="can't be read: Is a directory"):
        read_source(tmp_path)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_million_levels_are_refused(opening: str) -> None:
    """libyaml itself would take many minutes over them; the reading stops at the first level too many."""
    text = opening * (500_000 // len(opening))
    assert [problem.message for problem in parse(Source("f", text))[1]] == ["nested more than 40 levels deep"]


def test_too_many_values_are_refused() -> None:
    """A file of nothing but commas stays within the bound as well."""
    problems = parse(Source("f", "[" + ",".join(["1"] * 100_001) + "]"))[1]
    assert [problem.message for problem in problems] == ["more than 100000 values in one file"]


def test_named_pipe_of_another_process(tmp_path: Path) -> None:
    """`--policy /dev/fd/3` works: a pipe is read like a file."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"a: 1\n")
    os.close(write_end)
    try:
        assert parse(read_source(Path(f"/dev/fd/{read_end}")))[0][0].data == {"a": 1}
    finally:
        os.close(read_end)
