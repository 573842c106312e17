"""One botocore client per service, for every region and every account.

Most of a client is the same wherever it points: the parsed service model, the endpoint rules, the hooks, the connection pool. botocore
resolves the endpoint of each request anew, and offers two places to say which region is meant: the ``before-endpoint-resolution`` event,
whose handlers may change the rules' inputs, and the request's signing context, which also takes the credentials. So a client is built
once per service, and each request is aimed. That saves building some thirty clients for one account, and thousands for an organisation.

Where this can't hold, a client is built per region as usual: behind a proxy (exceptions from it are decided per host), for a service
or region that botocore does not list, and with a botocore that does not resolve endpoints by rules. A request whose region was not
honoured is never sent.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies

from botocore.config import Config
from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from trailwarden.aws.aim import Aim, current
from trailwarden.aws.limits import LOOKUPS, Pace
from trailwarden.aws.replies import botocore_answer
from trailwarden.aws.retries import RetryMode, separate
from trailwarden.calls import Call, Reply
from trailwarden.errors import WriteRefusedError
from trailwarden.facts.operations import READS_ONLY_WITH

MAX_PAGES = 2000
"""Pages read of one listing; what goes on after that is not a listing any more."""


class PageLimitError(Exception):
    """A listing has more than MAX_PAGES pages."""


class Clients:
    """Builds clients when first needed and hooks them up. Safe under threads.

    Args:
        session: makes the clients.
        config: attempts, timeouts and the like; in retry mode ``standard``.
        reads: the operations that may be sent, as ``service.Operation``.
        endpoint_url: overrides every service's endpoint; empty leaves that to the environment and the AWS configuration.
        retry_mode: how retries are spaced, per account and region.
        answer: answers in place of AWS, before anything is signed or sent.
    """

    def __init__(
        self,
        session: Session,
        *,
        config: Config,
        reads: Mapping[str, str],
        endpoint_url: str = "",
        retry_mode: RetryMode = "standard",
        answer: Callable[[Call], Reply] | None = None,
    ) -> None:
        self._session = session
        self._config = config
        self._reads = reads
        self._endpoint_url = endpoint_url
        self._retry_mode = retry_mode
        self._answer = answer
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._services: dict[str, Any] = {}
        self._http: Any = None
        self._lookups = Pace(LOOKUPS)
        self._aimable = not set(getproxies()) - {"no"}

    def get(self, service: str, region: str) -> Any:
        """Return the client for a service in a region."""
        client = self._clients.get((service, region))
        if client is not None:
            return client
        with self._lock:
            client = (
                self._clients.get((service, region)) or self._shared(service, region) or self._create(service, region)
            )
            self._clients[service, region] = client
            return client

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def _shared(self, service: str, region: str) -> Any:
        """Return the client that serves all regions of a service, or None where this region needs one of its own.

        Services without endpoints of their own in a region (Organizations), and regions newer than this botocore, are left to it.
        """
        if not self._aimable or region not in self._regions(service, region):
            return None
        client = self._services.get(service)
        if client is None:
            client = self._create(service, region)
            if getattr(client, "_ruleset_resolver", None) is not None:
                _follow_aim(client)
                self._services[service] = client
        return client

    def _regions(self, service: str, region: str) -> list[str]:
        """Return the regions in which a service has an endpoint, in the partition of a region."""
        try:
            partition = self._session.get_partition_for_region(region)
        except UnknownRegionError:
            return []
        return list(self._session.get_available_regions(service, partition))

    def _create(self, service: str, region: str) -> Any:
        client = self._session.create_client(
            service, region_name=region, endpoint_url=self._endpoint_url or None, config=self._config
        )
        name = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        events.register_first("before-parameter-build", self._guard)
        events.register("before-parameter-build", _sign_for_account)
        if self._answer is not None:
            events.register("before-call", self._play)
        events.register_last("after-call", _note_answer)
        if service == "s3control" and _is_loopback(client.meta.endpoint_url):
            events.register_first(f"before-sign.{name}", _drop_account_from_host)
        settings: Any = client.meta.config
        if name == "cloudtrail":
            events.register_first("request-created.cloudtrail.LookupEvents", self._lookups.request)
        separate(client, self._retry_mode, settings.retries["total_max_attempts"])
        self._share_connections(client)
        return client

    def _share_connections(self, client: Any) -> None:
        """Let all clients use one connection pool, and one TLS context, with room for every region's host."""
        if not self._aimable:
            return
        endpoint: Any = getattr(client, "_endpoint", None)
        http: Any = getattr(endpoint, "http_session", None)
        if http is None:
            return
        if self._http is None or type(http) is not type(self._http):
            _widen(http)
            self._http = http
        endpoint.http_session = self._http

    def require_read(self, operation: str) -> None:
        """Refuse ``service.Operation`` unless it is a declared read.

        Raises:
            WriteRefusedError: it is not.
        """
        if operation not in self._reads:
            message = f"{operation} is not on the list of reads"
            raise WriteRefusedError(message, "trailwarden changes nothing in an account")

    def _guard(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        self.require_read(operation)
        beyond = set(params) - READS_ONLY_WITH.get(operation, set(params))
        if beyond:
            message = f"{operation} with {', '.join(sorted(beyond))} is more than a read"
            raise WriteRefusedError(message, "trailwarden changes nothing in an account")

    def _play(self, **_: Any) -> Any:
        assert self._answer is not None
        aim = _aim()
        reply = self._answer(aim.call)
        aim.recorded_pages = reply.pages
        return botocore_answer(reply)


def _widen(http: Any) -> None:
    """Make botocore's HTTP session fit for every region, where urllib3 looks as we know it; without this it is only slower."""
    manager: Any = getattr(http, "_manager", None)
    if hasattr(getattr(manager, "pools", None), "_maxsize"):
        manager.pools._maxsize = 512  # noqa: SLF001 - urllib3 keeps ten hosts, an account has thirty regions
    context: Any = getattr(manager, "connection_pool_kw", {}).get("ssl_context")
    if context is not None:
        # urllib3 reads the file of root certificates for each connection, which costs more than the request; once is enough for one
        # context. A file that can't be read is not remembered.
        context.load_verify_locations = lru_cache(maxsize=8)(context.load_verify_locations)


def _aim() -> Aim:
    aim = current()
    if aim is None:
        raise WriteRefusedError("a request was made outside the reader", "ask through LiveReader")
    return aim


def _sign_for_account(context: dict[str, Any], **_: Any) -> None:
    context.setdefault("signing", {})["request_credentials"] = _aim().credentials


def _follow_aim(client: Any) -> None:
    """Let a client go where each call points."""
    client.meta.events.register("before-parameter-build", _aim_signature)
    # First, so that S3's cache of bucket regions keeps the last word.
    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"before-endpoint-resolution.{name}", _aim_endpoint)

    client.meta.events.register_first("before-call", _refuse_unaimed)


def _refuse_unaimed(**_: Any) -> None:
    """Stop a request whose endpoint did not follow: another region's answer would be taken for the right one's."""
    aim = _aim()
    if not aim.aimed:
        raise NotImplementedError(f"this botocore ignored the region of {aim.call.name}")


def _aim_signature(context: dict[str, Any], **_: Any) -> None:
    """Name the region to sign for; endpoint rules that know better override it."""
    context.setdefault("signing", {})["region"] = _aim().call.region


def _aim_endpoint(builtins: dict[str, Any], **_: Any) -> None:
    aim = _aim()
    builtins["AWS::Region"] = aim.call.region
    aim.aimed = True


def _note_answer(model: Any, parsed: dict[str, Any], **_: Any) -> None:
    aim = _aim()
    if model.name != aim.call.operation:
        return  # S3 looks up a bucket's region by itself
    aim.answers += 1
    aim.first = aim.first or parsed
    if aim.answers > MAX_PAGES:
        raise PageLimitError(f"more than {MAX_PAGES} pages")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _drop_account_from_host(request: Any, **_: Any) -> None:
    """Undo the ``<account>.`` in front of the host, which nothing resolves on loopback."""
    url = urlsplit(request.url)
    account, _dot, host = url.netloc.partition(".")
    if account.isdigit() and len(account) == 12:
        request.url = urlunsplit(url._replace(netloc=host))
