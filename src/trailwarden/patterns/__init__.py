"""Patterns that pick events: CloudWatch Logs metric filters and EventBridge rules, judged by what they match.

>>> from trailwarden import patterns
>>> verdict = patterns.judge('{ $.eventName = StopLogging || $.eventName = "*Trail" }', "alert-cloudtrail-changes")
>>> verdict.good, sorted({probe.event for probe in verdict.missed})
(False, ['StartLogging'])

* :func:`judge`: does a metric filter notice every event that an alert control requires? Names the missed ones.
* :func:`parse`, :func:`matches`: a filter pattern as a tree, and its evaluation on one event. Raises
  :class:`PatternError` with the position.
* :func:`event_matches`: EventBridge event patterns; :func:`as_event` wraps a CloudTrail record for them.
* :func:`probes`, :func:`extra_probes`: the synthetic records, also useful for TestMetricFilter and TestEventPattern.

Pure: no I/O.
"""

from trailwarden.patterns.alerts import ALERT_IDS, CIS_VERSIONS, EVENT_SOURCES, cis_texts, extra_probes, probes
from trailwarden.patterns.errors import PatternError
from trailwarden.patterns.evaluate import matches
from trailwarden.patterns.eventbridge import as_event, event_matches
from trailwarden.patterns.events import Probe
from trailwarden.patterns.normal import normalise
from trailwarden.patterns.syntax import Pattern, parse
from trailwarden.patterns.verdict import Mode, PatternVerdict, judge

__all__ = [
    "ALERT_IDS",
    "CIS_VERSIONS",
    "EVENT_SOURCES",
    "Mode",
    "Pattern",
    "PatternError",
    "PatternVerdict",
    "Probe",
    "as_event",
    "cis_texts",
    "event_matches",
    "extra_probes",
    "judge",
    "matches",
    "normalise",
    "parse",
    "probes",
]
