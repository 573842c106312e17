"""Descriptions of AWS's services, only as far as they are needed.

Botocore knows a service from a JSON file, finds that file by looking into every service's folder, and gives the client a method for each
operation in it. A run needs some twenty operations. So folders are not searched, clients get no method but the declared reads (they can't
so much as name a write), and EC2, asked for nothing but the list of regions, is described by an excerpt of botocore's own description,
which alone takes more time and memory to parse than all the others together. A test compares the excerpt with botocore's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

EXCERPTS = Path(__file__).with_name("models")
"""Laid out like botocore's own data: service, API version, ``service-2.json``."""

_WHOLE = ("sts",)
"""Botocore itself assumes roles and exchanges web identities while it looks for credentials."""


class ReadsLoader(Loader):
    """Loads service descriptions for a list of reads.

    Args:
        reads: ``service.Operation`` of all that may be asked.
        data_path: folders of the user's own descriptions, as in AWS_DATA_PATH.
    """

    def __init__(self, reads: Mapping[str, str], data_path: str = "") -> None:
        own = [os.path.expanduser(folder) for folder in data_path.split(os.pathsep) if folder]  # noqa: PTH111 - botocore wants text
        super().__init__(extra_search_paths=[*own, str(EXCERPTS)] if _suffice(reads) else own)
        self._reads = reads
        self._known: list[str] = []

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - the base class's signature
        """Return every name that may be a service; whether it has a description of the type shows when that is loaded."""
        if not self._known:
            folders = [folder for folder in self.search_paths if os.path.isdir(folder)]  # noqa: PTH112 - as above
            self._known = sorted({name for folder in folders for name in os.listdir(folder)})  # noqa: PTH208 - as above
        return self._known

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Return a description, of its operations only the declared reads.

        Raises:
            UnknownServiceError: there is none.
        """
        try:
            model: Any = super().load_service_model(service_name, type_name, api_version)
        except UnknownServiceError:
            raise
        except DataNotFoundError as error:
            raise UnknownServiceError(service_name=service_name, known_service_names=type_name) from error
        if type_name != "service-2" or service_name in _WHOLE:
            return model
        wanted = {
            name: model["operations"][name]
            for name in _operations(self._reads, service_name)
            if name in model["operations"]
        }
        return {**model, "operations": wanted} if wanted else model


def _operations(reads: Mapping[str, str], service: str) -> list[str]:
    return [name.removeprefix(f"{service}.") for name in reads if name.startswith(f"{service}.")]


def _suffice(reads: Mapping[str, str]) -> bool:
    """Return whether the excerpts hold every operation that is asked of their services."""
    for path in EXCERPTS.glob("*/*/service-2.json"):
        known = json.loads(path.read_text(encoding="utf-8"))["operations"]
        if not set(_operations(reads, path.parts[-3])) <= set(known):
            return False
    return True
