"""Object keys of CloudTrail log and digest files: the one place that knows how they are spelt."""

import re
from dataclasses import dataclass
from typing import Final

from trailwarden.integrity import times

EVENTS: Final = "CloudTrail"
"""Folder of management and data events: the one every trail writes."""
#: Folders of log files by kind of event: also Insights, network activity, aggregated data events.
LOG_KINDS: Final = (EVENTS, "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated")
DIGESTS: Final = "CloudTrail-Digest"

_LOG = re.compile(
    r"(?P<root>(?:.*/)?AWSLogs/(?:(?P<org>o-[a-z0-9]+)/)?)(?P<account>\d{12})/"
    r"(?P<kind>CloudTrail(?:-Insight|-NetworkActivity|-Aggregated)?)/(?P<region>[^/_]+)/\d{4}/\d\d/\d\d/"
    # The user guide gives one form of file name for all kinds; Insights files have been seen to be named after their folder.
    r"(?P<owner>\d{12})_(?:CloudTrail|(?P=kind))_(?P<place>[^/_]+)_(?P<time>\d{8}T\d{4}Z)_[A-Za-z0-9]+\.json\.gz",
    re.ASCII,
)
# Trail names may hold underscores; regions never do, so reading from the right is unambiguous.
_DIGEST = re.compile(
    r"(?P<root>(?:.*/)?AWSLogs/(?:(?P<org>o-[a-z0-9]+)/)?)(?P<account>\d{12})/CloudTrail-Digest/(?P<region>[^/_]+)/\d{4}/\d\d/\d\d/"
    r"(?P<owner>\d{12})_CloudTrail-Digest_(?P<place>[^/_]+)_(?P<trail>[^/]+)_(?P<home>[^/_]+)_(?P<time>\d{8}T\d{6}Z)"
    r"(?P<backfill>_backfill)?\.json\.gz",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """An account in a region of a bucket. `root` is everything up to and with `AWSLogs/[o-…/]`.

    `kinds` are the folders of log files that exist there, of LOG_KINDS.
    """

    bucket: str
    root: str
    account: str
    region: str
    kinds: tuple[str, ...] = (EVENTS,)

    @property
    def folder(self) -> str:
        """Prefix of everything of the account."""
        return f"{self.root}{self.account}/"

    def logs(self, kind: str) -> str:
        """Prefix of the log files of a kind, before the dated folders."""
        return f"{self.folder}{kind}/{self.region}/"

    def log_key(self, kind: str, slot: int, *, named: str = EVENTS) -> str:
        """Where the keys of log files delivered in `slot` begin in the order of keys, if files are named `named`."""
        name = f"{self.account}_{named}_{self.region}_{slot_stamp(slot)}"
        return f"{self.logs(kind)}{times.day_folder(slot)}{name}"

    @property
    def digests(self) -> str:
        """Prefix of the digest files, before the dated folders."""
        return f"{self.folder}{DIGESTS}/{self.region}/"

    def kind_of(self, key: str) -> str:
        """The folder of log files that `key`, which lies in one of them, belongs to."""
        return key[len(self.folder) :].partition("/")[0]


@dataclass(frozen=True, slots=True)
class LogName:
    """What the key of a log file says; `slot` is the delivery minute, rounded down to five."""

    root: str
    account: str
    region: str
    slot: int
    kind: str


@dataclass(frozen=True, slots=True)
class DigestName:
    """What the key of a digest file says; `end` is its digestEndTime."""

    root: str
    account: str
    region: str
    trail: str
    home: str
    end: int
    backfill: bool


def parse_log(key: str) -> LogName | None:
    """The parts of a log file's key, or None if it is not one (wrong shape, or folder and file name disagree)."""
    match = _LOG.fullmatch(key)
    if match is None or match["owner"] != match["account"] or match["place"] != match["region"]:
        return None
    try:
        slot = times.from_basic(match["time"])
    except ValueError:
        return None
    return LogName(match["root"], match["account"], match["region"], slot, match["kind"])


def slot_stamp(slot: int) -> str:
    """A delivery slot as the keys of log files spell it, without the Z."""
    return times.basic(slot)[:13]


def stamp_of(key: str) -> str:
    """The delivery slot in the key of a log file as written there, with the Z; an empty text if there is none."""
    parts = key.rsplit("_", 2)
    return parts[1] if len(parts) == 3 else ""


def parse_digest(key: str) -> DigestName | None:
    """The parts of a digest file's key, or None if it is not one (wrong shape, or folder and file name disagree)."""
    match = _DIGEST.fullmatch(key)
    if match is None or match["owner"] != match["account"] or match["place"] != match["region"]:
        return None
    try:
        end = times.from_basic(match["time"])
    except ValueError:
        return None
    return DigestName(
        match["root"],
        match["account"],
        match["region"],
        match["trail"],
        match["home"],
        end,
        match["backfill"] is not None,
    )
