"""Log and digest files in a bucket: found by walking down the dated folders, so that a year's files need not be listed."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import expect, reason_for_call
from trailwarden.facts.times import optional_time, parse_time
from trailwarden.model import ReasonCode

if TYPE_CHECKING:
    from trailwarden.facts.trail import Trail

LONGEST_DIGEST = 64 * 1024 * 1024
"""Bytes of an inflated digest file that are read; one names each log file of an hour in some 300 bytes."""

_NUMBERED = re.compile(r"[0-9]+/")
_ORGANIZATION = re.compile(r"o-[a-z0-9]+/")
_STAMP = re.compile(r"_([0-9]{8}T[0-9]{4}(?:[0-9]{2})?)Z(?:_[^/]*)?\.json\.gz$")


@dataclass(frozen=True, slots=True)
class LogFile:
    """One object of a listing."""

    key: str
    modified: datetime

    @property
    def time(self) -> datetime:
        """Return the time in the file's name, or that of its delivery where the name holds none."""
        match = _STAMP.search(self.key)
        if match is None:
            return self.modified
        form = "%Y%m%dT%H%M%S" if len(match[1]) == 15 else "%Y%m%dT%H%M"
        try:
            return datetime.strptime(match[1], form).replace(tzinfo=UTC)
        except ValueError:
            return self.modified


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an object is locked."""

    mode: str
    until: datetime | None


class LogFiles:
    """The delivered files of a bucket.

    Args:
        page: lists a prefix, with or without a delimiter; raises Unreadable when that is refused.
    """

    def __init__(self, page: Callable[[str, str], Mapping[str, Any]]) -> None:
        self._page = page

    def folders_of(self, trail: Trail) -> tuple[str, str]:
        """Return the folders of a trail's log and digest files, of the account under audit and the trail's home region.

        Raises:
            Unreadable: the organization's folder had to be looked up, and could not be.
        """
        root = f"{trail.key_prefix}/AWSLogs/" if trail.key_prefix else "AWSLogs/"
        if trail.is_organization_trail:
            # The organization's id is in no setting of a trail; its folder names it.
            root = next((item for item in self._folders(root) if _ORGANIZATION.fullmatch(item[len(root) :])), root)
        account = f"{root}{trail.account_id}"
        return f"{account}/CloudTrail/{trail.home_region}/", f"{account}/CloudTrail-Digest/{trail.home_region}/"

    def days(self, folder: str, *, newest_first: bool = False, since: str = "") -> Iterator[str]:
        """Yield the folders of days below a region's folder, listing only what the caller goes on to.

        Args:
            folder: of a region, as ``folders_of`` returns it.
            newest_first: begin with the last day.
            since: ``YYYY/MM/DD/``; days before it are passed over.
        """
        return self._below(folder, f"{folder}{since}" if since else "", 3, newest_first=newest_first)

    def _below(self, folder: str, since: str, levels: int, *, newest_first: bool) -> Iterator[str]:
        if levels == 0:
            yield folder
            return
        for item in sorted(self._folders(folder), reverse=newest_first):
            if _NUMBERED.fullmatch(item[len(folder) :]) and item >= since[: len(item)]:
                yield from self._below(item, since, levels - 1, newest_first=newest_first)

    def objects(self, day: str) -> list[LogFile]:
        """Return the files of a day, the oldest first."""
        rows = self._page(day, "").get("Contents") or ()
        found = [LogFile(str(row["Key"]), parse_time(str(row["LastModified"]))) for row in rows]
        return sorted(found, key=lambda item: (item.time, item.key))

    def _folders(self, prefix: str) -> list[str]:
        return [str(row["Prefix"]) for row in self._page(prefix, "/").get("CommonPrefixes") or ()]


def retention_in(call: Call, body: dict[str, Any]) -> Retention:
    """Read the Retention of an answer."""
    return Retention(str(expect(call, body, "Mode")), optional_time(body.get("RetainUntilDate")))


def digest_in(call: Call, body: str) -> Mapping[str, Any]:
    """Return the content of a digest file, whose bytes a reply carries in base64.

    Raises:
        Unreadable: UNPARSEABLE for anything but gzipped JSON, or for more than LONGEST_DIGEST bytes of it.
    """
    try:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        text = inflater.decompress(base64.b64decode(body, validate=True), LONGEST_DIGEST)
        content = json.loads(text) if inflater.eof else None
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message="the file is no digest"))
    return content
