"""What comes from an account is shown, and obeyed by nobody."""

import json
import re
import unicodedata

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reporters.report_builder import HOSTILE

from trailwarden.markdown import authored, code, fenced, prose, row, table
from trailwarden.text import clean, compact, json_text, log_safe, one_line, plain, sentence, shorten, visible

ANY = st.text(st.characters(codec=None), max_size=60)


@settings(deadline=None, derandomize=True)
@given(ANY)
def test_visible_text_holds_nothing_unseen(text: str) -> None:
    """No control character, direction mark or lone surrogate remains, and UTF-8 can carry the rest."""
    shown = visible(text)
    shown.encode("utf-8")
    assert [
        char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\t\n"
    ] == []
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff\ufffe\uffff")


@settings(deadline=None, derandomize=True)
@given(ANY)
def test_visible_is_stable(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_visible_names_what_it_replaces() -> None:
    assert visible("a\x1b[31m\u202eb\ud800\U000e0041") == r"a\x1b[31m\u202eb\ud800\U000e0041"
    assert visible("👩\u200d🚀 é\tx\r\ny") == "👩\u200d🚀 é\tx\ny"


@settings(deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ANY,
        lambda inner: st.lists(inner) | st.dictionaries(ANY, inner),
        max_leaves=6,
    )
)
def test_json_is_lossless_and_harmless(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert [char for char in text if unicodedata.category(char) in ("Cc", "Cs") and char != "\n"] == []


def test_clean_reaches_keys_and_lists() -> None:
    assert clean({"\x07": ["\ud800", {"a": "\u202e"}], "n": 1}) == {r"\x07": [r"\ud800", {"a": r"\u202e"}], "n": 1}


def test_plain_refuses_what_has_no_order() -> None:
    """A set would be written in the order of the hash seed."""
    with pytest.raises(TypeError, match="set"):
        plain({"a": {1, 2}})


def test_compact_and_shorten() -> None:
    assert compact({"b": (1,), "a": "\x00"}) == '{"a": "\\u0000", "b": [1]}'
    assert one_line(" a\n b\t c ", 5) == "a b c"
    assert shorten("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    "text",
    [
        "::error::x",
        "  \t::add-mask::x",
        "\x1b[1m::stop-commands::x",
        "a\n::debug::x",
        "##[error]x",
        "a ##vso[x]",
        "##teamcity[x]",
    ],
)
def test_log_commands_are_broken(text: str) -> None:
    """Neither GitHub (start of a line, or ##[ anywhere) nor Azure and TeamCity (## anywhere) finds a command."""
    safe = log_safe(text)
    assert not re.search(r"(?m)^(\s|\x1b\[[0-9;]*m)*::", safe)
    assert not re.search(r"##\w*\[", safe)


def test_log_safe_keeps_arns() -> None:
    assert log_safe("FAIL arn:aws:s3:::bucket ## heading") == "FAIL arn:aws:s3:::bucket ## heading"


def html_of(markdown: str) -> str:
    text: str = cmarkgfm.github_flavored_markdown_to_html(markdown)
    return text


def shown_text(markdown: str) -> str:
    """What a reader sees: the text without tags."""
    import html

    return html.unescape(re.sub(r"<[^>]*>", "", html_of(markdown)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("write", [code, prose])
def test_inline_markdown_shows_the_text_itself(write: object, text: str) -> None:
    """Nothing in data becomes a link, an image, emphasis or a tag."""
    assert callable(write)
    markdown = write(text, 20_000)
    assert not re.search(r"<(?!/?(p|code)\b)", html_of(f"x {markdown}"))
    assert (
        " ".join(shown_text(f"x {markdown}").split()) == f"x {one_line(text) or ('–' if write is code else '')}".strip()
    )


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "+ a",
        "= a",
        "===",
        "---",
        "1. a",
        "12) a",
        "# a",
        "> a",
        "| a | b |",
        "    a",
        "<!-- a",
        "[a]: b",
        "&lt;",
        "$x$ $y$",
    ],
)
def test_prose_at_the_start_of_a_line_is_prose(text: str) -> None:
    """No list, heading, quote, rule, table or reference begins there."""
    html = html_of(f"above\n\n{prose(text)}\n\nbelow")
    assert html.count("<p>") == 3
    assert shown_text(prose(text)).strip() == text.strip()


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=3))
def test_tables_keep_their_cells(pairs: list[tuple[str, str]]) -> None:
    markdown = table(("one", "two"), [(code(left), prose(right)) for left, right in pairs])
    html = html_of(markdown)
    assert html.count("<td>") == 2 * len(pairs)
    assert html.count("<tr>") == len(pairs) + 1


def test_pipe_in_a_cell_is_shown() -> None:
    [cell] = re.findall(r"<td>(.*?)</td>", html_of(table(("x",), [(code("a|b||c"),)])))
    assert cell == "<code>a|b||c</code>"


def test_row_has_no_empty_cell() -> None:
    assert row("", "a\nb") == "| – | a b |"


@pytest.mark.parametrize("text", HOSTILE)
def test_documentation_keeps_its_code_and_nothing_else(text: str) -> None:
    assert not re.search(r"<(?!/?(p|code)\b)", html_of(f"x {authored(text)}"))


def test_code_spans_of_documentation() -> None:
    assert authored("use `a|b` or *c*; see `d`.") == r"use `a|b` or \*c\*; see `d`."
    assert authored("a ` b") == r"a \` b"
    assert sentence(" without it\n nothing is known ") == "Without it nothing is known."


@pytest.mark.parametrize("text", HOSTILE)
def test_fence_is_longer_than_what_it_holds(text: str) -> None:
    html = html_of(f"{fenced(text, 'sh')}\n\nafter")
    assert html.count("<pre") == 1
    assert html.endswith("<p>after</p>\n")
