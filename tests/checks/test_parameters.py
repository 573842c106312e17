"""The parameters of the checks on trails, buckets, keys, log groups and organizations: names, types, defaults, choices and limits as policies see them."""

from typing import Any

import pytest

from trailwarden.params import schema_of
from trailwarden.registry import get_check

FLAG, TEXT = {"type": "boolean"}, {"type": "string"}


def one_of(*choices: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)}


def many(item: dict[str, Any]) -> dict[str, Any]:
    """A list, or one value in its place."""
    return {"anyOf": [{"type": "array", "items": item}, item]}


def at_least(number: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": number}


def given(schema: dict[str, Any], default: Any) -> dict[str, Any]:
    return {**schema, "default": default}


DELIVERY = {
    "max_age_hours": given(at_least(1), 24),
    "warmup_hours": given(at_least(0), 2),
    "regions": given(one_of("home", "all"), "home"),
}
S3_OBJECTS = {
    "allowed_excluded_arns": given(many(TEXT), []),
    "scope_buckets": given(many(TEXT), []),
    "na_without_buckets": given(FLAG, False),
}
BASELINE = ["logging", "multi_region", "global_events", "management_all", "no_exclusions", "validation", "kms"]
RATES = ["ApiCallRateInsight", "ApiErrorRateInsight"]
ALGORITHMS = ["AES256", "aws:kms", "aws:kms:dsse"]
WAYS = ["server_access_logging", "data_events"]
PARAMETERS: dict[str, dict[str, Any]] = {
    "trail-exists-and-logging": {"count_org_trails": given(FLAG, True)},
    "trail-multi-region": {"count_org_trails": given(FLAG, True)},
    "trail-region-coverage": {
        "ignored_regions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"region": given(TEXT, ""), "reason": given(TEXT, "")},
            },
            "default": [],
        },
        "opt_in_grace_hours": given(at_least(0), 24),
    },
    "trail-global-service-events": {"global_region": given(TEXT, "us-east-1")},
    "trail-management-events": {
        "coverage": given(one_of("single_trail", "union"), "single_trail"),
        "require": given(many(one_of("read", "write")), ["read", "write"]),
    },
    "trail-management-no-exclusions": {"allowed_exclusions": given(many(TEXT), [])},
    "trail-log-file-validation": {"mode": given(one_of("all", "any_primary"), "all")},
    "trail-kms-encrypted": {"allowed_key_arns": given(many(TEXT), [])},
    "trail-cloudwatch-logs": {
        "scope": given(one_of("any_primary", "all"), "any_primary"),
        "alternative_accepted": given(many(one_of("eventbridge", "siem")), []),
    },
    "trail-cloudwatch-delivery-recent": {name: DELIVERY[name] for name in ("max_age_hours", "warmup_hours")},
    "trail-s3-delivery-healthy": DELIVERY,
    "trail-digest-delivery-healthy": {
        **DELIVERY,
        "max_age_hours": given(at_least(1), 3),
        "warmup_hours": given(at_least(0), 3),
    },
    "trail-baseline-single-trail": {"require": given(many(one_of(*BASELINE)), BASELINE)},
    "trail-covers-account": {},
    "trail-sns-notification": {"require": given(FLAG, False)},
    "trail-insights-enabled": {"required_types": given(many(one_of(*RATES)), RATES)},
    "trail-data-events-s3-write": S3_OBJECTS,
    "trail-data-events-s3-read": S3_OBJECTS,
    "trail-data-events-lambda": {"require": given(FLAG, False), "na_without_functions": given(FLAG, True)},
    "trail-data-events-required-types": {
        "resource_types": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": given(TEXT, ""),
                    "access": given(one_of("read", "write", "all"), "all"),
                    "scope": given(one_of("multi_region", "home"), "multi_region"),
                },
            },
            "default": [],
        }
    },
    "trail-log-bucket-access-recorded": {"accept": given(many(one_of(*WAYS)), WAYS)},
    "trail-network-activity-events": {"event_sources": given(many(TEXT), []), "denied_only": given(FLAG, True)},
    "trail-tagged": {"required_tag_keys": given(many(TEXT), [])},
    "kms-key-usable": {"min_validity_days": given(at_least(0), 30)},
    "kms-key-customer-managed": {"allowed_key_accounts": given(many(TEXT), [])},
    "kms-key-rotation": {"max_period_days": given(at_least(90), 365)},
    "kms-key-policy-scoped": {"require_source_arn": given(FLAG, False)},
    "kms-decrypt-restricted": {
        "allowed_reader_arns": given(many(TEXT), []),
        "allowed_admin_arns": given(many(TEXT), []),
        "allow_root_delegation": given(FLAG, True),
        "separation": given(FLAG, False),
    },
    "kms-key-not-public": {},
    "loggroup-usable": {},
    "loggroup-retention": {
        "min_retention_days": given(at_least(1), 365),
        "archive_elsewhere": given(FLAG, False),
    },
    "loggroup-kms-encrypted": {"deep": given(FLAG, False)},
    "loggroup-not-public": {"allowed_accounts": given(many(TEXT), ["self"])},
    "loggroup-deletion-protection": {"require": given(FLAG, False)},
    "bucket-access-log-target-sound": {"min_retention_days": given(at_least(1), 365)},
    "bucket-encryption": {
        "allowed_algorithms": given(many(one_of(*ALGORITHMS)), ALGORITHMS),
        "require_cmk": given(FLAG, False),
    },
    "bucket-hot-retention": {"min_hot_days": given(at_least(1), 90)},
    "bucket-lifecycle-retention": {
        "min_retention_days": given(at_least(1), 365),
        "max_retention_days": given(at_least(0), 0),
    },
    "bucket-mfa-delete": {"accept_object_lock": given(FLAG, True), "na_with_lifecycle": given(FLAG, False)},
    "bucket-not-public": {"latent": given(one_of("fail", "warn", "ignore"), "fail")},
    "bucket-object-lock": {
        **dict.fromkeys(("min_retention_days", "min_days"), given(at_least(1), 365)),
        **dict.fromkeys(("allowed_modes", "mode"), given(many(one_of("COMPLIANCE", "GOVERNANCE")), ["COMPLIANCE"])),
    },
    "bucket-object-lock-applied": {
        "sample_size": given(at_least(1), 10),
        "min_retention_days": given(at_least(1), 365),
    },
    "bucket-object-ownership-enforced": {
        "allowed_values": given(
            many(one_of("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")), ["BucketOwnerEnforced"]
        )
    },
    "bucket-oldest-log-present": {"required_days": given(at_least(1), 365)},
    "bucket-owner-expected": {"expected_owner_ids": given(many(TEXT), ["self"])},
    "bucket-policy-confused-deputy": {
        "allowed_account_ids": given(many(TEXT), []),
        "allowed_org_ids": given(many(TEXT), []),
        "accept_source_account": given(FLAG, True),
    },
    "bucket-policy-delivery-correct": {"prove": given(one_of("policy", "delivery"), "policy")},
    "bucket-policy-no-foreign-write": {
        "allowed_writer_arns": given(many(TEXT), []),
        "allowed_services": given(many(TEXT), ["cloudtrail.amazonaws.com"]),
    },
    "bucket-policy-read-restricted": {"allowed_reader_arns": given(many(TEXT), [])},
    "bucket-policy-tls-only": {"min_tls": given(TEXT, "")},
    "bucket-public-access-block": {"level": given(one_of("bucket", "effective"), "bucket")},
    "bucket-replication": {"require": given(one_of("none", "cross_region", "cross_account", "both"), "none")},
    "bucket-server-access-logging": {"accept_data_events": given(FLAG, False)},
    "org-all-accounts-delivering": {
        "max_age_hours": given(at_least(1), 3),
        "join_grace_hours": given(at_least(0), 24),
        "regions": given(one_of("home", "all"), "home"),
    },
    "org-delegated-admin-expected": {
        "expected_account_ids": given(many(TEXT), []),
        "require_one": given(FLAG, False),
    },
    "org-log-archive-separation": {
        "log_archive_account_ids": given(many(TEXT), []),
        "allow_same_account": given(FLAG, False),
    },
    "org-s3-block-public-access-policy": {"require": given(FLAG, False)},
    "alert-root-usage": {
        "alternative_accepted": given(many(one_of("eventbridge", "siem")), []),
        "max_period_seconds": given(at_least(1), 3600),
        "extra_events": given(many(TEXT), []),
        "match": given(one_of("semantic", "cis_literal"), "semantic"),
    },
    "alert-topic-protected": {"require_kms": given(FLAG, False), "min_confirmed": given(at_least(0), 1)},
    "lake-store-active": {"store_required": given(FLAG, False)},
    "lake-store-retention": {"min_retention_days": given(at_least(7), 365)},
    "config-delivery-healthy": {"max_age_hours": given(at_least(1), 48)},
}


def without_texts(schema: Any) -> Any:
    """A schema without its descriptions, which are prose."""
    if isinstance(schema, dict):
        return {
            key: without_texts(value)
            for key, value in schema.items()
            if not isinstance(value, str) or key != "description"
        }
    return [without_texts(item) for item in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("check", PARAMETERS)
def test_parameters(check: str) -> None:
    schema = schema_of(get_check(check).params_type)
    assert without_texts(schema["properties"]) == PARAMETERS[check]
    assert all(item["description"] for item in schema["properties"].values())
