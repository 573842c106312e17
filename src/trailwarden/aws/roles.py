"""Roles: temporary credentials that renew themselves during a long run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from trailwarden.aws.aim import Aim, aiming
from trailwarden.aws.clients import Clients
from trailwarden.aws.failures import RoleError, RoleRefusedError, from_exception, not_aws, passing_code
from trailwarden.calls import Call

_MARGIN = timedelta(minutes=5)
"""Credentials are renewed this long before they expire: longer than any single request may take, retries included."""


@dataclass(frozen=True, slots=True)
class Role:
    """What AssumeRole is asked for. ``policy`` is the JSON of a session policy: the session may do what role *and* policy allow."""

    arn: str
    external_id: str = ""
    session_name: str = "trailwarden"
    policy: str = ""

    def parameters(self) -> dict[str, str]:
        """Return AssumeRole's parameters."""
        given = {
            "RoleArn": self.arn,
            "RoleSessionName": self.session_name,
            "ExternalId": self.external_id,
            "Policy": self.policy,
        }
        return {name: value for name, value in given.items() if value}


class RoleCredentials:
    """A botocore credentials object that assumes a role when first used and again before expiry. Safe under threads.

    Args:
        role: what to assume.
        base: botocore credentials of the caller.
        sts: clients that may send AssumeRole.
        region: whose STS endpoint is asked; its tokens are valid in every region, those of the global endpoint are not.
    """

    method = "assume-role"

    def __init__(self, role: Role, base: Any, sts: Clients, region: str) -> None:
        self.role = role
        self._base = base
        self._sts = sts
        self._region = region
        self._lock = threading.Lock()
        self._frozen: ReadOnlyCredentials | None = None
        self._refusal: RoleRefusedError | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return credentials that are valid now.

        Raises:
            RoleRefusedError: the role can't be assumed; STS is not asked a second time.
            RoleError: STS throttles or can't be reached.
            CredentialsError: the caller's own credentials have expired.
        """
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if self._frozen is None or datetime.now(UTC) >= self._renew_at:
                self._frozen = self._assume()
            return self._frozen

    @property
    def held(self) -> ReadOnlyCredentials | None:
        """Return the credentials in hand, None before the first use."""
        return self._frozen

    def discard(self, refused: ReadOnlyCredentials | None) -> None:
        """Renew the credentials at the next use if they are still those that AWS refused."""
        with self._lock:
            if self._frozen is refused:
                self._frozen = None

    def _assume(self) -> ReadOnlyCredentials:
        call = Call.of("", self._region, "sts", "AssumeRole", **self.role.parameters())
        try:
            with aiming(Aim(call, self._base)):
                answer = self._sts.get("sts", self._region).assume_role(**call.arguments)
            issued = answer["Credentials"]
            # A session shorter than the margin is used until its end rather than renewed with each request.
            lifetime = issued["Expiration"] - datetime.now(UTC)
            self._renew_at = (issued["Expiration"] - min(_MARGIN, lifetime / 2)).astimezone(UTC)
            return ReadOnlyCredentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], None)
        except (BotoCoreError, ClientError) as error:
            failure = from_exception(error, self.role.arn)
            self._refusal = failure if isinstance(failure, RoleRefusedError) else None
            code = passing_code(error)
            raise (RoleError(failure.message, failure.hint, code) if code else failure) from None
        except (ResponseParserError, KeyError) as error:
            raise not_aws(self.role.arn, str(error)) from None
