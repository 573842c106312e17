"""The fifteen alert controls: a pattern is good when it notices every required event, however it is written."""

from typing import Any

import pytest

from trailwarden.patterns import (
    ALERT_IDS,
    CIS_VERSIONS,
    EVENT_SOURCES,
    PatternError,
    cis_texts,
    extra_probes,
    judge,
    probes,
)
from trailwarden.patterns.alerts import CALLS

TRAIL_EVENTS = CALLS["alert-cloudtrail-changes"][1]


def names(events: tuple[str, ...]) -> str:
    return " || ".join(f"($.eventName = {name})" for name in events)


def missed(pattern: str, alert: str, **options: Any) -> list[str]:
    return list(dict.fromkeys(probe.event for probe in judge(pattern, alert, **options).missed))


def test_there_are_fifteen_alerts_with_the_events_of_the_benchmark() -> None:
    counts = {alert: len({probe.event for probe in probes(alert)}) for alert in ALERT_IDS}
    assert counts == {
        "alert-unauthorized-api-calls": 3,
        "alert-console-signin-no-mfa": 1,
        "alert-root-usage": 3,
        "alert-console-auth-failures": 1,
        "alert-iam-policy-changes": 16,
        "alert-cloudtrail-changes": 5,
        "alert-cmk-disable-or-delete": 2,
        "alert-s3-policy-changes": 9,
        "alert-config-changes": 4,
        "alert-security-group-changes": 6,
        "alert-nacl-changes": 6,
        "alert-network-gateway-changes": 6,
        "alert-route-table-changes": 7,
        "alert-vpc-changes": 11,
        "alert-organizations-changes": 18,
    }


EXPECTED_CALLS = {
    "alert-iam-policy-changes": """iam DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy
        PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy
        AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy""",
    "alert-cloudtrail-changes": "cloudtrail CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging",
    "alert-cmk-disable-or-delete": "kms DisableKey ScheduleKeyDeletion",
    "alert-s3-policy-changes": """s3 PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication
        DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication""",
    "alert-config-changes": """config StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel
        PutConfigurationRecorder""",
    "alert-security-group-changes": """ec2 AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
        RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup""",
    "alert-nacl-changes": """ec2 CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry
        ReplaceNetworkAclEntry ReplaceNetworkAclAssociation""",
    "alert-network-gateway-changes": """ec2 CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway
        CreateInternetGateway DeleteInternetGateway DetachInternetGateway""",
    "alert-route-table-changes": """ec2 CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation
        DeleteRouteTable DeleteRoute DisassociateRouteTable""",
    "alert-vpc-changes": """ec2 CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection
        CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc
        DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink""",
    "alert-organizations-changes": """organizations AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit
        CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy
        DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount
        RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit""",
}


@pytest.mark.parametrize("alert", sorted(EXPECTED_CALLS))
def test_events_by_name(alert: str) -> None:
    """The lists of the benchmark, written down a second time."""
    service, *events = EXPECTED_CALLS[alert].split()
    assert list(dict.fromkeys(probe.event for probe in probes(alert))) == events
    assert {probe.record["eventSource"] for probe in probes(alert)} == {f"{service}.amazonaws.com"}
    assert all(probe.record["eventName"] == probe.event for probe in probes(alert))


def test_every_known_event_has_its_service() -> None:
    expected = {
        "cloudtrail": """PutEventSelectors PutInsightSelectors RegisterOrganizationDelegatedAdmin
            DeregisterOrganizationDelegatedAdmin CreateEventDataStore UpdateEventDataStore DeleteEventDataStore
            StopEventDataStoreIngestion""",
        "s3": """DeleteBucket DeleteBucketEncryption DeleteBucketPublicAccessBlock PutBucketEncryption PutBucketLogging
            PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketVersioning""",
        "kms": "DisableKeyRotation PutKeyPolicy RevokeGrant CreateGrant",
        "ec2": "ModifySecurityGroupRules",
    }
    listed = {name: f"{service}.amazonaws.com" for service, names in expected.items() for name in names.split()}
    for text in EXPECTED_CALLS.values():
        service, *names = text.split()
        if service != "organizations":
            listed |= dict.fromkeys(names, f"{service}.amazonaws.com")
    assert dict(EVENT_SOURCES) == listed


def test_records_look_like_those_of_cloudtrail() -> None:
    """The fields of the documented record, where patterns and rules may look for them."""
    (user, role) = probes("alert-cmk-disable-or-delete")[:2]
    assert dict(user.record) == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEUSER",
            "arn": "arn:aws:iam::111122223333:user/alice",
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLEKEY",
            "userName": "alice",
        },
        "eventTime": "2026-01-01T00:00:00Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "DisableKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2",
        "requestParameters": {},
        "responseElements": None,
        "requestID": "00000000-0000-4000-8000-000000000001",
        "eventID": "00000000-0000-4000-8000-000000000002",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }
    issuer = {
        "type": "Role",
        "principalId": "AROAEXAMPLEROLE",
        "arn": "arn:aws:iam::111122223333:role/Admin",
        "accountId": "111122223333",
        "userName": "Admin",
    }
    assert role.record["userIdentity"] == {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEROLE:session",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/session",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEKEY",
        "sessionContext": {
            "sessionIssuer": issuer,
            "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }
    sign_in = probes("alert-root-usage")[2].record
    assert sign_in["userIdentity"] == {
        "type": "Root",
        "principalId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEROOT",
    }
    assert (sign_in["eventSource"], sign_in["eventType"]) == ("signin.amazonaws.com", "AwsConsoleSignIn")
    assert sign_in["requestParameters"] is None
    assert sign_in["responseElements"] == {"ConsoleLogin": "Success"}
    assert sign_in["additionalEventData"] == {
        "LoginTo": "https://console.aws.amazon.com/console/home",
        "MobileVersion": "No",
        "MFAUsed": "No",
    }
    refused = probes("alert-unauthorized-api-calls")
    assert [(probe.record["eventSource"], probe.event, probe.record["errorCode"]) for probe in refused[::2]] == [
        ("ec2.amazonaws.com", "RunInstances", "Client.UnauthorizedOperation"),
        ("s3.amazonaws.com", "PutBucketPolicy", "AccessDenied"),
        ("kms.amazonaws.com", "DisableKey", "AccessDeniedException"),
    ]
    message = "You are not authorized to perform this operation."
    assert {probe.record["errorMessage"] for probe in refused} == {message}
    assert [(probe.record["eventSource"], probe.record["eventName"]) for probe in probes("alert-root-usage")] == [
        ("iam.amazonaws.com", "CreateUser"),
        ("cloudtrail.amazonaws.com", "StopLogging"),
        ("signin.amazonaws.com", "ConsoleLogin"),
    ]
    failed = probes("alert-console-auth-failures")
    assert [probe.record["userIdentity"]["type"] for probe in failed] == ["IAMUser", "Root"]
    assert [(probe.event, probe.variant) for probe in (*probes("alert-root-usage"), *failed)] == [
        ("CreateUser", "by root"),
        ("StopLogging", "by root, eu-west-1"),
        ("ConsoleLogin", "by root"),
        ("ConsoleLogin", "failed, IAM user"),
        ("ConsoleLogin", "failed, root"),
    ]
    assert [str(probe) for probe in probes("alert-console-signin-no-mfa")] == ["ConsoleLogin (IAM user without MFA)"]


@pytest.mark.parametrize("alert", sorted(CALLS))
def test_each_call_is_made_by_two_kinds_of_caller(alert: str) -> None:
    for name in CALLS[alert][1]:
        records = [probe.record for probe in probes(alert) if probe.event == name]
        assert [record["userIdentity"]["type"] for record in records] == ["IAMUser", "AssumedRole"]
        single = CALLS[alert][0] in {"iam.amazonaws.com", "organizations.amazonaws.com"}
        assert len({record["awsRegion"] for record in records}) == (1 if single else 2)


@pytest.mark.parametrize("alert", ALERT_IDS)
@pytest.mark.parametrize("version", CIS_VERSIONS)
def test_cis_texts_are_good_by_meaning_and_by_letter(alert: str, version: str) -> None:
    for text in cis_texts(alert, version):
        assert judge(text, alert).good
        assert judge(text, alert).reason == ""
        literal = judge(text, alert, match="cis_literal", cis_version=version)
        assert literal.good
        assert literal.literal is True
    assert bool(cis_texts(alert, version)) is (alert != "alert-organizations-changes" or version != "1.2")


@pytest.mark.parametrize("alert", sorted(CALLS))
def test_a_missing_event_is_named(alert: str) -> None:
    source, events = CALLS[alert]
    for gone in events:
        rest = tuple(name for name in events if name != gone)
        assert missed(f"{{ ($.eventSource = {source}) && ({names(rest)}) }}", alert) == [gone]
        assert (
            f"misses {gone} (by an IAM user), {gone} (by an assumed role" in judge(f"{{ {names(rest)} }}", alert).reason
        )


@pytest.mark.parametrize(
    "pattern",
    [
        f"{{ {names(tuple(reversed(TRAIL_EVENTS)))} }}",
        f"{{{names((*TRAIL_EVENTS, 'PutEventSelectors'))}}}",
        "{ $.eventSource = cloudtrail.amazonaws.com && $.readOnly IS FALSE }",
        '{ $.eventName = "*Trail" || $.eventName = "*Logging" }',
        "{ $.eventName = %Trail$|Logging$% }",
        "{ $.eventName = * }",
        f"{{ ({names(TRAIL_EVENTS)}) && $.errorCode NOT EXISTS }}",
        f"{{ ({names(TRAIL_EVENTS)}) && $.userIdentity.type != AWSService }}",
        f"{{ ({names(TRAIL_EVENTS)}) && $.eventType = AwsApiCall }}",
        "",
    ],
)
def test_other_spellings_and_supersets_pass(pattern: str) -> None:
    assert judge(pattern, "alert-cloudtrail-changes").good


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        # Both names occur in the text, yet no event has two names.
        ("{ " + " && ".join(f"$.eventName = {name}" for name in TRAIL_EVENTS) + " }", list(TRAIL_EVENTS)),
        (f"{{ {names(TRAIL_EVENTS).lower().replace('eventname', 'eventName')} }}", list(TRAIL_EVENTS)),
        (f"{{ {names(TRAIL_EVENTS).replace('eventName', 'EventName')} }}", list(TRAIL_EVENTS)),
        # The rest is let in by the other terms, or by being different from CreateTrail.
        (f"{{ {names(TRAIL_EVENTS).replace(' = ', ' != ', 1)} }}", ["CreateTrail"]),
        (f"{{ ({names(TRAIL_EVENTS)}) && $.userIdentity.type = IAMUser }}", list(TRAIL_EVENTS)),
        (f"{{ ({names(TRAIL_EVENTS)}) && $.awsRegion = us-east-1 }}", list(TRAIL_EVENTS)),
        (f"{{ ({names(TRAIL_EVENTS)}) && $.sourceIPAddress = 10.* }}", list(TRAIL_EVENTS)),
        # A comparison with a field that is missing never matches, != included.
        (f"{{ ({names(TRAIL_EVENTS)}) && $.userIdentity.invokedBy != x }}", list(TRAIL_EVENTS)),
        ("{ $.eventName = St*Logging || $.eventName = *Trail }", ["StartLogging", "StopLogging"]),
        ("StopLogging", ["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging"]),
    ],
)
def test_patterns_that_only_look_right(pattern: str, gone: list[str]) -> None:
    assert missed(pattern, "alert-cloudtrail-changes") == gone


def test_the_variant_that_is_missed_is_named() -> None:
    pattern = f"{{ ({names(TRAIL_EVENTS)}) && $.userIdentity.type = IAMUser }}"
    assert judge(pattern, "alert-cloudtrail-changes").missed[0].variant == "by an assumed role, eu-west-1"


def test_iam_and_organizations_may_be_bound_to_their_region() -> None:
    for alert in ("alert-iam-policy-changes", "alert-organizations-changes"):
        source, events = CALLS[alert]
        assert judge(f"{{ ($.eventSource = {source} && $.awsRegion = us-east-1) && ({names(events)}) }}", alert).good


@pytest.mark.parametrize(
    ("pattern", "variants"),
    [
        ('{ $.errorCode = "*UnauthorizedOperation" || $.errorCode = "AccessDenied*" }', []),
        ("{ $.errorCode = * }", []),
        ('{ $.errorCode = "*UnauthorizedOperation" }', ["AccessDenied", "AccessDeniedException"]),
        (
            '{ $.errorCode = "UnauthorizedOperation" || $.errorCode = "AccessDenied*" }',
            ["Client.UnauthorizedOperation"],
        ),
        ('{ $.errorCode = "*UnauthorizedOperation" || $.errorCode = "AccessDenied" }', ["AccessDeniedException"]),
    ],
)
def test_unauthorized_calls(pattern: str, variants: list[str]) -> None:
    found = judge(pattern, "alert-unauthorized-api-calls").missed
    assert list(dict.fromkeys(probe.variant.split(" ")[0] for probe in found)) == variants


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        ('{ $.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed != "Yes" }', True),
        ('{ $.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed = "No" }', True),
        ('{ $.eventName = "ConsoleLogin" && $.responseElements.ConsoleLogin = "Success" }', True),
        ('{ $.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed NOT EXISTS }', False),
        ('{ $.eventName = "ConsoleLogin" && $.userIdentity.type = "Root" }', False),
        ('{ $.eventName = "ConsoleLogin" && $.additionalEventData.MFAUsed = "Yes" }', False),
        ('{ $.eventName = "ConsoleLogin" && $.responseElements.ConsoleLogin = "Failure" }', False),
        ('{ $.userIdentity.sessionContext.attributes.mfaAuthenticated != "true" }', False),
    ],
)
def test_sign_in_without_mfa(pattern: str, good: bool) -> None:
    assert judge(pattern, "alert-console-signin-no-mfa").good is good


@pytest.mark.parametrize(
    ("pattern", "events"),
    [
        ("{ $.userIdentity.type = Root }", []),
        ("{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS }", []),
        (
            "{ $.userIdentity.type = Root && $.userIdentity.invokedBy != x }",
            ["CreateUser", "StopLogging", "ConsoleLogin"],
        ),
        ("{ $.userIdentity.type = Root && $.eventName = ConsoleLogin }", ["CreateUser", "StopLogging"]),
        ("{ $.userIdentity.type = Root && $.eventType = AwsApiCall }", ["ConsoleLogin"]),
        ("{ $.userIdentity.type = Root && $.awsRegion = us-east-1 }", ["StopLogging"]),
        ("{ $.userIdentity.type = root }", ["CreateUser", "StopLogging", "ConsoleLogin"]),
    ],
)
def test_root_usage(pattern: str, events: list[str]) -> None:
    assert missed(pattern, "alert-root-usage") == events


@pytest.mark.parametrize(
    ("pattern", "variants"),
    [
        ('{ $.eventName = ConsoleLogin && $.errorMessage = "Failed authentication" }', []),
        ("{ $.eventName = ConsoleLogin && $.responseElements.ConsoleLogin = Failure }", []),
        ('{ $.errorMessage = "Failed authentication" && $.userIdentity.type = IAMUser }', ["failed, root"]),
        ('{ $.errorMessage = "failed authentication" }', ["failed, IAM user", "failed, root"]),
        ("{ $.errorMessage NOT EXISTS }", ["failed, IAM user", "failed, root"]),
    ],
)
def test_failed_sign_ins(pattern: str, variants: list[str]) -> None:
    assert [probe.variant for probe in judge(pattern, "alert-console-auth-failures").missed] == variants


def test_extra_events() -> None:
    cis = cis_texts("alert-cloudtrail-changes", "5.0")[0]
    assert missed(cis, "alert-cloudtrail-changes", extra_events=["PutEventSelectors"]) == ["PutEventSelectors"]
    wider = cis.replace(" }", " || ($.eventName = PutEventSelectors) }")
    assert judge(wider, "alert-cloudtrail-changes", ["PutEventSelectors"]).good
    literal = judge(wider, "alert-cloudtrail-changes", match="cis_literal", cis_version="5.0")
    assert literal.good is False
    assert literal.reason == "is not the text of CIS 5.0"
    both = judge(cis, "alert-cloudtrail-changes", ["DeleteBucket"], match="cis_literal", cis_version="5.0")
    assert (both.literal, both.good) == (True, False)
    assert both.reason.startswith("misses DeleteBucket")
    neither = judge(wider, "alert-cloudtrail-changes", ["DeleteBucket"], match="cis_literal", cis_version="5.0")
    assert neither.reason.startswith(
        "is not the text of CIS 5.0; misses DeleteBucket (by an IAM user), DeleteBucket (by"
    )


def test_extra_events_know_their_service() -> None:
    def sources(alert: str, event: str) -> set[str]:
        return {probe.record["eventSource"] for probe in extra_probes(alert, (event,))}

    assert sources("alert-cloudtrail-changes", "PutBucketVersioning") == {"s3.amazonaws.com"}
    assert sources("alert-s3-policy-changes", "PutKeyPolicy") == {"kms.amazonaws.com"}
    assert sources("alert-s3-policy-changes", "SomethingNew") == {"s3.amazonaws.com"}
    assert sources("alert-root-usage", "SomethingNew") == {"cloudtrail.amazonaws.com"}
    assert sources("alert-s3-policy-changes", "ec2.amazonaws.com:DeleteBucket") == {"ec2.amazonaws.com"}
    assert [probe.event for probe in extra_probes("alert-s3-policy-changes", ("ec2.amazonaws.com:A",))] == ["A", "A"]
    assert EVENT_SOURCES["CreatePolicy"] == "iam.amazonaws.com"
    assert EVENT_SOURCES["StopLogging"] == "cloudtrail.amazonaws.com"
    assert EVENT_SOURCES["ModifySecurityGroupRules"] == "ec2.amazonaws.com"


def literal(pattern: str, alert: str, version: str) -> bool | None:
    return judge(pattern, alert, match="cis_literal", cis_version=version).literal


def test_literal_comparison_forgives_spelling_only() -> None:
    text = '{($.eventSource=kms.amazonaws.com)&&(($.eventName=ScheduleKeyDeletion)||($.eventName="DisableKey"))}'
    assert literal(text, "alert-cmk-disable-or-delete", "1.2")
    assert not literal(text.replace("Deletion", ""), "alert-cmk-disable-or-delete", "1.2")
    assert not literal("{ $.eventName = * }", "alert-cmk-disable-or-delete", "1.2")
    assert judge("", "alert-cmk-disable-or-delete", match="cis_literal").reason == "is not the text of any CIS version"


def test_both_readings_of_the_printed_text_count() -> None:
    terms = '$.errorCode = "*UnauthorizedOperation" || $.errorCode = "AccessDenied*"'
    noise = '$.sourceIPAddress != "delivery.logs.amazonaws.com" && $.eventName != "HeadBucket"'
    printed, meant = f"{{ {terms} && {noise} }}", f"{{ ({terms}) && {noise} }}"
    for version in ("1.5", "6.0", "7.0"):
        assert literal(printed, "alert-unauthorized-api-calls", version)
        assert literal(meant, "alert-unauthorized-api-calls", version)
        assert not literal(f"{{ {terms} }}", "alert-unauthorized-api-calls", version)
    assert literal(f"{{ {terms} }}", "alert-unauthorized-api-calls", "1.2")
    assert literal(f"{{ {terms} || {noise.replace('&&', '||')} }}", "alert-unauthorized-api-calls", "1.4")
    assert not literal(printed, "alert-unauthorized-api-calls", "1.4")
    assert literal(printed, "alert-unauthorized-api-calls", "")

    routes = names(CALLS["alert-route-table-changes"][1])
    source = "$.eventSource = ec2.amazonaws.com"
    assert literal(f"{{ {source} && {routes} }}", "alert-route-table-changes", "6.0")
    assert literal(f"{{ {source} && ({routes}) }}", "alert-route-table-changes", "6.0")
    assert not literal(f"{{ {routes} }}", "alert-route-table-changes", "6.0")
    assert literal(f"{{ {routes} }}", "alert-route-table-changes", "1.4")
    assert not literal(f"{{ {source} && ({routes}) }}", "alert-route-table-changes", "1.4")


def test_versions_differ() -> None:
    groups = names((*CALLS["alert-security-group-changes"][1], "ModifySecurityGroupRules"))
    assert literal(f"{{ {groups} }}", "alert-security-group-changes", "6.0")
    assert not literal(f"{{ {groups} }}", "alert-security-group-changes", "5.0")
    sign_in = "{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != Yes && $.userIdentity.type = IAMUser && $.responseElements.ConsoleLogin = Success }"
    assert literal(sign_in, "alert-console-signin-no-mfa", "1.4")
    assert not literal(sign_in, "alert-console-signin-no-mfa", "1.2")


def test_unknown_names_are_errors() -> None:
    with pytest.raises(KeyError):
        judge("{ $.a = b }", "alert-nothing")
    with pytest.raises(KeyError):
        judge("{ $.a = b }", "alert-root-usage", match="cis_literal", cis_version="9.9")
    with pytest.raises(KeyError):
        cis_texts("alert-nothing", "5.0")
    with pytest.raises(PatternError):
        judge("{ $.a = }", "alert-root-usage")
    mode: Any = "literal"
    with pytest.raises(ValueError, match="semantic, cis_literal, not 'literal'"):
        judge("{ $.a = b }", "alert-root-usage", match=mode)


def test_probes_in_words() -> None:
    assert str(probes("alert-cloudtrail-changes")[0]) == "CreateTrail (by an IAM user)"
