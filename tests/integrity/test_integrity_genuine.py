"""Material that AWS itself made and published: keys, signatures, and one delivered digest."""

import base64
import gzip
import hashlib

import pytest
from benchmarks.integrity.chains import signing_key

from trailwarden.integrity.digest import examine, parse, same_hash, signed_message
from trailwarden.integrity.keys import Keyring, PublicKey, padded_block, parse_public_key
from trailwarden.integrity.names import parse_digest, parse_log
from trailwarden.integrity.verdicts import Verdict

#: Public keys printed in the CloudTrail user guide (custom validation) and in the AWS CLI's examples: fingerprint, DER.
PUBLISHED = {
    "8eba5db5bea9b640d1c96a77256fe7f2": (
        "MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/upfZd"
        "S/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMt"
        "xmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiD"
        "q3k7adQIziLT0cShgQIDAQAB"
    ),
    "8933b39ddc64d26d8e14ffbf6566fee4": (
        "MIIBCgKCAQEApfYL2FiZhpN74LNWVUzhR+VheYhwhYm8w0n5Gf6i95ylW5kBAWKVEmnAQG7BvS5g9SMqFDQx52fW7NWV44IvfJ2xGXT+wT+DgR6Z"
        "Q+6yxskQNqV5YcXj4Aa5Zz4jJfsYjDuO2MDTZNIzNvBNzaBJ+r2WIWAJ/Xq54kyF63B6WE38vKuDE7nSd1FqQuEoNBFLPInvgggYe2Ym1Refe2z7"
        "1wNcJ2kY+q0h1BSHrSM8RWuJIw7MXwF9iQncg9jYzUlNJomozQzAG5wSRfbplcCYNY40xvGd/aAmO0m+Y+XFMrKwtLCwseHPvj843qVno6x4BJN9"
        "bpWnoPo9sdsbGoiK3QIDAQAB"
    ),
    "31e8b5433410dfb61a9dc45cc65b22ff": (
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqlzPJbvZJ42UdcmLfPUqXYNfOs6I8lCfao/tOs8CmzPOEdtLWugB9xoIUz78qVHdKIqx"
        "baG4jWHfJBiOSSFBM0lt8cdVo4TnRa7oG9io5pysS6DJhBBAeXsicufsiFJR+wrUNh8RSLxL4k6G1+BhLX20tJkZ/erT97tDGBujAelqseGg3vPZ"
        "bTx9SMfOLN65PdLFudLP7Gat0Z9p5jw/rjpclKfo9Bfc3heeBxWGKwBBOKnFAaN9V57pOaosCvPKmHd9bg7jsQkI9Xp22IzGLsTFJZYVA3KiTAEl"
        "DMu80iFXPHEq9hKNbt9e4URFam+1utKVEiLkR2disdCmPTK0VQIDAQAB"
    ),
    "7f3f401420072e50a65a141430817ab3": (
        "MIIBCgKCAQEAlSS3cl92HDycr/MTj0moOhas8habjrraXw+KzlWF0axSI2tcF+3iJ9BKQAVSKxGwxwu3m0wG3J+kUl1xboEcEPHYoIYMbgfSw7KG"
        "nuDKwkLzsQWhUJ0cIbOHASox1vv/5fNXkrHhGbDCHeVXm804c83nvHUEFYThr1PfyP/8HwrCtR3FX5OANtQCP61C1nJtSSkC8JSQUOrIP4CuwJjc"
        "+4WGDk+BGH5m9iuiAKkipEHWmUl8/P7XpfpWQuk4h8g3pXZOrNXr08lbh4d39svj7UqdhvOXoBISp9t/EXYuePGEtBdrKD9Dz+VHwyUPtBQvYr9B"
        "nkF88qBnaPNhS44rzwIDAQAB"
    ),
}

#: Signatures of key 31e8b543… printed as previousDigestSignature in the user guide, with the hash each one signs.
SIGNATURES = {
    "4cdaa85fddf1a1a032e5fca5d16d104d1b03f2b31641eff267d877264a44c570": (
        "50887ccffad4c002b97caa37cc9dc626e3c680207d41d27fa5835458e066e0d3652fc4dfc30937e4d5f4cc7f796e7a258fb50a43ac427f22"
        "37f6e505d4efaf373d156e15e3b68dea9f58111d395b62628d6bd367a9024d2183b5c5f6e19466d3a996b92df705bc997b8a0e13430f241d"
        "733cf95df4e41bb6c304c3f58363043572ea57a27085639ce187e679c0d81c7519b1184fa77fb7ab0b0e40a32dace6e1eefc3995c5ae182d"
        "a49b62b26398cebb52a2201a6387b75b89c83e5570bcb9bba6c34a80f2f00a1c6ebe07d1ff149eccd812dc805bb3eeff6657db32a6cb48d2"
        "d096404eb76181877bc6ebb8cd0b23f823200155b2fd8848d428e46e8456328a"
    ),
    "eb6fb72c4f3302de4b4a4693658e3a7bf1d464330eb80399500fe11bf1b7ab00": (
        "82705525fb0fe7f919f9434e5b7138cb41793c776c7414f3520c0242902daa8cc8286b29263d2627f2f259471c745b1654af76e2073264b2"
        "510fd45236b3aea4d80c0e8e6455223d7bd54ff80af0edf22a5f14fa856626daec919f0591479aa4f213787ba1e1076328dcf8ff624e03a9"
        "77fa5612dcf58594c590fd8c1c5b48bddf43fc84ecc00b41bedd0ff7f293c3e2de8dcdc78f98b03e17577f5822ba842399d69eb79921c042"
        "9773509520e08c8b518702d987dfbb3a4e5d8c5f17673ce1f989dfff82d4becf24e452f20d3bcac94ad50131f93e57f10155536acb54c60e"
        "fbe9d57228c2b930bc6082b2318e3ccd36834a8e835b8d112dbf32145f445c11"
    ),
}

#: A digest as delivered in ap-northeast-1 in 2023, published in a bug report; of its five logs only the first is kept.
DELIVERED = (
    rb'{"awsAccountId":"327878933619","digestStartTime":"2023-10-15T22:04:04Z","digestEndTime":"2023-10-15T23:04:04Z",'
    rb'"digestS3Bucket":"llm-guard-trail","digestS3Object":"AWSLogs\/327878933619\/CloudTrail-Digest\/ap-northeast-1\/2023'
    rb"\/10\/15\/327878933619_CloudTrail-Digest_ap-northeast-1_llm-guard-trail_us-west-2_20231015T230404Z.json.gz"
    rb'","digestPublicKeyFingerprint":"be2f0b997552f44942837300ba1aba9d","digestSignatureAlgorithm":"SHA256withRSA",'
    rb'"newestEventTime":"2023-10-15T22:58:17Z","oldestEventTime":"2023-10-15T22:04:51Z","previousDigestS3Bucket":'
    rb'"llm-guard-trail","previousDigestS3Object":"AWSLogs\/327878933619\/CloudTrail-Digest\/ap-northeast-1\/2023\/10\/15'
    rb'\/327878933619_CloudTrail-Digest_ap-northeast-1_llm-guard-trail_us-west-2_20231015T220404Z.json.gz",'
    rb'"previousDigestHashValue":"8f953371d3e85eddb89b05ed6b9e680791055315c73e1025ab5dba7bb2aee189",'
    rb'"previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"11c11e253f4929eaded49c9d826b257a5ab894ce002988bd'
    rb"07ed2bc6407f1b0ef74f48634c364c6884c6470c9416d73f0742f8758746fc8db4cf23b75c713304779bb6d181ccae4b6a78ae5106f1602ce49a"
    rb"f3f9dea4e9ba92761fcaf3e02a5f3d64558d7f4b2eff85f0cc523a770a3b1092e0e37aa665f3c37b75ecc93c94a4640825e0ebe44b2b4fa48b74"
    rb"77040f08a83db2224b403c46476ca25a1b53b5b5db86be04e623fef2d9a2a8eba482239439d6d49cb5eb759a90184f72506a8788fb085f56830c"
    rb"46f51d6e216152bf9156b33cbbee3aeeb5b00540f333708f870d316291f37dd530491a7785ddafdb83543c327fa504e200efefbadd644fed9b9a"
    rb'","logFiles":[{"s3Bucket":"llm-guard-trail","s3Object":"AWSLogs\/327878933619\/CloudTrail\/ap-northeast-1\/2023\/10'
    rb'\/15\/327878933619_CloudTrail_ap-northeast-1_20231015T2205Z_iRIoDMA9l9Q4kmFy.json.gz","hashValue":'
    rb'"4309c6161e37538de72ec6f679e86b7e45aebed71fa7e76af70c3019fef44e19","hashAlgorithm":"SHA-256","newestEventTime":'
    rb'"2023-10-15T22:04:51Z","oldestEventTime":"2023-10-15T22:04:51Z"}]}'
)


@pytest.mark.parametrize("fingerprint", PUBLISHED)
def test_published_keys_have_their_fingerprint_and_parse(fingerprint: str) -> None:
    """Three are PKCS#1, one is a SubjectPublicKeyInfo; the fingerprint is the MD5 of the bytes in either form."""
    key = PublicKey.from_json(
        {"Value": PUBLISHED[fingerprint], "ValidityStartTime": "1436317441.0", "ValidityEndTime": 1438909441.0}
    )
    assert key.fingerprint == fingerprint
    modulus, exponent = key.numbers
    assert (modulus.bit_length(), exponent) == (2048, 65537)


def test_fingerprint_beside_a_key_must_be_its_own() -> None:
    first, second = list(PUBLISHED)[:2]
    entry = {"Value": PUBLISHED[first], "ValidityStartTime": 0, "ValidityEndTime": 1, "Fingerprint": second}
    with pytest.raises(ValueError, match="has the fingerprint"):
        PublicKey.from_json(entry)


@pytest.mark.parametrize("digest", SIGNATURES)
def test_published_signatures_are_well_formed_under_the_published_key(digest: str) -> None:
    """Raised to the public exponent, a genuine signature is exactly the padded block this verifier compares with."""
    modulus, exponent = parse_public_key(base64.b64decode(PUBLISHED["31e8b5433410dfb61a9dc45cc65b22ff"]))
    block = pow(int(SIGNATURES[digest], 16), exponent, modulus)
    assert block == padded_block(bytes.fromhex(digest), 256)


def test_delivered_digest_parses_and_its_names_agree() -> None:
    """Escaped slashes, the key of a multi-region trail, a slot that precedes its window: all as AWS writes them."""
    digest = parse(DELIVERED)
    assert digest.previous is not None
    name = parse_digest(digest.key)
    assert name is not None
    assert (name.trail, name.home, name.region, name.end) == (
        "llm-guard-trail",
        "us-west-2",
        "ap-northeast-1",
        digest.end,
    )
    assert digest.end - digest.start == 3600
    log = parse_log(digest.logs[0].key)
    assert log is not None
    assert 0 <= log.slot - digest.start < 300
    lines = signed_message(digest, hashlib.sha256(DELIVERED).hexdigest()).decode().split("\n")
    assert lines[0] == "2023-10-15T23:04:04Z"
    assert lines[1] == f"llm-guard-trail/{digest.key}"
    assert lines[3] == digest.previous.signature


def test_delivered_digest_without_its_key_is_key_unknown() -> None:
    digest = parse(DELIVERED)
    name = parse_digest(digest.key)
    assert name is not None
    place = (digest.bucket, digest.key)
    metadata = {"signature": "00" * 256, "signature-algorithm": "SHA256withRSA"}
    head, body = examine(name, place, place, gzip.compress(DELIVERED), metadata, Keyring([]), limit=1 << 20)
    assert (head.verdict, head.reason, body) == (Verdict.KEY_UNKNOWN, "unknown-key", None)


def test_signature_check_refuses_everything_but_the_signature() -> None:
    key = signing_key("default")
    public = PublicKey("eu-west-1", key.der, 0, 1)
    good = key.sign(b"message")
    assert public.verifies(good, b"message")
    assert public.verifies(good.upper(), b"message")
    larger = f"{int(good, 16) + key.modulus:0{len(good)}x}"
    for bad in ("", "zz", good[:-2], "00" + good, good[:-1] + ("0" if good[-1] != "0" else "1"), larger):
        assert not public.verifies(bad, b"message")
    assert not public.verifies(good, b"other message")


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x82\xff\xff\x02",
        b"\x31\x00",
        signing_key("default").der + b"\0",
        signing_key("default").der[:-9],
    ],
)
def test_broken_public_keys_are_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|DER"):
        parse_public_key(der)


def test_hashes_compare_as_numbers_and_nothing_equals_nothing() -> None:
    assert same_hash("0ab", "ab")
    assert same_hash("AB", "ab")
    assert not same_hash("", "")
    assert not same_hash("xy", "xy")
    assert not same_hash("ab", "ac")


@pytest.mark.parametrize(
    "trail", ["simple", "with_under_scores", "a.b-c", "us-east-1_twice", "x_us-west-2_20200101T000000Z"]
)
def test_digest_names_are_read_from_the_right(trail: str) -> None:
    """Trail names may hold underscores and look like regions or times."""
    key = f"p/AWSLogs/o-abcd123456/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/111122223333_CloudTrail-Digest_eu-west-1_{trail}_us-east-1_20260102T030405Z.json.gz"
    name = parse_digest(key)
    assert name is not None
    assert (name.trail, name.home, name.region, name.root) == (
        trail,
        "us-east-1",
        "eu-west-1",
        "p/AWSLogs/o-abcd123456/",
    )
    backfill = parse_digest(key.replace(".json", "_backfill.json"))
    assert backfill is not None
    assert (backfill.backfill, backfill.trail) == (True, trail)


@pytest.mark.parametrize(
    "key",
    [
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/999988887777_CloudTrail_eu-west-1_20260102T0300Z_AAAAAAAAAAAAAAAA.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_us-east-1_20260102T0300Z_AAAAAAAAAAAAAAAA.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20261302T0300Z_AAAAAAAAAAAAAAAA.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/readme.txt",
    ],
)
def test_names_that_contradict_themselves_are_no_log_names(key: str) -> None:
    assert parse_log(key) is None
