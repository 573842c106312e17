"""Small packs, made in this process."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trailwarden.evidence.folder import write_folder
from trailwarden.evidence.inputs import Inputs, Request, Surroundings, pack_files
from trailwarden.evidence.manifest import MANIFEST, manifest
from trailwarden.evidence.pack import PackOptions, make_pack
from trailwarden.evidence.repeat import repeat
from trailwarden.evidence.signature import Trust
from trailwarden.evidence.statement import statement_files
from trailwarden.evidence.verify import Outcome, verify
from trailwarden.model import Report
from trailwarden.plan import make_plan
from trailwarden.policy.select import Ref, select
from trailwarden.registry import checks
from trailwarden.report import Gate
from trailwarden.scan import read_facts
from trailwarden.testing import World

NODE_MODULES = Path(__file__).parents[2] / ".venv" / "node" / "node_modules"
"""Where `make node-tools` puts what it installs."""

POLICY = """\
- id: validation
  check: trail-log-file-validation
  severity: high
- id: encrypted
  check: trail-kms-encrypted
  severity: medium
"""
WAIVERS = """\
apiVersion: trailwarden/v1
kind: Waivers
waivers:
  - id: W-1
    policy: validation
    subject: "*"
    reason: replaced next month
    ticket: SEC-1
    owner: security
    approved_by: cto@example.org
    approved_on: {approved}
    expires: {expires}
"""


class Pack(dict[str, bytes]):
    """The files of a pack by path; hundreds of kilobytes that no failing test should print."""

    def __repr__(self) -> str:
        return f"<pack of {len(self)} files>"


def world(name: str = "main", *, validated: bool = False) -> World:
    """One trail, by default without log file validation."""
    found = World()
    found.add_trail(name, LogFileValidationEnabled=validated)
    return found


def inputs(folder: Path, account: World, policy: str = POLICY, waivers: str = "") -> Inputs:
    """Read what a policy needs of a world; the policy stands in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    refs = (Ref(str(path)),)
    selection = select(refs, checks=checks())
    read_facts(make_plan(selection), account.account(), jobs=1)
    files = pack_files("policies", (("policy.yaml", item.data, item.builtin) for item in selection.files))
    if waivers:
        files += pack_files("waivers", [("waivers.yaml", waivers.encode(), False)])
    return Inputs(account.ledger(), Request((Ref("policy.yaml"),)), files, Surroundings())


def judged(given: Inputs) -> Report:
    """The report of some inputs."""
    return repeat(given, gate=Gate(), source="live")


def pack(folder: Path, given: Inputs, options: PackOptions | None = None) -> Pack:
    """Write the pack of some inputs, and return its files."""
    files = Pack(make_pack(folder, given, judged(given), options or PackOptions()))
    write_folder(folder, files)
    return files


def checked(folder: Path, *keys: bytes, authorities: bytes = b"", previous: Path | None = None) -> Outcome:
    """Verify a folder, trusting these keys."""
    return verify(folder, Trust(keys, authorities), previous)


def names(outcome: Outcome) -> set[str]:
    """What the findings name."""
    return {item.name for item in outcome.findings}


def forged(
    files: Mapping[str, bytes], changes: Mapping[str, bytes | None], report: Callable[[], Report]
) -> dict[str, bytes]:
    """What somebody makes of a pack who changes files (None removes one) and writes manifest and statement anew, as the tool would."""
    from trailwarden.evidence.inputs import read_inputs

    found = {name: data for name, data in {**files, **changes}.items() if data is not None}
    found[MANIFEST] = manifest(found)
    found.update(statement_files(read_inputs(found), report(), found))
    return found


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files as they are."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def there(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def missing(tools: Sequence[str]) -> list[str]:
    """Programs that are not installed."""
    from shutil import which

    return [name for name in tools if which(name) is None]
