"""Samples of the files in a log bucket: the oldest and the newest of each kind, and some in between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from trailwarden.facts import LogFile, LogFiles, Trail


def sample(files: LogFiles, trail: Trail, size: int, since: datetime) -> list[LogFile]:
    """Return up to ``size`` log and digest files of a trail, delivered since a moment, by key.

    The newest log, the newest digest, the oldest of each, and others whose days are spread evenly over the time between. Which file of such
    a day it is depends on the day alone, so that the same bucket gives the same sample.

    Raises:
        Unreadable: a folder could not be listed.
    """
    folders = files.folders_of(trail)
    day = f"{since:%Y/%m/%d}/"
    found: dict[str, LogFile] = {}
    ends: list[tuple[str, LogFile, LogFile]] = []
    for folder in folders:
        newest = newest_in(files, folder)
        if newest is not None and newest.time >= since:
            oldest = oldest_in(files, folder, day) or newest
            ends.append((folder, oldest, newest))
    for _, _, newest in ends:
        found[newest.key] = newest
    for _, oldest, _ in ends:
        found[oldest.key] = oldest
    between = (item for pair in zip(*(_between(files, *end, size) for end in ends), strict=False) for item in pair)
    for item in between:
        if len(found) >= size:
            break
        found[item.key] = item
    return [found[key] for key in sorted(list(found)[:size])]


def oldest_in(files: LogFiles, folder: str, since: str = "") -> LogFile | None:
    """Return the oldest file below a region's folder, not before a day (``YYYY/MM/DD/``)."""
    for day in files.days(folder, since=since):
        objects = files.objects(day)
        if objects:
            return objects[0]
    return None


def newest_in(files: LogFiles, folder: str) -> LogFile | None:
    """Return the newest file below a region's folder."""
    for day in files.days(folder, newest_first=True):
        objects = files.objects(day)
        if objects:
            return objects[-1]
    return None


def _between(files: LogFiles, folder: str, oldest: LogFile, newest: LogFile, number: int) -> Iterator[LogFile]:
    """Yield a file of each of some days between two files."""
    step = (newest.time - oldest.time) / (number + 1)
    for index in range(1, number + 1):
        moment = oldest.time + index * max(step, timedelta())
        day = next(files.days(folder, since=f"{moment:%Y/%m/%d}/"), "")
        objects = files.objects(day) if day else []
        if objects:
            yield objects[int(hashlib.sha256(day.encode()).hexdigest(), 16) % len(objects)]
