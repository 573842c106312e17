"""history-key-untouched."""

from dataclasses import dataclass

from trailwarden import Finding, check, param
from trailwarden.facts import HistoryEvent, KmsKey
from trailwarden.judgements.history import judge_untouched, period_of


@dataclass(frozen=True)
class Params:
    approved_principals: tuple[str, ...] = param(
        (), "Whose changes are notes: patterns of ARNs; of a role's session that of the role."
    )


@check(KmsKey, reads=[KmsKey.history])
def history_key_untouched(key: KmsKey, params: Params) -> Finding:
    """The log key was not disabled or scheduled for deletion in the period.

    Why: while the key is off CloudTrail can't deliver, and a deleted key takes every file with it that it encrypted.

    Fix: find out who made the change and why: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=KEY_ARN
    --region REGION`; put the roles that deploy the key into `approved_principals`. In Terraform `aws_kms_key` belongs under review.

    Error: the event history could not be read to its end, or the key's account is not judged in this run. The history holds KMS's events whether or
    not the trail leaves them out.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
    """
    return judge_untouched(
        key,
        lambda: key.history,
        lambda event: _concerns(key, event),
        f"key {key.name}",
        period=period_of(key.account, "now-90d"),
        approved=params.approved_principals,
        critical=lambda event: event.name in ("DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial"),
    )


def _concerns(key: KmsKey, event: HistoryEvent) -> bool:
    """A request names the key by id, ARN or alias; the record's resources always by ARN."""
    named = str((event.request or {}).get("keyId") or "")
    return named in (key.key_id, key.name) or key.key_id in event.resources
