"""A recorded ledger, played through the real reader, comes out as it went in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailwarden.aws.reader import LiveReader
from trailwarden.aws.world import world_reader
from trailwarden.calls import Call, Recorder, Reply, ReplyError
from trailwarden.ledger import Header, Ledger

MANAGEMENT, MEMBER = "111122223333", "444455556666"
HEADER = Header(
    clock="2026-01-31T08:00:00Z", caller={"account": MANAGEMENT}, accounts=(MANAGEMENT, MEMBER), synthetic=True
)

ENTRIES = [
    (
        Call.of(MANAGEMENT, "us-east-1", "sts", "GetCallerIdentity"),
        Reply(body={"Account": MANAGEMENT, "Arn": f"arn:aws:iam::{MANAGEMENT}:root", "UserId": "AIDA"}),
    ),
    (
        Call.of(MANAGEMENT, "eu-west-1", "cloudtrail", "DescribeTrails"),
        Reply(body={"trailList": [{"Name": "t"}]}, request_id="r-1", date="2026-01-31T07:59:59Z"),
    ),
    (
        Call.of(MEMBER, "eu-west-1", "cloudtrail", "DescribeTrails"),
        Reply(error=ReplyError("AccessDeniedException", "not authorized", 400), request_id="r-2"),
    ),
    (
        Call.of(MEMBER, "ap-south-1", "cloudtrail", "DescribeTrails"),
        Reply(error=ReplyError("ReadTimeoutError", "Read timed out")),
    ),
    (
        Call.of(MEMBER, "eu-west-1", "logs", "DescribeLogGroups", logGroupNamePrefix="trail"),
        Reply(body={"logGroups": [{"logGroupName": f"trail-{number}"} for number in range(120)]}, pages=3),
    ),
    (
        Call.of(MANAGEMENT, "us-east-1", "s3", "HeadBucket", Bucket="trail-logs", ExpectedBucketOwner=MEMBER),
        Reply(error=ReplyError("403", "Forbidden", 403), bucket_region="eu-west-1"),
    ),
    (
        Call.of(MEMBER, "us-east-1", "s3control", "GetPublicAccessBlock", AccountId=MEMBER),
        Reply(body={"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
    ),
    (
        Call.of(MEMBER, "us-east-1", "kms", "DescribeKey", KeyId="k"),
        Reply(error=ReplyError("NotFoundException", "", 400)),
    ),
]


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("jobs", [1, 8])
def test_a_world_is_heard_as_it_was_recorded(aws_environment: pytest.MonkeyPatch, jobs: int) -> None:
    """Bodies, errors of AWS and of the network, pages, dates, several accounts: the new ledger is the old one, byte for byte."""
    aws_environment.delenv("AWS_ACCESS_KEY_ID")
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    world = Ledger(HEADER, ENTRIES)
    recorder = Recorder(world_reader(world, jobs))
    recorder.ask_all([call for call, _ in ENTRIES])
    assert Ledger(HEADER, recorder.entries()).to_bytes() == world.to_bytes()


@pytest.mark.usefixtures("aws_environment")
def test_what_a_world_lacks_is_an_error_not_an_absence() -> None:
    reply = world_reader(Ledger(HEADER, ENTRIES)).ask(Call.of(MANAGEMENT, "us-west-2", "cloudtrail", "DescribeTrails"))
    assert reply.error is not None
    assert reply.error.code == "NotRecorded"


@pytest.mark.usefixtures("aws_environment")
def test_a_world_hands_out_copies() -> None:
    """One reader's changes to a body must not reach the next."""
    world = Ledger(HEADER, ENTRIES)
    before = world.to_bytes()
    reply = world_reader(world).ask(ENTRIES[1][0])
    assert reply.body is not None
    reply.body["trailList"].clear()
    assert world.to_bytes() == before


QUESTIONS = ["cloudtrail.DescribeTrails", "ec2.DescribeRegions", "s3.ListBuckets", "sts.GetCallerIdentity"]
texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
codes = st.sampled_from(["AccessDenied", "ThrottlingException", "403", "500", "Odd.Code", "EndpointConnectionError"])
replies = st.one_of(
    st.builds(
        Reply,
        body=st.dictionaries(
            texts.filter(lambda key: key != "ResponseMetadata"), values.filter(lambda v: v is not None)
        ),
    ),
    st.builds(Reply, error=st.builds(ReplyError, codes, texts, st.sampled_from([0, 400, 403, 500, 503]))),
)


@pytest.fixture(scope="module")
def changing_world() -> tuple[LiveReader, dict[Call, Reply]]:
    """A reader, and the replies it plays: clients are not built again for every example."""
    world = Ledger(HEADER, ENTRIES)
    reader = world_reader(world, jobs=1)
    return reader, world.replies


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(QUESTIONS), replies), min_size=1, max_size=4, unique_by=lambda pair: pair[0]
    )
)
def test_any_reply_survives_the_live_path(
    changing_world: tuple[LiveReader, dict[Call, Reply]], pairs: list[tuple[str, Reply]]
) -> None:
    """Whatever a ledger holds, the reader hands it on unchanged."""
    reader, world = changing_world
    entries = {Call.of(MEMBER, "eu-west-1", *name.split(".")): reply for name, reply in pairs}
    world.update(entries)
    assert reader.ask_all(list(entries)) == list(entries.values())
