"""What S3 says of a bucket, one value for each setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailwarden.model import Json

PUBLIC_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")


@dataclass(frozen=True, slots=True)
class BucketLocation:
    """Where a bucket is and whose. ``owner`` is empty when nothing could prove it; ``foreign`` says that it is not the caller's."""

    exists: bool
    region: str
    owner: str
    foreign: bool
    asker: str
    """The account whose credentials read the bucket."""
    readable: bool
    """Whether HeadBucket was ever answered with 200; a bucket that refuses everybody still exists."""


@dataclass(frozen=True, slots=True)
class PublicAccessBlock:
    """The four settings, of a bucket or of an account. Not configured means four times false."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> PublicAccessBlock:
        """Read a PublicAccessBlockConfiguration."""
        return cls(
            settings.get("BlockPublicAcls") is True,
            settings.get("IgnorePublicAcls") is True,
            settings.get("BlockPublicPolicy") is True,
            settings.get("RestrictPublicBuckets") is True,
        )

    def __or__(self, other: PublicAccessBlock) -> PublicAccessBlock:
        """Return what is in force when bucket and account both have settings: the stricter of each."""
        return PublicAccessBlock(
            self.block_public_acls or other.block_public_acls,
            self.ignore_public_acls or other.ignore_public_acls,
            self.block_public_policy or other.block_public_policy,
            self.restrict_public_buckets or other.restrict_public_buckets,
        )

    def to_json(self) -> dict[str, Json]:
        """Return the settings under AWS's names."""
        return {
            "BlockPublicAcls": self.block_public_acls,
            "IgnorePublicAcls": self.ignore_public_acls,
            "BlockPublicPolicy": self.block_public_policy,
            "RestrictPublicBuckets": self.restrict_public_buckets,
        }

    @property
    def complete(self) -> bool:
        """Return whether all four are on."""
        return all(self.to_json().values())


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of an ACL: a group URI (or empty for a single grantee) and the permission."""

    group: str
    permission: str

    @property
    def public(self) -> bool:
        """Return whether everybody, or everybody with any AWS account, is meant."""
        return self.group.endswith(PUBLIC_GROUPS)


@dataclass(frozen=True, slots=True)
class Versioning:
    """Each empty when it was never set."""

    status: str
    mfa_delete: str


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """Object Lock and its default retention. ``days`` counts a year as 365; 0 means no default rule."""

    enabled: bool = False
    mode: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Encryption:
    """The default encryption; ``algorithm`` is empty when there is none."""

    algorithm: str = ""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class AccessLogging:
    """Where server access logs go."""

    target_bucket: str
    target_prefix: str


@dataclass(frozen=True, slots=True)
class ReplicationRule:
    """One rule of a replication configuration; ``account`` is empty when the rule names none."""

    id: str
    enabled: bool
    prefix: str
    by_tag: bool
    bucket: str
    account: str
    with_kms: bool
    """Whether objects under a KMS key are replicated; they are passed over otherwise."""
    delete_markers: bool

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> ReplicationRule:
        """Read a rule in its old form (Prefix), which replicates delete markers, or the new one (Filter), which says whether."""
        where = row.get("Filter") or {}
        both = where.get("And") or {}
        destination = row.get("Destination") or {}
        chosen = (row.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects") or {}
        markers = (row.get("DeleteMarkerReplication") or {}).get("Status")
        return cls(
            id=str(row.get("ID") or ""),
            enabled=row.get("Status") == "Enabled",
            prefix=str(both.get("Prefix") or where.get("Prefix") or row.get("Prefix") or ""),
            by_tag=bool(where.get("Tag") or both.get("Tags")),
            bucket=str(destination.get("Bucket") or "").rpartition(":")[2],
            account=str(destination.get("Account") or ""),
            with_kms=chosen.get("Status") == "Enabled",
            delete_markers=markers == "Enabled" or "Filter" not in row,
        )
