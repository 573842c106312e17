"""Editors: the published schema in the YAML language server that they use, spoken to over stdio. Skipped only where node is absent."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trailwarden.policy.texts import FIRST_POLICY, SCHEMA_FILE, schema_text
from trailwarden.registry import checks

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".venv" / "node" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
MODELINE = FIRST_POLICY.splitlines()[0] + "\n"
FULL = MODELINE + "apiVersion: trailwarden/v1\nkind: Policy\nmetadata: {id: a}\nsubject: trail\nrequire:\n"
Message = dict[str, Any]


class LanguageServer:
    """As much of the protocol as the questions below need."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self._arrived: queue.Queue[Message] = queue.Queue()
        self._sent = 0
        self._opened = 0
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        root = folder.as_uri()
        self.ask(
            "initialize", {"processId": None, "rootUri": root, "capabilities": capabilities, "workspaceFolders": []}
        )
        self._send({"method": "initialized", "params": {}})
        settings = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            self._arrived.put(json.loads(stream.read(length)))

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _wait(self, wanted: Callable[[Message], bool]) -> Message:
        while True:
            message = self._arrived.get(timeout=60)
            if "id" in message and "method" in message:  # the server asks us
                items = (message.get("params") or {}).get("items", [])
                self._send({"id": message["id"], "result": [{} for _ in items] if items else None})
            if wanted(message):
                return message

    def ask(self, method: str, params: Message) -> Any:
        self._sent += 1
        number = self._sent
        self._send({"id": number, "method": method, "params": params})
        return self._wait(lambda message: message.get("id") == number and "method" not in message)["result"]

    def open(self, text: str) -> str:
        self._opened += 1
        uri = (self.folder / f"p{self._opened}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return uri

    def problems(self, text: str) -> list[tuple[int, str]]:
        """Lines (from 1) and texts of what the editor underlines."""
        uri = self.open(text)
        message = self._wait(
            lambda item: item.get("method") == "textDocument/publishDiagnostics" and item["params"]["uri"] == uri
        )
        return [(item["range"]["start"]["line"] + 1, item["message"]) for item in message["params"]["diagnostics"]]

    def completions(self, text: str) -> dict[str, str]:
        """What is offered at the end of a text, with its documentation."""
        result = self.ask("textDocument/completion", self._end(text))
        items = result["items"] if isinstance(result, dict) else result
        return {item["label"]: _words(item.get("documentation", "")) for item in items}

    def hover(self, text: str, word: str) -> str:
        """What is shown over the first occurrence of a word."""
        line = next(number for number, content in enumerate(text.split("\n")) if word in content)
        column = text.split("\n")[line].index(word) + 1
        position = {"line": line, "character": column}
        found = self.ask("textDocument/hover", {"textDocument": {"uri": self.open(text)}, "position": position})
        return _words(found["contents"])

    def _end(self, text: str) -> Message:
        lines = text.split("\n")
        return {
            "textDocument": {"uri": self.open(text)},
            "position": {"line": len(lines) - 1, "character": len(lines[-1])},
        }

    def close(self) -> None:
        self.ask("shutdown", {})
        self._send({"method": "exit"})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def _words(documentation: Any) -> str:
    return str(documentation.get("value", "")) if isinstance(documentation, dict) else str(documentation)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    if not PROGRAM.exists():
        subprocess.run(["make", "-s", "node-tools"], cwd=ROOT, check=True, timeout=300)
    folder = tmp_path_factory.mktemp("editor")
    (folder / SCHEMA_FILE).write_text(schema_text(checks()), encoding="utf-8")
    started = LanguageServer([node, str(PROGRAM), "--stdio"], folder)
    yield started
    started.close()


def test_first_policy_has_no_problems(server: LanguageServer) -> None:
    """What `policy init` writes is right in the editor as well."""
    assert server.problems(FIRST_POLICY) == []


def test_mistakes_are_underlined(server: LanguageServer) -> None:
    """Unknown checks, severities, keys and parameters, each in its line."""
    text = MODELINE + "id: a\ncheck: bucket-object-lock\nseverity: hihg\nwith:\n  min_dayz: 3\nmapings: {}\n"
    assert sorted({line for line, _ in server.problems(text)}) == [4, 6, 7]
    [(line, message)] = server.problems(MODELINE + "id: a\ncheck: trail-log-file-validaton\n")
    assert line == 3
    assert "trail-log-file-validation" in message
    text = FULL + "  - check: bucket-object-lock\n    with: {min_days: many}\n"
    assert {line for line, _ in server.problems(text)} == {8}
    assert server.problems(FULL + "  - check: bucket-object-lock\n    with: {min_days: '${params.days}'}\n") == []


def test_check_ids_are_offered_with_their_titles(server: LanguageServer) -> None:
    """In the short and in the full form."""
    for text in (MODELINE + "id: a\ncheck: ", FULL + "  - check: "):
        offered = server.completions(text)
        assert set(offered) >= set(checks())
        assert checks()["bucket-object-lock"].title in offered["bucket-object-lock"]


def test_parameters_of_the_chosen_check_are_offered(server: LanguageServer) -> None:
    """Those of the check and no others; allowed values as well."""
    expected = {"min_retention_days", "min_days", "allowed_modes", "mode"}
    assert set(server.completions(MODELINE + "id: a\ncheck: bucket-object-lock\nwith:\n  ")) == expected
    assert set(server.completions(FULL + "  - check: bucket-object-lock\n    with:\n      ")) == expected
    offered = server.completions(MODELINE + "id: a\ncheck: bucket-object-lock\nwith:\n  mode: ")
    assert {"COMPLIANCE", "GOVERNANCE"} <= set(offered)
    assert set(server.completions(MODELINE + "id: a\nseverity: ")) == {"critical", "high", "medium", "low", "info"}


def test_hover_explains(server: LanguageServer) -> None:
    """Checks by their title, parameters and keys by their meaning."""
    text = FULL + "  - check: bucket-object-lock\n    with:\n      min_retention_days: 3\nquantifier: any\n"
    assert "days" in server.hover(text, "min_retention_days")
    assert checks()["bucket-object-lock"].title in server.hover(text, "check: bucket")
    assert "How many of the subjects" in server.hover(text, "quantifier")
