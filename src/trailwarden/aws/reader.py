"""The reader that asks AWS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from trailwarden.aws.aim import Aim, aiming
from trailwarden.aws.clients import PageLimitError
from trailwarden.aws.failures import RoleError, from_exception
from trailwarden.aws.limits import Limits
from trailwarden.aws.replies import reply_from_body, reply_from_exception
from trailwarden.aws.roles import RoleCredentials
from trailwarden.aws.session import Connection
from trailwarden.calls import Call, OnReply, Reply, ReplyError, ask_each
from trailwarden.errors import CredentialsError, WriteRefusedError
from trailwarden.model import ReasonCode
from trailwarden.reasons import CROSS_ACCOUNT, TRUNCATED, reason_code

_POLLS, _POLL_SECONDS = 60, 2.0
"""How often, and how far apart, a query is asked whether it has ended; one that has not by then is answered as it is."""
_UNDER_WAY = ("QUEUED", "RUNNING")

_RENEWAL_FAILED = (
    "CredentialRetrievalError",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
    "NoCredentialsError",
    "RefreshWithMFAUnsupportedError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
)
"""What botocore raises while it renews credentials in the middle of a run."""


class LiveReader:
    """Answers calls from AWS; implements ``trailwarden.calls.Reader``.

    Args:
        connection: clients and credentials.
        jobs: calls in flight at most. More than ten brings one account little but throttling.
        limits: calls in flight for each account and region, where several are read at once.
        sleep: waits for some seconds, until a query may have ended.
    """

    def __init__(
        self,
        connection: Connection,
        jobs: int = 10,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self._sleep = sleep
        self._limits = limits
        self._jobs = jobs
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()
        self._paginators: dict[tuple[int, str], Any] = {}

    def ask(self, call: Call) -> Reply:
        """Answer one call. Whatever goes wrong is an error reply, except what ends the run.

        Raises:
            CredentialsError: the credentials have expired or can't be renewed.
            WriteRefusedError: the operation is not a declared read.
        """
        if call == self.connection.identity[0]:
            return self.connection.identity[1]
        self.connection.clients.require_read(call.name)
        credentials = self.connection.credentials.get(call.account)
        if credentials is None:
            return Reply(error=ReplyError(CROSS_ACCOUNT, f"no credentials for account {call.account or 'unknown'}"))
        with self._limits.place(call.account, call.region) if self._limits else nullcontext():
            return self._ask_as(call, credentials)

    def _ask_as(self, call: Call, credentials: Any, *, renewed: bool = False) -> Reply:
        """Answer one call with credentials; those of a role are renewed once when AWS says that they have expired."""
        role = credentials if isinstance(credentials, RoleCredentials) else None
        held = role.held if role else None
        try:
            with aiming(Aim(call, credentials)) as aim:
                return self._send(call, aim)
        except RoleError as error:
            if credentials is self.connection.own:
                raise
            return Reply(error=ReplyError(error.code, error.message))
        except (CredentialsError, WriteRefusedError):
            raise
        except PageLimitError as error:
            return Reply(error=ReplyError(TRUNCATED, str(error)))
        except Exception as error:  # noqa: BLE001 - an emulator in the process raises what it likes; all of it is "could not read"
            if role is not None and not renewed and (_expired(call, error) or _expired_silently(call, error)):
                role.discard(held or role.held)
                return self._ask_as(call, credentials, renewed=True)
            self._stop_if_expired(call, error, credentials)
            return reply_from_exception(error, self.connection.secrets(call.account))

    def ask_all(self, calls: Sequence[Call], on_reply: OnReply | None = None) -> list[Reply]:
        """Answer independent calls concurrently, in their order; ``on_reply`` hears of each as it arrives, from several threads.

        Raises:
            CredentialsError, WriteRefusedError: as ``ask``; calls that were not sent by then never are.
        """
        if len(calls) <= 1 or self._jobs <= 1:
            return ask_each(self, calls, on_reply)

        def ask(call: Call) -> Reply:
            reply = self.ask(call)
            if on_reply is not None:
                on_reply(call, reply)
            return reply

        futures: list[Future[Reply]] = []
        try:
            futures.extend(self._executor().submit(ask, call) for call in calls)
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def close(self) -> None:
        """Drop what waits, and close the connections. Calls in flight end by themselves."""
        with self._pool_lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None
        self.connection.close()

    def _executor(self) -> ThreadPoolExecutor:
        with self._pool_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="trailwarden-aws")
            return self._pool

    def _send(self, call: Call, aim: Aim) -> Reply:
        client = self.connection.clients.get(call.service, call.region)
        method = xform_name(call.operation)
        if client.can_paginate(method):
            body = self._paginator(client, method).paginate(**call.arguments).build_full_result()
            if aim.answers == 1:
                body = aim.first  # a merged result holds the lists and little else
        else:
            body = getattr(client, method)(**call.arguments)
            for _ in range(_POLLS):
                if call.operation != "GetQueryResults" or body.get("QueryStatus") not in _UNDER_WAY:
                    break
                self._sleep(_POLL_SECONDS)
                body = getattr(client, method)(**call.arguments)
        return reply_from_body(body, aim.metadata, aim.pages)

    def _paginator(self, client: Any, method: str) -> Any:
        """Return the client's paginator; botocore builds a class for each it is asked for."""
        key = (id(client), method)
        if key not in self._paginators:
            self._paginators[key] = client.get_paginator(method)
        return self._paginators[key]

    def _stop_if_expired(self, call: Call, error: Exception, credentials: Any) -> None:
        """Raise when no further call can succeed. The session of a role that expires at once is the trouble of its account alone."""
        if isinstance(error, ClientError):
            other = credentials is not self.connection.own
            # An error of another operation is the renewal of the credentials, which botocore does while it signs a request.
            if (_expired(call, error) and not other) or error.operation_name != call.operation:
                raise from_exception(error, f"account {call.account}") from None
        elif isinstance(error, BotoCoreError) and type(error).__name__ in _RENEWAL_FAILED:
            raise from_exception(error, f"account {call.account}") from None


def _expired(call: Call, error: Exception) -> bool:
    """Return whether AWS refused a call because its credentials have expired."""
    if not isinstance(error, ClientError) or error.operation_name != call.operation:
        return False
    details: Mapping[str, Any] = error.response.get("Error", {})
    return reason_code(call.service, call.operation, str(details.get("Code", ""))) is ReasonCode.CREDENTIALS_EXPIRED


def _expired_silently(call: Call, error: Exception) -> bool:
    """Return whether the credentials may have expired: to HEAD, S3 says so by a 400 without a word, which can mean other things too."""
    if not isinstance(error, ClientError) or not call.operation.startswith("Head"):
        return False
    details: Mapping[str, Any] = error.response.get("Error", {})
    return details.get("Code") == "400"
