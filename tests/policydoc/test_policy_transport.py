"""bucket-policy-tls-only: a Deny counts only when it stops every request without TLS."""

from typing import Any

import pytest

from trailwarden.policydoc import TransportVerdict, denies_insecure_transport, parse

BUCKET = "arn:aws:s3:::logs"
NO_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def deny(**changes: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": NO_TLS,
    }
    merged = {**statement, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def verdict(*statements: dict[str, Any], min_tls: str = "") -> TransportVerdict:
    return denies_insecure_transport(parse({"Version": "2012-10-17", "Statement": list(statements)}), BUCKET, min_tls)


@pytest.mark.parametrize(
    "statement",
    [
        deny(),
        deny(Principal={"AWS": "*"}),
        deny(Principal={"AWS": ["*"]}),
        deny(Principal={"AWS": ["arn:aws:iam::111122223333:root", "*"]}),
        deny(Action="*"),
        deny(Action="S3:*"),
        deny(Action=["s3:Get*", "s3:*"]),
        deny(Action=None, NotAction="iam:*"),
        deny(Resource="*"),
        deny(Resource="arn:aws:s3:::*"),
        deny(Resource="arn:aws:s3:::logs*"),
        deny(Resource=None, NotResource="arn:aws:s3:::other/*"),
        deny(Condition={"Bool": {"AWS:securetransport": "False"}}),
        deny(Condition={"bool": {"aws:SecureTransport": False}}),
        deny(Condition={"Bool": {"aws:SecureTransport": ["false"]}}),
        deny(Condition={"BoolIfExists": {"aws:SecureTransport": "false"}}),
        deny(Condition={"StringEquals": {"aws:SecureTransport": "false"}}),
        deny(Condition={"StringNotEquals": {"aws:SecureTransport": "true"}}),
        deny(Condition=None),
    ],
)
def test_equivalent_spellings_deny_clear_text(statement: dict[str, Any]) -> None:
    assert verdict(statement).denied is True
    assert verdict(statement).reason == ""


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        (deny(Effect="Allow"), "the policy has no Deny statement"),
        (deny(Action="s3:Get*"), "does not cover every action"),
        (deny(Action=["s3:GetObject", "s3:PutObject"]), "does not cover every action"),
        (deny(Action="s3:?*"), "does not cover every action"),
        (deny(Action=None, NotAction="s3:GetObject"), "does not cover every action"),
        (deny(Resource=f"{BUCKET}/*"), "does not cover the resource"),
        (deny(Resource=BUCKET), "does not cover the resource"),
        (deny(Resource="arn:aws:s3:::Logs*"), "does not cover the resource"),
        (deny(Resource=[BUCKET, f"{BUCKET}/AWSLogs/*"]), "does not cover the resource"),
        (deny(Resource=[BUCKET, f"{BUCKET}/${{aws:username}}*"]), "does not cover the resource"),
        (deny(Resource=None, NotResource=f"{BUCKET}/open/*"), "does not cover the resource"),
        (deny(Principal={"AWS": "arn:aws:iam::111122223333:root"}), "does not cover every principal"),
        (deny(Principal={"Service": "*"}), "does not cover every principal"),
        (deny(Principal=None, NotPrincipal={"AWS": "111122223333"}), "does not cover every principal"),
        (deny(Condition={"Bool": {"aws:SecureTransport": "true"}}), "holds only under"),
        (deny(Condition={"Null": {"aws:SecureTransport": "true"}}), "holds only under"),
        (deny(Condition={**NO_TLS, "StringEquals": {"aws:PrincipalAccount": "1"}}), "holds only under"),
        (deny(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}), "holds only under"),
        (deny(Condition={**NO_TLS, "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "holds only under"),
        (deny(Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}), "holds only under"),
        (deny(Condition={**NO_TLS, "NumericLessThan": {"s3:TlsVersion": "1.2"}}), "holds only under"),
    ],
)
def test_a_narrower_deny_leaves_clear_text_open(statement: dict[str, Any], word: str) -> None:
    result = verdict(statement)
    assert result.denied is False
    assert f" {word}" in result.reason
    assert "without TLS" in result.reason


def test_the_reason_names_statement_and_resource() -> None:
    result = verdict(deny(Resource=BUCKET))
    assert f"requests without TLS to {BUCKET}/* are not denied" in result.reason
    assert result.reason.startswith("requests without TLS to")
    assert "statement 0 (TlsOnly) does not cover the resource" in result.reason
    assert denies_insecure_transport(parse({"Statement": deny(Resource=BUCKET)}), BUCKET) == result


def test_the_reason_leaves_out_denies_about_other_things() -> None:
    other = deny(Sid="Other", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})
    assert "Other" not in verdict(other, deny(Resource=BUCKET)).reason
    assert "Other" in verdict(other).reason
    narrow = deny(Condition={**NO_TLS, "StringEquals": {"aws:PrincipalAccount": "1"}})
    assert verdict(other, narrow, deny(Action="s3:Get*")).reason == (
        f"requests without TLS to {BUCKET} are not denied: "
        "statement 1 (TlsOnly) holds only under Bool aws:securetransport false, StringEquals aws:principalaccount 1; "
        "statement 2 (TlsOnly) does not cover every action"
    )


def test_several_statements_may_share_the_work() -> None:
    assert verdict(deny(Resource=BUCKET), deny(Resource=f"{BUCKET}/*")).denied is True
    assert verdict(deny(Action="s3:Get*"), deny(Action=None, NotAction="s3:Get*")).denied is True
    assert verdict(deny(Action="s3:Get*", Resource=BUCKET), deny(Action="s3:P*")).denied is False


def test_tls_version_is_absent_without_tls() -> None:
    """IfExists also holds without TLS, where the key is absent."""
    assert verdict(deny(Condition={"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}})).denied is True


@pytest.mark.parametrize(
    ("limit", "min_tls", "denied"),
    [
        ("1.2", "1.2", True),
        (1.2, "1.2", True),
        ("1.3", "1.2", True),
        ("1.1", "1.2", False),
        ("1.2", "1.3", False),
        ("1.3", "1.3", True),
    ],
)
def test_min_tls_wants_every_lower_version_denied(limit: str | float, min_tls: str, denied: bool) -> None:
    old = deny(Condition={"NumericLessThan": {"s3:TlsVersion": limit}})
    assert verdict(deny(), old, min_tls=min_tls).denied is denied
    assert verdict(old, min_tls=min_tls).denied is False


def test_min_tls_names_the_open_version() -> None:
    old = deny(Condition={"NumericLessThan": {"s3:TlsVersion": "1.1"}})
    assert "TLS 1.1 requests" in verdict(deny(), old, min_tls="1.2").reason
    assert "TLS 1.0 requests" in verdict(deny(), min_tls="1.2").reason
    assert verdict(deny(), min_tls="1.0").denied is True


def test_min_tls_may_be_demanded_of_tls_requests_only() -> None:
    old = deny(Condition={"Bool": {"aws:SecureTransport": "true"}, "NumericLessThan": {"s3:TlsVersion": "1.2"}})
    assert verdict(deny(), old, min_tls="1.2").denied is True


def test_min_tls_must_be_a_version() -> None:
    for statement in (deny(), deny(Resource=BUCKET)):
        with pytest.raises(ValueError, match="not a version"):
            verdict(statement, min_tls="TLSv1.2")
    assert denies_insecure_transport(parse({"Statement": deny()}), BUCKET).denied is True


def test_an_unknown_operator_is_undecided_only_where_it_matters() -> None:
    odd = deny(Sid="Odd", Condition={"Boolean": {"aws:SecureTransport": "false"}})
    assert verdict(odd).denied is None
    assert "Odd" in verdict(odd).reason
    assert verdict(odd, deny()).denied is True
    assert verdict({**odd, "Action": "s3:Get*"}).denied is False
    assert verdict(deny(Resource=BUCKET), {**odd, "Resource": f"{BUCKET}/*"}).denied is None
    shared = verdict(
        deny(Action="s3:Get*"), deny(Sid="Rest", Action=None, NotAction="s3:Get*", Condition=odd["Condition"])
    )
    assert shared.denied is None
    assert "Rest" in shared.reason
    mixed = deny(Condition={"Boolean": {"x:y": "1"}, "Bool": {"aws:SecureTransport": "false"}})
    assert verdict(mixed).denied is None
    open_bucket = {**odd, "Resource": f"{BUCKET}/*"}
    assert verdict(open_bucket).denied is False
    half = [deny(Resource=f"{BUCKET}/AWSLogs/*"), {**odd, "Resource": BUCKET}]
    assert verdict(*half).denied is False
