"""Metric filters of a log group: which events they count, and into which metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MetricTransformation:
    """What a filter emits for an event that it matches.

    ``value`` is a number as text, or the selector of a field. ``dimensions`` are pairs of a name and the selector of the field that gives
    the value, sorted by name. ``default`` is what is emitted for a minute with events but without a match, None for nothing.
    """

    namespace: str
    name: str
    value: str
    default: float | None = None
    dimensions: tuple[tuple[str, str], ...] = ()
    unit: str = "None"


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """One row of DescribeMetricFilters. ``criteria`` is fieldSelectionCriteria: which accounts and Regions the filter looks at."""

    name: str
    log_group: str
    pattern: str
    criteria: str
    on_transformed: bool
    transformations: tuple[MetricTransformation, ...]

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> MetricFilter:
        """Read a row."""
        # Emitted system fields (account and Region of the event) become dimensions of the metric, under their own names.
        system = {str(name): str(name) for name in row.get("emitSystemFieldDimensions") or ()}
        return cls(
            name=str(row.get("filterName") or ""),
            log_group=str(row.get("logGroupName") or ""),
            pattern=str(row.get("filterPattern") or ""),
            criteria=str(row.get("fieldSelectionCriteria") or ""),
            on_transformed=row.get("applyOnTransformedLogs") is True,
            transformations=tuple(_transformation(item, system) for item in row.get("metricTransformations") or ()),
        )


def _transformation(item: Mapping[str, Any], system: Mapping[str, str]) -> MetricTransformation:
    default = item.get("defaultValue")
    dimensions = {str(name): str(field) for name, field in (item.get("dimensions") or {}).items()}
    return MetricTransformation(
        namespace=str(item.get("metricNamespace") or ""),
        name=str(item.get("metricName") or ""),
        value=str(item.get("metricValue") or ""),
        default=None if default is None else float(default),
        dimensions=tuple(sorted({**dimensions, **system}.items())),
        unit=str(item.get("unit") or "None"),
    )
