"""A KMS client that signs evidence. The one request of trailwarden that is no read; it changes nothing in an account either."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from trailwarden.aws.session import Tuning, config_for
from trailwarden.errors import CredentialsError


def kms_client(profile: str, region: str, endpoint_url: str) -> Any:
    """Return a client for ``GetPublicKey`` and ``Sign``; empty texts stand for what is configured.

    Raises:
        CredentialsError: an unknown profile, or no region.
    """
    try:
        return Session(profile=profile or None).create_client(
            "kms", region_name=region or None, endpoint_url=endpoint_url or None, config=config_for(Tuning())
        )
    except (BotoCoreError, ValueError) as error:
        raise CredentialsError(f"KMS can't be asked: {error}", "give the key's ARN, or configure a region") from None
