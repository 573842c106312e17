"""The bucket a trail delivers to, read in the account that owns it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call, Reply
from trailwarden.errors import Unreadable
from trailwarden.facts.accesspoints import AccessPoint, list_access_points
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.facts.bucketsettings import (
    AccessLogging,
    BucketLocation,
    Encryption,
    Grant,
    ObjectLock,
    PublicAccessBlock,
    ReplicationRule,
    Versioning,
)
from trailwarden.facts.history import bucket_history
from trailwarden.facts.key import KmsKey
from trailwarden.facts.lifecycle import LifecycleRule
from trailwarden.facts.logfiles import LogFiles, Retention, digest_in, retention_in
from trailwarden.facts.timeline import bucket_timeline
from trailwarden.model import Json, Reason, ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account
    from trailwarden.facts.trail import Trail


_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


class LogBucket(Subject):
    """A bucket named by one or more trails, or by the settings of such a bucket (then ``owners`` says whose it may be)."""

    kind = "bucket"

    def __init__(self, account: Account, name: str, *, owners: Iterable[str] = ()) -> None:
        super().__init__(id=f"arn:{account.partition}:s3:::{name}", name=name, account_id=account.account_id, region="")
        self.account = account
        self._owners = tuple(owners)
        self._trails: dict[str, Trail] = {}

    def used_by(self, trail: Trail) -> None:
        """Note a trail that delivers here."""
        self._trails[trail.arn] = trail
        if not self.region:
            self.region = trail.home_region

    @property
    def trails(self) -> tuple[Trail, ...]:
        """Return the trails that deliver here, by ARN."""
        return tuple(self._trails[arn] for arn in sorted(self._trails))

    # --- where and whose --------------------------------------------------------------------------------------------

    @fact("s3.HeadBucket", "s3.ListBuckets")
    def location(self) -> BucketLocation:
        """Find region and owner: S3 has no call that names an owner, so each candidate is tried by ExpectedBucketOwner.

        Raises:
            Unreadable: a reply that is neither yes, no, nor refused.
        """
        account = self.account
        home = self.trails[0].home_region if self.trails else account.global_region
        region = ""
        for owner in self._candidates():
            call = account.call("s3.HeadBucket", home, asker=owner, Bucket=self.name, ExpectedBucketOwner=owner)
            reply = account.reply(call)
            verdict = _head_verdict(call, reply)
            region = region or _region_in(reply)
            if verdict == "gone":
                return BucketLocation(False, region, "", foreign=False, asker=account.account_id, readable=False)
            if verdict == "there":
                return BucketLocation(
                    True, region or home, owner, foreign=owner != account.account_id, asker=owner, readable=True
                )
        return self._without_owner(home, region)

    def _candidates(self) -> tuple[str, ...]:
        """Return the accounts that may own the bucket and that the run has credentials for, the likeliest first."""
        account = self.account
        named = _ACCOUNT.findall(
            self.name
        )  # Control Tower, for one, names its buckets after the account that owns them
        trails = (trail.owner for trail in self.trails)
        owners = [*self._owners, *named, account.account_id, *trails, *account.log_accounts]
        return tuple(dict.fromkeys(owner for owner in owners if owner in account.peers))

    def _without_owner(self, home: str, region: str) -> BucketLocation:
        """Decide what a refusal for every candidate means: ours without permission, or another account's."""
        account = self.account
        me = account.account_id
        listing = account.reply(account.call("s3.ListBuckets", account.global_region, asker=me))
        if listing.error is None:
            names = {str(item["Name"]) for item in (listing.body or {}).get("Buckets", [])}
            if self.name in names:
                return BucketLocation(True, region or home, me, foreign=False, asker=me, readable=False)
        call = account.call("s3.HeadBucket", home, asker=me, Bucket=self.name)
        reply = account.reply(call)
        verdict = _head_verdict(call, reply)
        # When the list of own buckets was read and lacks the name, the bucket is another account's; otherwise nobody knows.
        foreign = listing.error is None or verdict == "there"
        where = _region_in(reply) or region or home
        return BucketLocation(verdict != "gone", where, "", foreign=foreign, asker=me, readable=verdict == "there")

    def _ask(self, operation: str, *, absent: tuple[str, ...] = (), **more: Json) -> tuple[Call, dict[str, Any] | None]:
        """Ask about the bucket where it is, as its owner; return None as body for an error code that means "not configured".

        Raises:
            Unreadable: NOT_FOUND for a bucket that is gone; CROSS_ACCOUNT when the owner is out of reach.
        """
        location = self.location
        if not location.exists:
            code = ReasonCode.NOT_FOUND
            raise Unreadable(
                Reason(
                    code, operation, location.region, self.account_id, "NoSuchBucket", "the log bucket does not exist"
                )
            )
        params: dict[str, Json] = {"Bucket": self.name, **more}
        if location.owner or not location.foreign:
            params["ExpectedBucketOwner"] = location.owner or location.asker
        call = self.account.call(operation, location.region, asker=location.asker, **params)
        reply = self.account.reply(call)
        if reply.error is not None and reply.error.code in absent:
            return call, None
        try:
            return call, body_of(call, reply)
        except Unreadable as error:
            if location.foreign and not location.owner and error.reason.code is ReasonCode.ACCESS_DENIED:
                raise self.account.out_of_reach(error.reason) from None
            raise

    def confirm_owner(self, owner: str) -> bool | None:
        """Ask HeadBucket whether an account owns the bucket: True, or None for a refusal, which also means "not permitted".

        Raises:
            Unreadable: the reply is neither.
        """
        call = self.account.call("s3.HeadBucket", self.location.region, Bucket=self.name, ExpectedBucketOwner=owner)
        return True if _head_verdict(call, self.account.reply(call)) == "there" else None

    @property
    def default_key(self) -> KmsKey | None:
        """Return the key of the default encryption, or None when it names none; naming reads nothing more."""
        key_id = self.encryption.key_id
        if not key_id:
            return None
        return self.account.link(KmsKey, key_id, lambda: KmsKey(self.account, key_id, self.location.region))

    def neighbour(self, name: str) -> LogBucket:
        """Return a bucket that this one's settings name, which is likely to be of the same owner; naming reads nothing more."""
        owner = self.location.owner
        return self.account.link(
            LogBucket, name, lambda: LogBucket(self.account, name, owners=[owner] if owner else [])
        )

    def region_of(self, name: str) -> str:
        """Ask HeadBucket for the region of another bucket, which S3 tells whoever asks; empty where it does not."""
        call = self.account.call("s3.HeadBucket", self.location.region, asker=self.location.asker, Bucket=name)
        return _region_in(self.account.reply(call))

    # --- settings ---------------------------------------------------------------------------------------------------

    @fact("s3.GetBucketPolicy", needs=["LogBucket.location"])
    def policy(self) -> PolicyDocument | None:
        """The bucket policy, or None when there is none.

        Raises:
            Unreadable: refused, or a text that is not a policy (UNPARSEABLE).
        """
        call, body = self._ask("s3.GetBucketPolicy", absent=("NoSuchBucketPolicy",))
        if body is None:
            return None
        try:
            return parse(str(expect(call, body, "Policy")))
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from error

    @fact("s3.GetBucketPolicyStatus", needs=["LogBucket.location"])
    def policy_is_public(self) -> bool:
        """AWS's own judgement of the policy text; no policy is not public."""
        call, body = self._ask("s3.GetBucketPolicyStatus", absent=("NoSuchBucketPolicy",))
        return body is not None and bool(expect(call, expect(call, body, "PolicyStatus"), "IsPublic"))

    @fact("s3.GetBucketAcl", needs=["LogBucket.location"])
    def acl(self) -> tuple[Grant, ...]:
        """The grants in force: with IgnorePublicAcls on, S3 leaves the public ones out of its answer."""
        call, body = self._ask("s3.GetBucketAcl")
        grants = expect(call, body or {}, "Grants")
        return tuple(
            Grant(str((row.get("Grantee") or {}).get("URI") or ""), str(row.get("Permission") or "")) for row in grants
        )

    @fact("s3.GetPublicAccessBlock", needs=["LogBucket.location"])
    def public_access_block(self) -> PublicAccessBlock:
        """The bucket's own settings."""
        call, body = self._ask("s3.GetPublicAccessBlock", absent=("NoSuchPublicAccessBlockConfiguration",))
        return (
            PublicAccessBlock()
            if body is None
            else PublicAccessBlock.parse(expect(call, body, "PublicAccessBlockConfiguration"))
        )

    @fact("s3control.GetPublicAccessBlock", needs=["LogBucket.location"])
    def account_public_access_block(self) -> PublicAccessBlock:
        """The settings of the account that owns the bucket.

        Raises:
            Unreadable: refused, or CROSS_ACCOUNT because the owner is not known or not reached.
        """
        location = self.location
        call = self.account.call(
            "s3control.GetPublicAccessBlock",
            self.account.global_region,
            asker=location.asker,
            AccountId=location.owner or location.asker,
        )
        if location.foreign and not location.owner:
            raise Unreadable(
                reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message="the account that owns the bucket is not known")
            )
        reply = self.account.reply(call)
        if reply.error is not None and reply.error.code == "NoSuchPublicAccessBlockConfiguration":
            return PublicAccessBlock()
        return PublicAccessBlock.parse(expect(call, body_of(call, reply), "PublicAccessBlockConfiguration"))

    @fact("s3.GetBucketOwnershipControls", needs=["LogBucket.location"])
    def object_ownership(self) -> str:
        """ObjectOwnership; not configured means ObjectWriter."""
        call, body = self._ask("s3.GetBucketOwnershipControls", absent=("OwnershipControlsNotFoundError",))
        if body is None:
            return "ObjectWriter"
        rules = expect(call, expect(call, body, "OwnershipControls"), "Rules")
        return str(rules[0]["ObjectOwnership"]) if rules else "ObjectWriter"

    @fact("s3.GetBucketVersioning", needs=["LogBucket.location"])
    def versioning(self) -> Versioning:
        """Versioning and MFA Delete; AWS leaves out what was never set."""
        _, body = self._ask("s3.GetBucketVersioning")
        return Versioning(str((body or {}).get("Status") or ""), str((body or {}).get("MFADelete") or ""))

    @fact("s3.GetObjectLockConfiguration", needs=["LogBucket.location"])
    def object_lock(self) -> ObjectLock:
        """Object Lock with the default retention in days."""
        call, body = self._ask("s3.GetObjectLockConfiguration", absent=("ObjectLockConfigurationNotFoundError",))
        if body is None:
            return ObjectLock()
        configuration = expect(call, body, "ObjectLockConfiguration")
        retention = (configuration.get("Rule") or {}).get("DefaultRetention") or {}
        days = int(retention.get("Days") or 0) + 365 * int(retention.get("Years") or 0)
        return ObjectLock(configuration.get("ObjectLockEnabled") == "Enabled", str(retention.get("Mode") or ""), days)

    @fact("s3.GetBucketEncryption", needs=["LogBucket.location"])
    def encryption(self) -> Encryption:
        """The default encryption."""
        call, body = self._ask("s3.GetBucketEncryption", absent=("ServerSideEncryptionConfigurationNotFoundError",))
        if body is None:
            return Encryption()
        rules = expect(call, expect(call, body, "ServerSideEncryptionConfiguration"), "Rules")
        default = (rules[0].get("ApplyServerSideEncryptionByDefault") or {}) if rules else {}
        return Encryption(str(default.get("SSEAlgorithm") or ""), str(default.get("KMSMasterKeyID") or ""))

    @fact("s3.GetBucketLogging", needs=["LogBucket.location"])
    def access_logging(self) -> AccessLogging | None:
        """Server access logging; S3 says "off" with an empty answer."""
        _, body = self._ask("s3.GetBucketLogging")
        enabled = (body or {}).get("LoggingEnabled")
        return AccessLogging(str(enabled["TargetBucket"]), str(enabled.get("TargetPrefix") or "")) if enabled else None

    @fact("s3.GetBucketLifecycleConfiguration", needs=["LogBucket.location"])
    def lifecycle(self) -> tuple[LifecycleRule, ...]:
        """The lifecycle rules, none when there is no configuration."""
        call, body = self._ask("s3.GetBucketLifecycleConfiguration", absent=("NoSuchLifecycleConfiguration",))
        return () if body is None else tuple(LifecycleRule.parse(row) for row in expect(call, body, "Rules"))

    @fact("s3.GetBucketRequestPayment", needs=["LogBucket.location"])
    def payer(self) -> str:
        """Who pays for requests: BucketOwner or Requester."""
        call, body = self._ask("s3.GetBucketRequestPayment")
        return str(expect(call, body or {}, "Payer"))

    @fact("s3.GetBucketReplication", needs=["LogBucket.location"])
    def replication(self) -> tuple[ReplicationRule, ...]:
        """The replication rules, none when there is no configuration."""
        call, body = self._ask("s3.GetBucketReplication", absent=("ReplicationConfigurationNotFoundError",))
        if body is None:
            return ()
        return tuple(
            ReplicationRule.parse(row) for row in expect(call, expect(call, body, "ReplicationConfiguration"), "Rules")
        )

    @fact(
        "s3control.ListAccessPoints",
        "s3control.GetAccessPointPolicyStatus",
        "s3control.GetAccessPoint",
        needs=["LogBucket.location"],
    )
    def access_points(self) -> tuple[AccessPoint, ...]:
        """The access points that the owner's account has on the bucket, by name. S3 does not list those of other accounts.

        Raises:
            Unreadable: the list was refused; CROSS_ACCOUNT when the owner is out of reach.
        """
        return list_access_points(self.account, self._control, self.name)

    def _control(self, operation: str, **params: Json) -> Call:
        """Return a call of S3's account-wide API, as the bucket's owner where the bucket is.

        Raises:
            Unreadable: CROSS_ACCOUNT when the owner is not known, or NOT_FOUND for a bucket that is gone.
        """
        location = self.location
        owner = location.owner or location.asker
        call = self.account.call(operation, location.region, asker=location.asker, AccountId=owner, **params)
        if not location.exists:
            raise Unreadable(reason_for_call(call, ReasonCode.NOT_FOUND, message="the log bucket does not exist"))
        if location.foreign and not location.owner:
            text = "the account that owns the bucket is not known"
            raise Unreadable(reason_for_call(call, ReasonCode.CROSS_ACCOUNT, message=text))
        return call

    # --- objects ----------------------------------------------------------------------------------------------------

    @fact("s3.ListObjectsV2", needs=["LogBucket.location"])
    def files(self) -> LogFiles:
        """A view of the delivered files that lists as little as a question takes; it raises Unreadable when it is asked."""

        def page(prefix: str, delimiter: str) -> dict[str, Any]:
            narrowed: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
            return self._ask("s3.ListObjectsV2", Prefix=prefix, **narrowed)[1] or {}

        return LogFiles(page)

    history = bucket_history
    timeline = bucket_timeline

    @fact("s3.GetObjectRetention", needs=["LogBucket.location"])
    def object_retention(self) -> Callable[[str], Retention | None]:
        """A function from an object's key to its lock, None for an object without one; it raises Unreadable when it is asked."""

        def ask(key: str) -> Retention | None:
            call, body = self._ask("s3.GetObjectRetention", absent=("NoSuchObjectLockConfiguration",), Key=key)
            return None if body is None else retention_in(call, expect(call, body, "Retention"))

        return ask

    @fact("s3.GetObject", needs=["LogBucket.location"])
    def digest(self) -> Callable[[str], Mapping[str, Any]]:
        """A function from a digest file's key to its content, unverified; it raises Unreadable when it is asked."""

        def ask(key: str) -> Mapping[str, Any]:
            call, body = self._ask("s3.GetObject", Key=key)
            return digest_in(call, expect(call, body or {}, "Body"))

        return ask


def _head_verdict(call: Call, reply: Reply) -> str:
    """Return there, gone or refused.

    Raises:
        Unreadable: anything else (400, 5xx, time-out).
    """
    if reply.error is None:
        return "there"
    if reply.error.status == 404 or reply.error.code in ("404", "NoSuchBucket"):
        return "gone"
    if reply.error.status == 403 or reply.error.code in ("403", "AccessDenied"):
        return "refused"
    body_of(call, reply)
    raise AssertionError  # body_of raises for an error reply


def _region_in(reply: Reply) -> str:
    return str((reply.body or {}).get("BucketRegion") or reply.bucket_region or "")
