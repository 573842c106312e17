"""Is a metric filter pattern good enough for an alert control?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from trailwarden.patterns.alerts import CIS_VERSIONS, cis_texts, extra_probes, probes
from trailwarden.patterns.evaluate import matches
from trailwarden.patterns.events import Probe
from trailwarden.patterns.normal import normalise
from trailwarden.patterns.syntax import Pattern, parse

Mode = Literal["semantic", "cis_literal"]


@dataclass(frozen=True, slots=True)
class PatternVerdict:
    """The answer: the events missed, and for ``cis_literal`` whether the text is that of the benchmark.

    ``literal`` is None where the text was not compared.
    """

    missed: tuple[Probe, ...]
    literal: bool | None
    reason: str

    @property
    def good(self) -> bool:
        """Whether nothing is missed and, if it was asked, the text is that of CIS."""
        return not self.missed and self.literal is not False


def judge(
    pattern: str,
    alert_id: str,
    extra_events: Sequence[str] = (),
    match: Mode = "semantic",
    cis_version: str = "",
) -> PatternVerdict:
    """Judge a metric filter pattern.

    Args:
        pattern: the filterPattern, as DescribeMetricFilters returns it.
        alert_id: one of :data:`~trailwarden.patterns.alerts.ALERT_IDS`.
        extra_events: further events to match, names or ``SOURCE:NAME``.
        match: ``semantic`` asks what the pattern matches; ``cis_literal`` wants the text of the benchmark, apart from
            spaces, quotes, order and superfluous parentheses. The text then stands for the CIS events (where it is
            narrower than they are, that is CIS's choice); extra events are still asked for.
        cis_version: for ``cis_literal``, such as ``6.0``; empty accepts the text of any version.

    Raises:
        PatternError: the pattern can't be read.
        KeyError: no such alert or version.
        ValueError: no such mode.
    """
    if match not in get_args(Mode):
        raise ValueError(f"match must be one of {', '.join(get_args(Mode))}, not {match!r}")
    parsed = parse(pattern)
    if match == "cis_literal":
        literal = _is_cis(parsed, alert_id, cis_version)
        asked = extra_probes(alert_id, tuple(extra_events))
    else:
        literal = None
        asked = (*probes(alert_id), *extra_probes(alert_id, tuple(extra_events)))
    missed = tuple(probe for probe in asked if not matches(parsed, probe.record))
    return PatternVerdict(missed, literal, _reason(missed, literal, cis_version))


def _is_cis(parsed: Pattern, alert_id: str, version: str) -> bool:
    versions = (version,) if version else CIS_VERSIONS
    texts = {text for item in versions for text in cis_texts(alert_id, item)}
    return normalise(parsed) in {normalise(parse(text)) for text in texts}


def _reason(missed: tuple[Probe, ...], literal: bool | None, version: str) -> str:
    parts = []
    if literal is False:
        parts.append(f"is not the text of CIS {version}" if version else "is not the text of any CIS version")
    if missed:
        parts.append("misses " + ", ".join(str(probe) for probe in missed))
    return "; ".join(parts)
