"""The parameters of the checks on trails, keys and log groups: names, types, defaults, choices and limits as policies see them."""

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
