"""Would this bucket or key policy let a trail deliver?

The requests that CloudTrail sends are built and put to the policy, with everything that is known about them; what is
not known (the time, tags) stays unknown, and a Deny that hangs on it makes the answer undecided.

Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for
CloudTrail".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trailwarden.policydoc.conditions import Context
from trailwarden.policydoc.document import PolicyDocument, Principal, Statement, account_of
from trailwarden.policydoc.request import conditions_hold, principal_matches
from trailwarden.policydoc.scope import action_glob, actions_of, resource_glob, resources_of
from trailwarden.policydoc.service import CLOUDTRAIL, service_call
from trailwarden.policydoc.truth import Match, all_of

_SENDER = Principal("Service", CLOUDTRAIL)
_ACL = "bucket-owner-full-control"
# AWS clients speak at least this version to S3; a Deny of lower ones can't stop them.
_TLS_VERSION = "1.2"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing CloudTrail must be able to do: where, whether it may, and by or despite which statement."""

    action: str
    resource: str
    allowed: bool | None
    reason: str

    def __str__(self) -> str:
        word = {True: "allowed", False: "not allowed", None: "undecided"}[self.allowed]
        return f"{self.action} on {self.resource}: {word}, {self.reason}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The answer over all steps: False when one is refused, else None when one is undecided; ``trace`` has them all."""

    allowed: bool | None
    trace: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """The trail that delivers, as far as policies can tell.

    Args:
        trail_arn: the trail's ARN; for an organization trail it carries the management account.
        account_id: the account whose files are written, usually the one in the ARN.
        prefix: the trail's S3KeyPrefix, empty for none.
        organization_id: for an organization trail, the id under which members' files are written.
        source_organization_id: the organisation of the trail's account, empty when it is not known.
        key_arn: the trail's KMS key, empty for none.
    """

    trail_arn: str
    account_id: str
    prefix: str = ""
    organization_id: str = ""
    source_organization_id: str = ""
    key_arn: str = ""


def delivery_allowed(document: PolicyDocument, bucket_arn: str, sender: Sender) -> Delivery:
    """Whether CloudTrail may read the bucket's ACL and write the trail's files.

    An Allow has to cover everything below ``PREFIX/AWSLogs/ACCOUNT/`` (and below the organisation's id); a Deny counts
    when it touches the places where log and digest files go.
    """
    root = f"{bucket_arn}/{sender.prefix}/AWSLogs" if sender.prefix else f"{bucket_arn}/AWSLogs"
    plain = {"aws:viaawsservice": ("false",)}
    headers = {**plain, "s3:x-amz-acl": (_ACL,), **_encryption_headers(sender)}
    steps = [_step(document, "s3:GetBucketAcl", bucket_arn, bucket_arn, _context(sender, plain))]
    places = [(f"{root}/{sender.account_id}/*", f"{root}/{sender.account_id}/CloudTrail*")]
    if sender.organization_id:
        organization = f"{root}/{sender.organization_id}"
        places.append((f"{organization}/*", f"{organization}/*/CloudTrail*"))
    context = _context(sender, headers)
    steps += [_step(document, "s3:PutObject", granted, written, context) for granted, written in places]
    return _sum(steps)


def key_allows_trail(document: PolicyDocument, sender: Sender) -> Delivery:
    """Whether CloudTrail may make data keys for the trail under the key policy of ``sender.key_arn``."""
    context = _context(
        sender,
        {
            "kms:encryptioncontext:aws:cloudtrail:arn": (sender.trail_arn,),
            "kms:encryptioncontextkeys": ("aws:cloudtrail:arn",),
        },
    )
    return _sum([_step(document, "kms:GenerateDataKey", sender.key_arn, sender.key_arn, context)])


def _sum(steps: list[Step]) -> Delivery:
    answers = {step.allowed for step in steps}
    return Delivery(False if False in answers else None if None in answers else True, tuple(steps))


def _context(sender: Sender, more: Mapping[str, tuple[str, ...]]) -> Context:
    known = {
        **service_call(CLOUDTRAIL),
        "s3:tlsversion": (_TLS_VERSION,),
        "aws:sourcearn": (sender.trail_arn,),
        "aws:sourceaccount": (account_of(sender.trail_arn),),
    }
    if sender.source_organization_id:
        known["aws:sourceorgid"] = (sender.source_organization_id,)
    return Context({**known, **more})


def _encryption_headers(sender: Sender) -> dict[str, tuple[str, ...]]:
    """CloudTrail names an encryption only when the trail has a key."""
    return {
        "s3:x-amz-server-side-encryption": ("aws:kms",) if sender.key_arn else (),
        "s3:x-amz-server-side-encryption-aws-kms-key-id": (sender.key_arn,) if sender.key_arn else (),
    }


def _step(document: PolicyDocument, action: str, granted: str, written: str, context: Context) -> Step:
    denies = list(_applying(document.denies(), action, written, context, whole=False))
    allows = list(_applying(document.allows(), action, granted, context, whole=True))
    stop = next((item for item, match in denies if match is Match.MATCH), None)
    if stop:
        return Step(action, granted, False, f"{stop} denies it")
    if not allows:
        return Step(action, granted, False, "no statement allows it")
    doubt = next((item for item, _ in denies), None)
    if doubt:
        return Step(action, granted, None, f"{doubt} may deny it")
    permit = next((item for item, match in allows if match is Match.MATCH), None)
    if permit:
        return Step(action, granted, True, f"{permit} allows it")
    return Step(action, granted, None, f"{allows[0][0]} may allow it")


def _applying(
    statements: Iterable[Statement], action: str, resource: str, context: Context, *, whole: bool
) -> Iterator[tuple[Statement, Match]]:
    """The statements that apply or may apply to the service's call; ``whole``: to the resource in its entirety."""
    goal = resource_glob(resource)
    for item in statements:
        resources = resources_of(item)
        reached = resources.covers(goal) if whole else resources.touches(goal)
        if not reached or not actions_of(item).covers(action_glob(action)):
            continue
        match = all_of((principal_matches(item, _SENDER), conditions_hold(item, context)))
        if match is not Match.NO_MATCH:
            yield item, match
