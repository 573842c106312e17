"""Object keys of CloudTrail log and digest files: the one place that knows how they are spelt."""

import re
from dataclasses import dataclass

from trailwarden.integrity import times

_LOG = re.compile(
    r"(?P<root>(?:.*/)?AWSLogs/(?:(?P<org>o-[a-z0-9]+)/)?)(?P<account>\d{12})/CloudTrail/(?P<region>[^/_]+)/\d{4}/\d\d/\d\d/"
    r"(?P<owner>\d{12})_CloudTrail_(?P<place>[^/_]+)_(?P<time>\d{8}T\d{4}Z)_[A-Za-z0-9]+\.json\.gz",
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
    """One folder pair of a bucket: an account in a region. `root` is everything up to and with `AWSLogs/[o-…/]`."""

    bucket: str
    root: str
    account: str
    region: str

    @property
    def logs(self) -> str:
        """Prefix of the log files, before the dated folders."""
        return f"{self.root}{self.account}/CloudTrail/{self.region}/"

    @property
    def digests(self) -> str:
        """Prefix of the digest files, before the dated folders."""
        return f"{self.root}{self.account}/CloudTrail-Digest/{self.region}/"


@dataclass(frozen=True, slots=True)
class LogName:
    """What the key of a log file says; `slot` is the delivery minute, rounded down to five."""

    root: str
    account: str
    region: str
    slot: int


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
    return LogName(match["root"], match["account"], match["region"], slot)


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
