"""HTML that shows data literally: escaped text, code, tables that a keyboard can scroll, definition lists; and the one style sheet."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from trailwarden.text import one_line, sentence, visible

NOTHING = "–"

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--link:#0550ae;
--fail:#b3121d;--error:#8a2be2;--waived:#7d4e00;--na:#57606a;--pass:#116329}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;--link:#79c0ff;
--fail:#ff8f8a;--error:#d2a8ff;--waived:#e3b341;--na:#9da7b3;--pass:#6fdd8b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1rem;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin:2rem 0 .5rem}
a{color:var(--link)}.skip{position:absolute;left:-999rem}.skip:focus{left:1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
code,pre{font:0.875rem/1.45 ui-monospace,monospace}pre{margin:.25rem 0;padding:.5rem;background:var(--bg);border:1px solid var(--line);white-space:pre-wrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}caption{text-align:left;color:var(--soft)}
th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left;vertical-align:top}thead th{background:var(--card);white-space:nowrap}
td:has(code){min-width:9rem}
.s{font-weight:700;white-space:nowrap;text-transform:uppercase;font-size:.8125rem}
.fail{color:var(--fail)}.error{color:var(--error)}.waived{color:var(--waived)}.na{color:var(--na)}.pass{color:var(--pass)}
svg{width:100%;height:2.25rem;display:block}svg .fail{fill:var(--fail)}svg .error{fill:var(--error)}svg .waived{fill:var(--waived)}
svg .na{fill:var(--na)}svg .pass{fill:var(--pass)}
details{border:1px solid var(--line);border-radius:.375rem;margin:.35rem 0;background:var(--card)}details>div{padding:0 .75rem .5rem}
summary{padding:.35rem .75rem;cursor:pointer}summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:3px solid var(--link)}
.notice{border-left:.3rem solid var(--error);padding:.5rem 1rem;background:var(--card)}.soft{color:var(--soft)}
@media (max-width:40rem){dl{display:block}dd{margin:0 0 .35rem}}
@media print{body{max-width:none;padding:0}summary,h3,h2{break-after:avoid}tr{break-inside:avoid}details::details-content{content-visibility:visible;display:block}
.scroll{overflow:visible}.skip,nav{display:none}}
"""
"""Light, dark, narrow and on paper; contrast at least 4.5 to 1."""


def text(value: str, limit: int = 0) -> str:
    """Return ``value`` on one line, escaped; cut to ``limit`` characters where one is given."""
    return escape(one_line(value, limit))


def code(value: str) -> str:
    """Return ``value`` as code; a dash for an empty text."""
    return f"<code>{text(value)}</code>" if value else NOTHING


def authored(value: str) -> str:
    """Return documentation with its code spans."""
    parts = sentence(value).split("`")
    if len(parts) % 2 == 0:
        return text(value)
    return "".join(f"<code>{escape(part)}</code>" if index % 2 else escape(part) for index, part in enumerate(parts))


def block(value: str) -> str:
    """Return ``value`` with its lines."""
    return f"<pre>{escape(visible(value))}</pre>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a definition list of finished HTML; pairs without a value are left out."""
    items = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs if value and value != NOTHING)
    return f"<dl>{items}</dl>" if items else ""


def table(caption: str, head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """Return a table of finished HTML that scrolls on its own, its first column naming each line."""
    columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = []
    for first, *rest in body:
        lines.append(f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def section(identity: str, title: str, body: Iterable[str]) -> Iterable[str]:
    """Yield a section with its heading; ``identity`` is the anchor."""
    yield f'<section aria-labelledby="{identity}"><h2 id="{identity}">{title}</h2>'
    yield from body
    yield "</section>"
