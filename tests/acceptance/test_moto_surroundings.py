"""What stands around a trail, read over HTTP from moto: the SDK's real answers, in a sound and in a bare account."""

import json
import urllib.request

import pytest
from tests.acceptance.accounts import BUCKET, REGION, judged, seed, session, trailwarden

ACCOUNT = "123456789012"
KEY, SECRET = "testing", "testing"
ROLE = "to-logs"
# What moto answers well enough; it knows no deliveries of Config, no analyzers, no mute rules, no event history and no event data stores.
SOUND = {
    "config-recorder-enabled": {},
    "guardduty-enabled": {},
    "securityhub-enabled": {},
    "vpc-flow-logs-enabled": {},
    "iam-cloudtrail-disruptors": {"allowed_principals": ["*:role/admin"]},
    "iam-log-bucket-disruptors": {"allowed_principals": ["*:role/admin"]},
    "iam-cloudwatch-role-least-privilege": {},
    "alert-tampering-eventbridge": {"require": True},
    "alert-topic-protected": {},
}


@pytest.fixture
def moto(moto_url):
    request = urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=20).close()
    return moto_url


@pytest.fixture
def policies(tmp_path):
    rows = [{"id": name, "check": name, "severity": "high", "with": params} for name, params in SOUND.items()]
    path = tmp_path / "policies.yaml"
    path.write_text("".join(f"- {json.dumps(row)}\n" for row in rows))
    return str(path)


def run(url, policies):
    return trailwarden(url, KEY, SECRET, "check", "--policy", policies, "--region", REGION, "-o", "json")


def furnish(client) -> None:
    """Put everything around the trail of ``seed``."""
    config, iam, ec2, sns, events, alarms, logs = (
        client(name) for name in ("config", "iam", "ec2", "sns", "events", "cloudwatch", "logs")
    )
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": BUCKET})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    client("guardduty").create_detector(Enable=True)
    client("securityhub").enable_security_hub()
    client("s3").create_bucket(Bucket="flow")
    vpcs = [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]
    ec2.create_flow_logs(
        ResourceIds=vpcs,
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow",
    )
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    streams = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:cloudtrail:log-stream:{ACCOUNT}_CloudTrail_{REGION}*"
    writing = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": streams}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document(service))
    iam.put_role_policy(RoleName=ROLE, PolicyName="write", PolicyDocument=document(writing))
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=document(service))
    iam.put_role_policy(
        RoleName="admin",
        PolicyName="all",
        PolicyDocument=document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
    )
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts")
    events.put_rule(Name="watch", EventPattern='{"detail-type":["AWS API Call via CloudTrail"]}')
    events.put_targets(Rule="watch", Targets=[{"Id": "1", "Arn": topic}])
    logs.put_metric_filter(
        logGroupName="cloudtrail",
        filterName="stops",
        filterPattern="{ $.eventName = StopLogging }",
        metricTransformations=[{"metricName": "stops", "metricNamespace": "Trail", "metricValue": "1"}],
    )
    alarms.put_metric_alarm(
        AlarmName="stops",
        Namespace="Trail",
        MetricName="stops",
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        AlarmActions=[topic],
    )


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_furnished_account_passes(moto, policies):
    client = session(moto, KEY, SECRET)
    seed(client, ACCOUNT, good=True)
    furnish(client)
    found = run(moto, policies)
    assert judged(found) == dict.fromkeys(SOUND, "PASS"), found.stderr + found.stdout[:3000]


def test_a_bare_account_does_not(moto, policies):
    client = session(moto, KEY, SECRET)
    seed(client, ACCOUNT, good=True)
    client("iam").create_user(UserName="alice")
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    client("iam").put_user_policy(UserName="alice", PolicyName="all", PolicyDocument=everything)
    verdicts = judged(run(moto, policies))
    assert verdicts.pop("alert-topic-protected") == "NOT_APPLICABLE"
    # The role's trust policy has no statement: moto takes that, AWS does not.
    assert verdicts.pop("iam-cloudwatch-role-least-privilege") == "ERROR"
    assert set(verdicts.values()) == {"FAIL"}
