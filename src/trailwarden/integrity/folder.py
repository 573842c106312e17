"""A local copy of a bucket, for verification without AWS: files under a folder, keys saved beside them.

`aws s3 sync` loses user metadata, and with it the signature of a digest. A file `<digest>.metadata.json` (what
`aws s3api head-object --query Metadata` prints) brings it back; without one the successor's copy of the signature is used.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trailwarden.integrity.keys import PublicKey
from trailwarden.integrity.store import AbsentError, Blob, Entry, UnavailableError, within
from trailwarden.integrity.verdicts import Verdict

_SIDECAR: Final = ".metadata.json"


class FolderStore:
    """Files of a folder as objects: a bucket is a sub-folder of that name, an empty bucket name is the folder itself."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """See `Store.folders`."""
        folder = self._path(bucket, prefix)
        try:
            with os.scandir(folder) as found:
                return sorted(item.name for item in found if item.is_dir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _refused(error) from error

    def entries(self, bucket: str, prefix: str, after: str = "", before: str = "", limit: int = 0) -> list[Entry]:
        """See `Store.entries`."""
        top = self._path(bucket, "")
        found = sorted(entry for entry in self._walk(top, self._path(bucket, prefix)) if entry.key > after)
        return within(found, before, limit)

    def get(self, bucket: str, key: str, limit: int) -> Blob:
        """See `Store.get`."""
        path = self._path(bucket, key)
        try:
            size = path.stat().st_size
            if size > limit:
                raise UnavailableError(Verdict.UNREADABLE, "object-too-large", f"{size} bytes, the limit is {limit}")
            body = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise AbsentError(key) from error
        except OSError as error:
            raise _refused(error) from error
        return Blob(body, metadata=self._metadata(path) if "/CloudTrail-Digest/" in key else {})

    def close(self) -> None:
        """Nothing is held open."""

    def _metadata(self, path: Path) -> dict[str, str]:
        try:
            text = path.with_name(path.name + _SIDECAR).read_text(encoding="utf-8")
            data = json.loads(text)
            return {str(name).lower(): str(value) for name, value in data.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            raise UnavailableError(
                Verdict.UNREADABLE, "bad-metadata-file", f"{path.name}{_SIDECAR}: {error}"
            ) from error

    def _walk(self, top: Path, folder: Path) -> Iterator[Entry]:
        for place, folders, files in os.walk(folder, onerror=_unless_absent):
            folders.sort()
            for name in sorted(files):
                if name.endswith(_SIDECAR):
                    continue
                path = Path(place, name)
                stat = path.stat() if path.exists() else path.lstat()  # of a link to nothing: reading it will tell
                key = path.relative_to(top).as_posix()
                yield Entry(key, f"{stat.st_mtime_ns} {stat.st_size}", stat.st_size)

    def _path(self, bucket: str, key: str) -> Path:
        path = self._root.joinpath(bucket, key)
        if ".." in path.parts or not path.is_relative_to(self._root):
            raise AbsentError(key)
        return path


def _refused(error: OSError) -> UnavailableError:
    if isinstance(error, PermissionError):
        return UnavailableError(Verdict.UNREADABLE, "access-denied", str(error))
    return UnavailableError(Verdict.INCONCLUSIVE, "server-error", str(error))


def _unless_absent(error: OSError) -> None:
    """A folder that may not be listed is not an empty one."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise _refused(error) from error


def load_keys(paths: list[Path]) -> list[PublicKey]:
    """Public keys saved as JSON: answers of `aws cloudtrail list-public-keys`, or the keys of an earlier report.

    Args:
        paths: files, or folders whose `*.json` files are read.

    Raises:
        ValueError: a file holds no list of public keys, or a key does not fit its fingerprint; the path is named.
        OSError: a file cannot be read.
    """
    keys: list[PublicKey] = []
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise ValueError(f"{path}: no *.json file")
        for file in files:
            try:
                keys += _keys(json.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from error
    return keys


def _keys(data: Any) -> list[PublicKey]:
    """Entries of a list, of an answer of ListPublicKeys in either spelling, or of a report."""
    found = data
    if isinstance(data, dict):
        found = next((data[name] for name in ("PublicKeyList", "publicKeyList", "public_keys") if name in data), None)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError("no PublicKeyList")
    region = str(data.get("Region", "")) if isinstance(data, dict) else ""
    return [PublicKey.from_json(entry, region=region, source="file") for entry in found]
