"""alert-topic-protected."""

from dataclasses import dataclass

from trailwarden import Finding, ReasonCode, Status, check, failed, param, passed, undecidable
from trailwarden.facts import Topic
from trailwarden.kleene import together
from trailwarden.policydoc import TOPIC, is_public

_TAMPERING = (
    "sns:Publish",
    "sns:Subscribe",
    "sns:SetTopicAttributes",
    "sns:AddPermission",
    "sns:RemovePermission",
    "sns:DeleteTopic",
)
_AWS_KEY = "alias/aws/sns"
"""The key that AWS manages for SNS. Its policy can't be changed, and it does not let CloudWatch use it."""


@dataclass(frozen=True)
class Params:
    require_kms: bool = param(False, "Whether the topic must be encrypted with a key that CloudWatch can use.")
    min_confirmed: int = param(1, "How many confirmed subscriptions there must be.", minimum=0)


@check(Topic, reads=(Topic.attributes, Topic.subscriptions))
def alert_topic_protected(topic: Topic, params: Params) -> Finding:
    """The alert topic is protected.

    Why: who can rewrite the topic's policy, delete it or drown it in messages silences every alarm at once; and a topic that nobody confirmed
    tells nobody.

    Fix: `aws sns set-topic-attributes --topic-arn ARN --attribute-name Policy --attribute-value file://policy.json` with named principals, or a
    condition on `AWS:SourceOwner` or `aws:SourceArn`; `aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint ADDRESS`,
    then follow the link in the message. In Terraform `aws_sns_topic_policy` and `aws_sns_topic_subscription`.

    Error: attributes or subscriptions could not be read; a caller with few rights gets attributes without the policy, which proves nothing.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
    """
    findings = together(
        lambda: _judge_policy(topic), lambda: _judge_key(topic, params), lambda: _judge_subscriptions(topic, params)
    )
    observed = {name: value for item in findings for name, value in item.observed.items()}
    expected = {name: value for item in findings for name, value in item.expected.items()}
    faults = list(dict.fromkeys(item.message for item in findings if item.status is Status.FAIL))
    if faults:
        return failed(f"topic {topic.name} {', '.join(faults)}", observed, expected)
    return passed(f"topic {topic.name} is protected and has subscribers", observed, expected)


def _judge_policy(topic: Topic) -> Finding:
    attributes = topic.attributes
    if attributes is None:
        return failed("does not exist", {"exists": False}, {"exists": True})
    verdict = is_public(attributes.policy, TOPIC, actions=_TAMPERING)
    reasons = [str(reason) for reason in verdict.reasons]
    if verdict.public is None:
        undecidable(topic, ReasonCode.UNPARSEABLE, "; ".join(reasons), operation="sns.GetTopicAttributes")
    observed = {"public": verdict.public, "public statements": reasons}
    if verdict.public:
        return failed(f"is open to everybody: {'; '.join(reasons)}", observed, {"public": False})
    return passed("", observed, {"public": False})


def _judge_key(topic: Topic, params: Params) -> Finding:
    if not params.require_kms:
        return passed("")
    attributes = topic.attributes
    key = attributes.key_id if attributes is not None else ""
    observed, expected = {"KmsMasterKeyId": key or None}, {"KmsMasterKeyId": f"a key other than {_AWS_KEY}"}
    if not key:
        return failed("is not encrypted with a key", observed, expected)
    if key == _AWS_KEY or key.endswith(f":{_AWS_KEY}"):
        return failed(f"is encrypted with {_AWS_KEY}, which CloudWatch can't use", observed, expected)
    return passed("", observed, expected)


def _judge_subscriptions(topic: Topic, params: Params) -> Finding:
    subscriptions = topic.subscriptions
    if subscriptions is None:
        return failed("does not exist", {"exists": False}, {"exists": True})
    confirmed = sum(item.confirmed for item in subscriptions)
    observed, expected = (
        {"confirmed subscriptions": confirmed},
        {"confirmed subscriptions": f">= {params.min_confirmed}"},
    )
    if confirmed < params.min_confirmed:
        return failed(f"has {confirmed} confirmed subscriptions, fewer than {params.min_confirmed}", observed, expected)
    return passed("", observed, expected)
