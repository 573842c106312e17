"""Plays a recorded ledger through the real reader: for the demo and for tests. No sockets, no credentials.

Everything but the network is the live path: clients, endpoint rules, read-only guard, pagination, typed errors. Botocore's
``before-call`` event answers in AWS's place, so retries and the parsing of bytes are the two things it does not show.
"""

from __future__ import annotations

from botocore import UNSIGNED
from botocore.credentials import Credentials

from trailwarden.aws.clients import Clients
from trailwarden.aws.reader import LiveReader
from trailwarden.aws.session import GLOBAL_REGION, Caller, Connection, Tuning, config_for, new_session
from trailwarden.calls import Call, Reply
from trailwarden.facts.operations import READS
from trailwarden.ledger import Ledger, ReplayReader


def world_connection(ledger: Ledger) -> Connection:
    """Return a connection to the accounts of a ledger, as its caller."""
    config = config_for(Tuning(), signature_version=UNSIGNED)
    region = GLOBAL_REGION.get(ledger.header.partition, GLOBAL_REGION["aws"])
    clients = Clients(new_session(), config=config, reads=READS, answer=ReplayReader(ledger).ask)
    known = ledger.header.caller
    account = known.get("account", "")
    arn = known.get("arn") or f"arn:{ledger.header.partition}:iam::{account}:root"
    caller = Caller(account, arn, known.get("user_id", ""))
    nobody = Credentials("", "")
    accounts = {account, *ledger.header.accounts, *(call.account for call in ledger.replies)}
    identity = _identity(ledger, Call.of(account, region, "sts", "GetCallerIdentity"), caller)
    return Connection(clients, clients, caller, region, identity, dict.fromkeys(sorted(accounts), nobody))


def world_reader(ledger: Ledger, jobs: int = 10) -> LiveReader:
    """Return a LiveReader that answers from a ledger; a call the ledger lacks is a NotRecorded error."""
    return LiveReader(world_connection(ledger), jobs)


def _identity(ledger: Ledger, call: Call, caller: Caller) -> tuple[Call, Reply]:
    for recorded, reply in ledger.replies.items():
        if (recorded.service, recorded.operation, recorded.account) == ("sts", "GetCallerIdentity", caller.account):
            return recorded, reply
    return call, Reply(body={"Account": caller.account, "Arn": caller.arn, "UserId": caller.user_id})
