"""From the user's AWS configuration to a connection that knows who is calling."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from trailwarden import __version__
from trailwarden.aws.aim import Aim, aiming
from trailwarden.aws.clients import Clients
from trailwarden.aws.failures import from_exception, missing_credentials, not_aws
from trailwarden.aws.models import ReadsLoader
from trailwarden.aws.replies import reply_from_body
from trailwarden.aws.retries import RetryMode
from trailwarden.aws.roles import Role, RoleCredentials
from trailwarden.calls import Call, Reply
from trailwarden.errors import CredentialsError
from trailwarden.facts.operations import READS

GLOBAL_REGION: Mapping[str, str] = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""The region used where none is configured, by partition."""

_STS: Mapping[str, str] = {"sts.GetCallerIdentity": "", "sts.AssumeRole": ""}
ATTEMPTS = 8
_STS_ATTEMPTS = 3
"""A wrong endpoint or dead network should show at once, not after all the patience that a long run needs."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How patiently AWS is asked. Times in seconds."""

    retry_mode: RetryMode = "standard"
    """``standard``, or ``adaptive``, which also slows down when throttled."""
    max_attempts: int = 0
    """Requests per call; 0 for what AWS_MAX_ATTEMPTS or the AWS configuration says, else ``ATTEMPTS``."""
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    max_connections: int = 10
    """Connections kept open to one host."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, as STS says."""

    account: str
    arn: str
    user_id: str

    @property
    def partition(self) -> str:
        """Return aws, aws-us-gov or aws-cn."""
        return self.arn.split(":")[1]


@dataclass
class Connection:
    """Clients, and the credentials of each account that can be asked."""

    clients: Clients
    sts: Clients
    """Clients that may assume roles; apart from those that read."""
    caller: Caller
    region: str
    identity: tuple[Call, Reply]
    """GetCallerIdentity as it was already asked and answered."""
    credentials: dict[str, Any] = field(default_factory=dict)
    """Account id to botocore credentials. The caller's own account is there from the start."""

    def __post_init__(self) -> None:
        self.own: Any = self.credentials.get(self.caller.account)
        """The caller's own credentials, which roles are assumed with; its account may be read with a role, too."""

    @property
    def partition(self) -> str:
        """Return the partition of the caller."""
        return self.caller.partition

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of the SDK, for the header of a ledger."""
        return {"botocore": botocore.__version__}

    def add_role(self, account: str, role: Role) -> None:
        """Read an account with a role. The role is assumed when the first call needs it, and again before its credentials expire."""
        self.credentials[account] = RoleCredentials(role, self.own, self.sts, self.region)

    def secrets(self, account: str) -> tuple[str, ...]:
        """Return the secrets of an account's credentials, to be kept out of messages."""
        held = self.credentials.get(account)
        # A role's are not assumed for this: what never was in use can't be in a message.
        frozen = held.held if isinstance(held, RoleCredentials) else held and held.get_frozen_credentials()
        return (frozen.secret_key or "", frozen.token or "") if frozen else ()

    def close(self) -> None:
        """Close every connection."""
        self.clients.close()
        self.sts.close()


def connect(
    *,
    profile: str = "",
    region: str = "",
    role_arn: str = "",
    external_id: str = "",
    session_name: str = "trailwarden",
    endpoint_url: str = "",
    tuning: Tuning | None = None,
    known: tuple[Caller, tuple[Call, Reply]] | None = None,
) -> Connection:
    """Find credentials as every AWS tool does, assume ``role_arn`` if given, and ask STS who is calling.

    Args:
        profile: a profile of the AWS configuration; empty for the environment's choice.
        region: where single questions are asked; empty for the configured one, else the partition's first.
        role_arn: a role to read with.
        external_id: what that role's trust policy asks for.
        session_name: how the role's session shows up in CloudTrail.
        endpoint_url: an endpoint in place of AWS's own, for every service.
        tuning: retries and timeouts.
        known: who is calling, and how STS said so, where another process of the run has asked already. Roles are then assumed with all the
            patience that other calls have.

    Raises:
        CredentialsError: none, incomplete, expired or refused credentials, an unknown profile or region, or no AWS at the endpoint.
    """
    tuning = tuning or Tuning()
    try:
        session = new_session(profile)
        patience = tuning.max_attempts or session.get_config_variable("max_attempts") or ATTEMPTS
        tuning = replace(tuning, max_attempts=patience)
        configured = region or session.get_config_variable("region") or GLOBAL_REGION["aws"]
        if not _endpoint(session, endpoint_url):
            _check_region(session, configured)
        credentials: Any = session.get_credentials()
        if credentials is None:
            raise missing_credentials()
        credentials.get_frozen_credentials()
        clients = Clients(
            session, config=config_for(tuning), reads=READS, endpoint_url=endpoint_url, retry_mode=tuning.retry_mode
        )
        attempts = tuning.max_attempts if known else min(_STS_ATTEMPTS, tuning.max_attempts)
        impatient = config_for(replace(tuning, max_attempts=attempts))
        sts = Clients(session, config=impatient, reads=_STS, endpoint_url=endpoint_url)
    except (BotoCoreError, ClientError) as error:
        raise from_exception(error) from None
    except ValueError as error:
        raise CredentialsError(
            f"the endpoint or region can't be used: {error}", "an endpoint looks like http://127.0.0.1:4566"
        ) from None
    if role_arn:
        role = Role(role_arn, external_id, session_name)
        credentials = RoleCredentials(role, credentials, sts, configured)
    if known:
        return Connection(clients, sts, known[0], configured, known[1], {known[0].account: credentials})
    caller, reply = _identify(sts, credentials, configured)
    if not (region or session.get_config_variable("region")):
        configured = GLOBAL_REGION.get(caller.partition, configured)
    call = Call.of(caller.account, configured, "sts", "GetCallerIdentity")
    return Connection(clients, sts, caller, configured, (call, reply), {caller.account: credentials})


def new_session(profile: str = "") -> Session:
    """Return a botocore session that asks regional endpoints and loads no more than it needs.

    Raises:
        BotoCoreError: an unknown profile, or a configuration file that can't be read.
    """
    session = Session(profile=profile or None)
    session.set_config_variable("sts_regional_endpoints", "regional")
    session.register_component("data_loader", _loader(session.get_config_variable("data_path") or ""))
    return session


@lru_cache(maxsize=2)
def _loader(data_path: str) -> ReadsLoader:
    """Return the one loader of this process: what it has parsed serves every further session."""
    return ReadsLoader(READS, data_path)


def config_for(tuning: Tuning, **options: Any) -> Config:
    """Return botocore's configuration.

    Regional endpoints everywhere: answers of S3's and STS's global ones depend on where they happen to be answered.
    """
    return Config(
        retries={"mode": "standard", "total_max_attempts": tuning.max_attempts or ATTEMPTS},
        connect_timeout=tuning.connect_timeout,
        read_timeout=tuning.read_timeout,
        max_pool_connections=tuning.max_connections,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        account_id_endpoint_mode="disabled",
        s3={"us_east_1_regional_endpoint": "regional"},
        # Botocore puts a user agent together anew for each request, unless it is given one.
        user_agent=f"trailwarden/{__version__} Botocore/{botocore.__version__}",
        **options,
    )


def _identify(sts: Clients, credentials: Any, region: str) -> tuple[Caller, Reply]:
    call = Call.of("", region, "sts", "GetCallerIdentity")
    where = ""
    try:
        client = sts.get("sts", region)
        where = str(client.meta.endpoint_url)
        with aiming(Aim(call, credentials)) as aim:
            answer = client.get_caller_identity()
        reply = reply_from_body(answer, aim.metadata)
        caller = Caller(answer["Account"], answer["Arn"], answer["UserId"])
        if not caller.partition.startswith("aws"):
            raise not_aws(where, f"it calls the caller {caller.arn!r}")
    except (BotoCoreError, ClientError) as error:
        raise from_exception(error, where) from None
    except ResponseParserError as error:
        raise not_aws(where, str(error)) from None
    except (KeyError, IndexError):
        raise not_aws(where, "its answer names no caller") from None
    except ValueError as error:
        raise CredentialsError(
            f"the endpoint can't be used: {error}", "an endpoint looks like http://127.0.0.1:4566"
        ) from None
    return caller, reply


def _endpoint(session: Session, endpoint_url: str) -> str:
    """Return the endpoint that overrides AWS's own, as given or as the environment and configuration have it."""
    return endpoint_url or str(session.get_config_variable("endpoint_url") or "")


def _check_region(session: Session, region: str) -> None:
    """Refuse a region that no partition has.

    Raises:
        CredentialsError: with the region that was probably meant.
    """
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sts", partition)
    ]
    if region in known:
        return
    close = difflib.get_close_matches(region, known, n=1)
    hint = (
        f"did you mean {close[0]}?"
        if close
        else f"botocore {botocore.__version__} knows {len(known)} regions; newer ones need a newer one"
    )
    raise CredentialsError(f"there is no AWS region {region!r}", hint)
