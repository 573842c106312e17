"""The KMS key a trail encrypts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailwarden.calls import Call
from trailwarden.errors import Unreadable
from trailwarden.facts.account import body_of, expect, reason_for_call
from trailwarden.facts.base import Subject, fact
from trailwarden.facts.history import key_history
from trailwarden.facts.times import optional_time
from trailwarden.model import ReasonCode
from trailwarden.policydoc import PolicyDocument, PolicyTextError, parse

if TYPE_CHECKING:
    from trailwarden.facts.account import Account
    from trailwarden.facts.trail import Trail


@dataclass(frozen=True, slots=True)
class KeyMetadata:
    """DescribeKey's answer; ``exists`` is False for NotFoundException in the owner's account."""

    exists: bool
    arn: str = ""
    state: str = ""
    spec: str = ""
    usage: str = ""
    origin: str = ""
    manager: str = ""
    owner: str = ""
    multi_region_type: str = ""
    """PRIMARY, REPLICA or empty."""
    expires: bool = False
    """Imported material that expires."""
    valid_to: datetime | None = None
    deletion_date: datetime | None = None

    @property
    def region(self) -> str:
        """Return the region of the key's ARN, empty when there is none."""
        return self.arn.split(":")[3] if self.arn else ""

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> KeyMetadata:
        """Read a KeyMetadata."""
        return cls(
            exists=True,
            arn=str(row.get("Arn") or ""),
            state=str(row.get("KeyState") or ""),
            spec=str(row.get("KeySpec") or row.get("CustomerMasterKeySpec") or ""),
            usage=str(row.get("KeyUsage") or ""),
            origin=str(row.get("Origin") or ""),
            manager=str(row.get("KeyManager") or ""),
            owner=str(row.get("AWSAccountId") or ""),
            multi_region_type=str((row.get("MultiRegionConfiguration") or {}).get("MultiRegionKeyType") or ""),
            expires=row.get("ExpirationModel") == "KEY_MATERIAL_EXPIRES",
            valid_to=optional_time(row.get("ValidTo")),
            deletion_date=optional_time(row.get("DeletionDate")),
        )


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """Automatic rotation. ``period_days`` is AWS's default of 365 where the answer leaves it out."""

    enabled: bool
    period_days: int


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """One grant: who may use the key without being named in its policy, and for what."""

    id: str
    grantee: str
    operations: tuple[str, ...]


class KmsKey(Subject):
    """A key named by one or more trails."""

    kind = "key"

    def __init__(self, account: Account, key_id: str, home_region: str) -> None:
        parts = key_id.split(":")
        is_arn = len(parts) > 5 and parts[0] == "arn"
        super().__init__(
            id=key_id,
            name=parts[-1].removeprefix("key/"),
            account_id=account.account_id,
            region=parts[3] if is_arn else home_region,
        )
        self.account = account
        self.key_id = key_id
        self.owner = parts[4] if is_arn else account.account_id
        self._trails: dict[str, Trail] = {}

    def used_by(self, trail: Trail) -> None:
        """Note a trail that encrypts with the key."""
        self._trails[trail.arn] = trail

    @property
    def trails(self) -> tuple[Trail, ...]:
        """Return the trails that use the key, by ARN."""
        return tuple(self._trails[arn] for arn in sorted(self._trails))

    @property
    def asker(self) -> str:
        """Return the account whose credentials read the key: its owner's where the run has them."""
        return self.owner if self.owner in self.account.peers else self.account_id

    def _ask(self, operation: str) -> dict[str, Any]:
        return self._body(self.account.call(operation, self.region, asker=self.asker, KeyId=self.key_id))

    def _body(self, call: Call) -> dict[str, Any]:
        try:
            return body_of(call, self.account.reply(call))
        except Unreadable as error:
            # To another account KMS does not say whether a key is missing or merely not shared.
            if self.asker != self.owner and error.reason.code in (ReasonCode.ACCESS_DENIED, ReasonCode.NOT_FOUND):
                raise self.account.out_of_reach(error.reason, self.owner) from None
            raise

    @fact("kms.DescribeKey")
    def metadata(self) -> KeyMetadata:
        """State, spec, origin and owner of the key."""
        try:
            body = self._ask("kms.DescribeKey")
        except Unreadable as error:
            if error.reason.code is ReasonCode.NOT_FOUND and error.reason.aws_code == "NotFoundException":
                return KeyMetadata(exists=False)
            raise
        return KeyMetadata.parse(
            expect(self.account.call("kms.DescribeKey", self.region, KeyId=self.key_id), body, "KeyMetadata")
        )

    @fact("kms.GetKeyRotationStatus")
    def rotation(self) -> KeyRotation:
        """Whether AWS rotates the key by itself, and how often."""
        body = self._ask("kms.GetKeyRotationStatus")
        call = self.account.call("kms.GetKeyRotationStatus", self.region, KeyId=self.key_id)
        return KeyRotation(bool(expect(call, body, "KeyRotationEnabled")), int(body.get("RotationPeriodInDays") or 365))

    @fact("kms.GetKeyPolicy")
    def policy(self) -> PolicyDocument:
        """The key policy; every key has one, and only its owner may read it.

        Raises:
            Unreadable: refused; UNPARSEABLE for a text that is no policy.
        """
        call = self.account.call(
            "kms.GetKeyPolicy", self.region, asker=self.asker, KeyId=self.key_id, PolicyName="default"
        )
        text = expect(call, self._body(call), "Policy")
        try:
            return parse(str(text))
        except PolicyTextError as error:
            raise Unreadable(reason_for_call(call, ReasonCode.UNPARSEABLE, message=str(error))) from None

    history = key_history

    @fact("kms.ListGrants")
    def grants(self) -> tuple[KeyGrant, ...]:
        """The grants, by id."""
        call = self.account.call("kms.ListGrants", self.region, asker=self.asker, KeyId=self.key_id)
        rows = expect(call, self._body(call), "Grants")
        grants = (
            KeyGrant(str(row["GrantId"]), str(row.get("GranteePrincipal") or ""), tuple(row.get("Operations") or ()))
            for row in rows
        )
        return tuple(sorted(grants, key=lambda grant: grant.id))
