"""IAM policy documents: parsed strictly, evaluated with unknowns, and asked the questions that the checks need.

Works for bucket, key, topic and log group policies and, with ``parse(text, principals=False)``, for SCPs. Pure: no I/O.

>>> from trailwarden import policydoc
>>> policy = policydoc.parse('{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", '
...     '"Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], '
...     '"Condition": {"Bool": {"aws:SecureTransport": false}}}}')
>>> policydoc.denies_insecure_transport(policy, "arn:aws:s3:::logs").denied
True

``parse(text)`` raises :class:`PolicyTextError` (to be reported as ERROR, UNPARSEABLE). Questions never raise it, but for
wildcard patterns too complex to compare. A condition operator that is not known makes an answer undecided (``None`` or
``undecided=True``) only where it could change it.

* :func:`denies_insecure_transport`: is clear text refused? ``.denied`` True, False or None, ``.reason``.
* :func:`service_grants`, :func:`source_gap`: what is granted to CloudTrail, and why a grant is a confused deputy.
* :func:`is_public`: who is let in, by the rule S3 publishes; closing keys per kind of resource.
* :func:`unexpected_grants`, :func:`grants_of`, :func:`is_expected`: who may write, read, decrypt or administer.
* :func:`delivery_allowed`, :func:`key_allows_trail`: would CloudTrail get its files in? With a trace.
* :func:`open_actions`: what a set of SCPs or RCPs leaves open.
* :func:`may`: what a user or role may do, by all policies that concern it.
* :func:`statement_matches`, :func:`decide`: three-valued evaluation of a :class:`Request`.
"""

from trailwarden.policydoc.conditions import Context, condition_holds
from trailwarden.policydoc.delivery import Delivery, Sender, Step, delivery_allowed, key_allows_trail
from trailwarden.policydoc.document import Condition, Effect, PolicyDocument, Principal, Statement, account_of, parse
from trailwarden.policydoc.errors import PolicyTextError
from trailwarden.policydoc.grants import (
    KMS_ADMINISTERING,
    KMS_DECRYPTING,
    S3_MUTATING,
    S3_READING,
    Grant,
    grants_of,
    is_expected,
    unexpected_grants,
)
from trailwarden.policydoc.guardrail import Gap, open_actions
from trailwarden.policydoc.identity import Answer, Caller, about, may
from trailwarden.policydoc.operators import Operator, Quantifier, parse_operator
from trailwarden.policydoc.public import (
    ACCESS_POINT,
    BUCKET,
    KEY,
    LOG_GROUP,
    TOPIC,
    Closing,
    Publicity,
    PublicReason,
    is_public,
)
from trailwarden.policydoc.request import Request, decide, statement_matches
from trailwarden.policydoc.service import (
    CLOUDTRAIL,
    LEGACY_CLOUDTRAIL_ACCOUNTS,
    ServiceGrant,
    SourceLimit,
    service_grants,
    source_gap,
)
from trailwarden.policydoc.transport import TransportVerdict, denies_insecure_transport
from trailwarden.policydoc.truth import Match

__all__ = [
    "ACCESS_POINT",
    "BUCKET",
    "CLOUDTRAIL",
    "KEY",
    "KMS_ADMINISTERING",
    "KMS_DECRYPTING",
    "LEGACY_CLOUDTRAIL_ACCOUNTS",
    "LOG_GROUP",
    "S3_MUTATING",
    "S3_READING",
    "TOPIC",
    "Answer",
    "Caller",
    "Closing",
    "Condition",
    "Context",
    "Delivery",
    "Effect",
    "Gap",
    "Grant",
    "Match",
    "Operator",
    "PolicyDocument",
    "PolicyTextError",
    "Principal",
    "PublicReason",
    "Publicity",
    "Quantifier",
    "Request",
    "Sender",
    "ServiceGrant",
    "SourceLimit",
    "Statement",
    "Step",
    "TransportVerdict",
    "about",
    "account_of",
    "condition_holds",
    "decide",
    "delivery_allowed",
    "denies_insecure_transport",
    "grants_of",
    "is_expected",
    "is_public",
    "key_allows_trail",
    "may",
    "open_actions",
    "parse",
    "parse_operator",
    "service_grants",
    "source_gap",
    "statement_matches",
    "unexpected_grants",
]
