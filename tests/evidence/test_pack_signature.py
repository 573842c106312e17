"""Signed packs: by a key in a file or in KMS, timestamped or not, verified by us, by openssl with jq, and by a library of others."""

import base64
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from tests.conftest import SECRET_KEY, Answer, Seen, Wire
from tests.evidence.evidence_kit import NODE_MODULES, checked, inputs, judged, missing, names, pack, put, there, world

from trailwarden.aws.signing import kms_client
from trailwarden.errors import OutputError, UsageError
from trailwarden.evidence.build import SIGNER
from trailwarden.evidence.inputs import Inputs
from trailwarden.evidence.keys import KMS, PASSWORD, signer
from trailwarden.evidence.manifest import BUNDLE, STAMP, STATEMENT
from trailwarden.evidence.pack import PackOptions, make_pack
from trailwarden.evidence.signature import signed_by

SHELL_TOOLS = ("openssl", "jq", "base64", "sha256sum", "sh")


def private_pem(key: Any, password: bytes = b"") -> bytes:
    shield = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shield))


def public_pem(key: Any) -> bytes:
    return bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


KEYS: dict[str, Any] = {
    "ecdsa-p256-sha256": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
PUBLIC = {name: public_pem(key) for name, key in KEYS.items()}
P256 = "ecdsa-p256-sha256"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return inputs(tmp_path_factory.mktemp("inputs"), world())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key in a file."""
    path = tmp_path / "key.pem"
    path.write_bytes(private_pem(KEYS[P256]))
    return path


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signed_pack(made: Inputs, tmp_path: Path, algorithm: str) -> None:
    """Valid under its key and under no other; the key in the pack proves nothing about who signed, and that is said."""
    (tmp_path / "key.pem").write_bytes(private_pem(KEYS[algorithm]))
    pack(tmp_path / "pack", made, PackOptions(key=str(tmp_path / "key.pem")))
    outcome = checked(tmp_path / "pack", PUBLIC[algorithm])
    assert outcome.findings == []
    assert "by the trusted key" in outcome.done["signature"]
    other = public_pem(ec.generate_private_key(ec.SECP256R1()))
    assert names(checked(tmp_path / "pack", other)) == {BUNDLE}
    assert checked(tmp_path / "pack", other, PUBLIC[algorithm]).ok
    alone = checked(tmp_path / "pack")
    assert alone.ok
    assert "signature" not in alone.done
    assert any("to learn who signed" in note for note in alone.notes)


def test_every_byte_of_the_bundle_counts(made: Inputs, key: Path, tmp_path: Path) -> None:
    """With the key, and without it where the pack's own key is enough."""
    folder = tmp_path / "pack"
    pack(folder, made, PackOptions(key=str(key)))
    whole = (folder / BUNDLE).read_bytes()
    envelope = json.loads(whole)["dsseEnvelope"]
    signature = whole.index(envelope["signatures"][0]["sig"].encode())
    places = {*range(0, len(whole), len(whole) // 40), *range(signature, signature + 90, 9), len(whole) - 1}
    for place in sorted(places):
        (folder / BUNDLE).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert BUNDLE in names(checked(folder, PUBLIC[P256])), place
        assert BUNDLE in names(checked(folder)), place
    for damage in (b"", b"{}", b"[]", b"null", b'{"dsseEnvelope": {"signatures": []}}', b"[" * 100_000, b"\xff"):
        (folder / BUNDLE).write_bytes(damage)
        assert names(checked(folder, PUBLIC[P256])) == {BUNDLE}


def test_a_signature_can_not_be_left_out_or_made_anew(made: Inputs, key: Path, tmp_path: Path) -> None:
    """Without the private key, a pack can be made unsigned or signed by somebody else, and both show."""
    files = pack(tmp_path / "pack", made, PackOptions(key=str(key)))
    (tmp_path / "pack" / BUNDLE).unlink()
    assert names(checked(tmp_path / "pack")) == {BUNDLE}
    assert names(checked(tmp_path / "pack", PUBLIC[P256])) == {BUNDLE}
    pack(tmp_path / "unsigned", made)
    assert names(checked(tmp_path / "unsigned", PUBLIC[P256])) == {BUNDLE}
    (tmp_path / "other.pem").write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    forged = {**files, BUNDLE: signed_by(files[STATEMENT], signer(str(tmp_path / "other.pem")))}
    assert names(checked(put(tmp_path / "forged", forged), PUBLIC[P256])) == {BUNDLE}
    assert names(checked(tmp_path / "forged")) == {BUNDLE}


def test_the_rest_does_not_depend_on_the_signature(made: Inputs, key: Path, tmp_path: Path) -> None:
    """ECDSA signs with a random number; everything else is the same, byte for byte."""
    one = make_pack(tmp_path / "pack", made, judged(made), PackOptions(key=str(key)))
    two = make_pack(tmp_path / "pack", made, judged(made), PackOptions(key=str(key)))
    assert {name for name in one if one[name] != two[name]} <= {BUNDLE}


@pytest.mark.skipif(missing(SHELL_TOOLS) != [], reason=f"not installed: {missing(SHELL_TOOLS)}")
@pytest.mark.parametrize("algorithm", [*KEYS, ""])
def test_the_script_in_the_report(made: Inputs, tmp_path: Path, algorithm: str) -> None:
    """What report.md prints verifies with sha256sum, jq, base64 and openssl alone, and refuses what was tampered with."""
    (tmp_path / "pub.pem").write_bytes(PUBLIC.get(algorithm, b""))
    options = PackOptions()
    if algorithm:
        (tmp_path / "key.pem").write_bytes(private_pem(KEYS[algorithm]))
        options = PackOptions(key=str(tmp_path / "key.pem"))
    folder = tmp_path / "pack"
    files = pack(folder, made, options)
    text = files["report.md"].decode()
    script = text.split("digests and signature alone:\n\n```sh\n")[1].split("\n```")[0]

    def run(public: str = "pub.pem") -> int:
        command = ["sh", "-c", script, "verify", str(tmp_path / public)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode

    assert run() == 0
    for name in ("results.json", "predicate.json", "SHA256SUMS", *([STATEMENT, BUNDLE] if algorithm else [])):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data.replace(b"a", b"b", 1) if name != "SHA256SUMS" else data[66:])
        assert run() != 0, name
        (folder / name).write_bytes(data)
    (folder / "extra").write_text("x")
    assert run() != 0
    (folder / "extra").unlink()
    if algorithm:
        (tmp_path / "wrong.pem").write_bytes(PUBLIC["ed25519" if algorithm == P256 else P256])
        assert run("wrong.pem") != 0
    assert run() == 0


def test_keys_that_can_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is written, without a word of the file."""
    secret = private_pem(KEYS[P256], b"open sesame")
    (tmp_path / "locked.pem").write_bytes(secret)
    (tmp_path / "p384.pem").write_bytes(private_pem(ec.generate_private_key(ec.SECP384R1())))
    (tmp_path / "text.pem").write_text("hello")
    expected = {
        "none.pem": "can't be read",
        "text.pem": "not a private key",
        "p384.pem": "not an ECDSA P-256",
        "locked.pem": PASSWORD,
    }
    monkeypatch.delenv(PASSWORD, raising=False)
    for name, text in expected.items():
        with pytest.raises(UsageError) as raised:
            signer(str(tmp_path / name))
        assert text in str(raised.value)
    monkeypatch.setenv(PASSWORD, "open sesame")
    assert signer(str(tmp_path / "locked.pem")).public_key == PUBLIC[P256]


class StubKms:
    """KMS as AWS documents it for MessageType DIGEST; moto hashes the digest once more, so that its signatures are not valid."""

    def __init__(self, spec: str = "ECC_NIST_P256") -> None:
        self.spec = spec
        self.key = ec.generate_private_key(ec.SECP256R1())

    def get_public_key(self, KeyId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "KeyId": f"arn:aws:kms:eu-west-1:111122223333:key/{KeyId}",
            "PublicKey": der,
            "KeySpec": self.spec,
            "KeyUsage": "SIGN_VERIFY",
        }

    def sign(self, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert (MessageType, SigningAlgorithm, len(Message)) == ("DIGEST", "ECDSA_SHA_256", 32)
        return {"Signature": self.key.sign(Message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))}


def test_a_key_in_kms(made: Inputs, tmp_path: Path) -> None:
    """The private key never leaves KMS; the pack names the key's ARN."""
    kms = StubKms()
    regions: list[str] = []
    options = PackOptions(key=f"{KMS}audit", kms=lambda region: regions.append(region) or kms)  # type: ignore[func-returns-value]  # the list's append returns nothing
    files = pack(tmp_path / "pack", made, options)
    assert checked(tmp_path / "pack", public_pem(kms.key)).ok
    assert regions == [""]
    assert b"arn:aws:kms:eu-west-1:111122223333:key/audit" in files["report.md"]


@pytest.mark.usefixtures("aws_environment")
def test_kms_over_the_wire(made: Inputs, tmp_path: Path, wire: Wire) -> None:
    """botocore's own client against an endpoint that signs as KMS does; only the digest of the statement is sent."""
    kms = StubKms()

    def answer(seen: Seen) -> Answer:
        asked = json.loads(seen.body)
        if seen.operation == "GetPublicKey":
            found = kms.get_public_key(asked["KeyId"])
        else:
            found = kms.sign(**{**asked, "Message": base64.b64decode(asked["Message"])})
        encoded = {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in found.items()
        }
        return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(encoded).encode()

    wire.answer = answer
    options = PackOptions(key=f"{KMS}audit", kms=lambda region: kms_client("", region or "eu-west-1", wire.url))
    pack(tmp_path / "pack", made, options)
    assert checked(tmp_path / "pack", public_pem(kms.key)).ok
    assert [seen.operation for seen in wire.seen] == ["GetPublicKey", "Sign"]
    assert len(wire.seen[1].body) < 300
    refusal = b'{"__type": "AccessDeniedException", "message": "no"}'
    wire.answer = lambda seen: (400, {"content-type": "application/x-amz-json-1.1"}, refusal)
    with pytest.raises(UsageError, match="kms:GetPublicKey") as raised:
        pack(tmp_path / "other", made, options)
    assert SECRET_KEY not in str(raised.value)


def test_what_kms_refuses(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RSA_2048"):
        signer(f"{KMS}audit", lambda _: StubKms("RSA_2048"))
    with pytest.raises(UsageError, match="kms:GetPublicKey"):
        signer(f"{KMS}audit", lambda _: object())
    with pytest.raises(UsageError, match="needs AWS"):
        signer(f"{KMS}audit")
    regions: list[str] = []
    signer(f"{KMS}arn:aws:kms:eu-west-3:111122223333:key/1", lambda region: regions.append(region) or StubKms())  # type: ignore[func-returns-value]  # as above
    assert regions == ["eu-west-3"]


TSA = """\
[ca]
basicConstraints=critical,CA:TRUE
[tsa]
extendedKeyUsage=critical,timeStamping
[tsa_config]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
ess_cert_id_alg=sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """A time-stamping authority made of openssl, at an address, with its certificate."""
    if missing(["openssl"]):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "config").write_text(TSA)
    (folder / "serial").write_text("01")

    def openssl(*words: str) -> None:
        subprocess.run(
            ["openssl", *words],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "OPENSSL_CONF": ""},
        )

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=Test TSA root",
        "-days",
        "30",
    )
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA")
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "30", "-extfile", "config", "-extensions", "tsa")  # fmt: skip

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            openssl("ts", "-reply", "-queryfile", "query", "-config", "config", "-section", "tsa_config", "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply")  # fmt: skip
            answer = (folder / "reply").read_bytes() if self.path == "/tsa" else b"no"
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/tsa", (folder / "ca.pem").read_bytes()
        server.shutdown()


def test_a_timestamp(made: Inputs, key: Path, tmp_path: Path, authority: tuple[str, bytes]) -> None:
    """The authority vouches for the signature; verified by our library and by openssl, and bound to this signature."""
    url, certificate = authority
    folder = tmp_path / "pack"
    files = pack(folder, made, PackOptions(key=str(key), authority=url))
    outcome = checked(folder, PUBLIC[P256], authorities=certificate)
    assert outcome.findings == []
    assert "existed at 20" in outcome.done["signature"]
    assert any("--tsa-ca" in note for note in checked(folder, PUBLIC[P256]).notes)
    assert_every_byte_counts(folder, files)
    pack(tmp_path / "other", made, PackOptions(key=str(key)))
    assert names(checked(tmp_path / "other", PUBLIC[P256], authorities=certificate)) == {BUNDLE}
    bundle = json.loads(files[BUNDLE])
    again = json.loads(signed_by(files[STATEMENT], signer(str(key))))
    bundle["dsseEnvelope"]["signatures"] = again["dsseEnvelope"]["signatures"]
    (folder / BUNDLE).write_bytes((json.dumps(bundle, indent=1, sort_keys=True) + "\n").encode())
    problems = [item.message for item in checked(folder, PUBLIC[P256], authorities=certificate).findings]
    assert problems == ["the timestamp is not valid: Mismatch between messages"]
    (folder / BUNDLE).write_bytes(files[BUNDLE])
    if not missing(SHELL_TOOLS):
        (tmp_path / "pub.pem").write_bytes(PUBLIC[P256])
        (tmp_path / "ca.pem").write_bytes(certificate)
        script = files["report.md"].decode().split("signature alone:\n\n```sh\n")[1].split("\n```")[0]
        command = ["sh", "-c", script, "verify", str(tmp_path / "pub.pem"), str(tmp_path / "ca.pem")]
        assert subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=60).returncode == 0


def assert_every_byte_counts(folder: Path, files: Mapping[str, bytes]) -> None:
    """Also where the authority is not known, and in the parts of its answer that it does not sign."""
    assert json.loads(files[BUNDLE])["verificationMaterial"]["timestampVerificationData"]
    for name in (STAMP, BUNDLE):
        data = files[name]
        for place in range(0, len(data), len(data) // 25):
            (folder / name).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert name in names(checked(folder, PUBLIC[P256])), (name, place)
        (folder / name).unlink()
        assert name in names(checked(folder, PUBLIC[P256]))
        (folder / name).write_bytes(data)


def test_signatures_are_not_taken_on_trust(
    made: Inputs, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is installed that could check one, there is no verdict."""
    pack(tmp_path / "pack", made, PackOptions(key=str(key)))
    pack(tmp_path / "unsigned", made)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(UsageError, match="signatures need cryptography"):
        checked(tmp_path / "pack")
    assert checked(tmp_path / "unsigned").ok


def test_an_authority_that_does_not_stamp(
    made: Inputs, key: Path, tmp_path: Path, authority: tuple[str, bytes]
) -> None:
    """No pack is written without the timestamp that was asked for."""
    url, _ = authority
    for address in (url.replace("/tsa", "/other"), "http://127.0.0.1:9/"):
        with pytest.raises(OutputError, match="timestamp"):
            pack(tmp_path / "pack", made, PackOptions(key=str(key), authority=address))
    with pytest.raises(UsageError, match="not the address"):
        pack(tmp_path / "pack", made, PackOptions(key=str(key), authority="ftp://example.org"))
    assert there(tmp_path / "pack") == {}


SIGSTORE = """
const [bundlePath, keyPath] = process.argv.slice(1);
const fs = require("fs"), crypto = require("crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath)));
const key = crypto.createPublicKey(fs.readFileSync(keyPath));
const trust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
  publicKey: (hint) => ({ publicKey: key, validFor: () => true }) };
new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0 }).verify(toSignedEntity(bundle));
console.log("verified");
"""


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_bundle_in_another_library(made: Inputs, tmp_path: Path, algorithm: str) -> None:
    """npm's @sigstore/verify takes the bundle for what it is, and refuses it when it was tampered with."""
    if missing(["node"]) or not (NODE_MODULES / "@sigstore" / "verify").is_dir():
        pytest.skip("needs node, and what `make node-tools` installs: @sigstore/verify with @sigstore/bundle")
    (tmp_path / "key.pem").write_bytes(private_pem(KEYS[algorithm]))
    (tmp_path / "pub.pem").write_bytes(PUBLIC[algorithm])
    files = pack(tmp_path / "pack", made, PackOptions(key=str(tmp_path / "key.pem")))

    def run() -> subprocess.CompletedProcess[str]:
        command = ["node", "-e", SIGSTORE, str(tmp_path / "pack" / BUNDLE), str(tmp_path / "pub.pem")]
        environment = {**os.environ, "NODE_PATH": str(NODE_MODULES)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    done = run()
    assert done.stdout == "verified\n", done.stderr
    bundle = json.loads(files[BUNDLE])
    payload = bundle["dsseEnvelope"]["payload"]
    bundle["dsseEnvelope"]["payload"] = payload[:-8] + ("AAAA" if payload[-8:-4] != "AAAA" else "BBBB") + payload[-4:]
    (tmp_path / "pack" / BUNDLE).write_text(json.dumps(bundle))
    assert run().returncode != 0


def test_the_key_id_is_the_digest_of_the_key(made: Inputs, key: Path, tmp_path: Path) -> None:
    """So that whoever has the key can find it."""
    files = pack(tmp_path / "pack", made, PackOptions(key=str(key)))
    der = (
        KEYS[P256]
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    expected = hashlib.sha256(der).hexdigest()
    bundle = json.loads(files[BUNDLE])
    assert bundle["verificationMaterial"]["publicKey"]["hint"] == expected
    assert bundle["dsseEnvelope"]["signatures"][0]["keyid"] == expected
    assert expected in files["report.md"].decode()
    assert files[SIGNER] == PUBLIC[P256]
