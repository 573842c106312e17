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
* :func:`statement_matches`, :func:`decide`: three-valued evaluation of a :class:`Request`.
"""

from trailwarden.policydoc.conditions import Context, condition_holds
from trailwarden.policydoc.document import Condition, Effect, PolicyDocument, Principal, Statement, account_of, parse
from trailwarden.policydoc.errors import PolicyTextError
from trailwarden.policydoc.operators import Operator, Quantifier, parse_operator
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
    "CLOUDTRAIL",
    "LEGACY_CLOUDTRAIL_ACCOUNTS",
    "Condition",
    "Context",
    "Effect",
    "Match",
    "Operator",
    "PolicyDocument",
    "PolicyTextError",
    "Principal",
    "Quantifier",
    "Request",
    "ServiceGrant",
    "SourceLimit",
    "Statement",
    "TransportVerdict",
    "account_of",
    "condition_holds",
    "decide",
    "denies_insecure_transport",
    "parse",
    "parse_operator",
    "service_grants",
    "source_gap",
    "statement_matches",
]
