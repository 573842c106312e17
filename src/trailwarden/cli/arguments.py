"""Argument parsing in the house's manner: nothing abbreviated, errors with a suggestion, settings from one table."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from trailwarden.config import SETTINGS, Given, did_you_mean, find_config, read_config, resolve
from trailwarden.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of exiting."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", Formatter)
        super().__init__(allow_abbrev=False, **options)
        self.set_defaults(parser=self)

    def add_commands(self) -> argparse._SubParsersAction[Parser]:
        """Return the place where sub-commands are added."""
        return self.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]  # the overloads promise what this does
        """Parse, and refuse what is left over.

        Raises:
            UsageError: an unknown option or a superfluous word.
        """
        found, left = self.parse_known_args(args, namespace)
        if left:
            raise found.parser.unknown(left[0])
        return found

    def unknown(self, word: str) -> UsageError:
        """Return the error for a word that nobody understood."""
        name = word.partition("=")[0]
        if not name.startswith("-"):
            return UsageError(f"superfluous argument {word!r}", f"see `{self.prog} --help`")
        options = [option for action in self._actions for option in action.option_strings]
        near = get_close_matches(name, options, n=1)
        hint = f"did you mean {near[0]}?" if near else f"see `{self.prog} --help`"
        return UsageError(f"unknown option {name}", hint)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is not among an argument's choices, such as an unknown command, and say which one is near."""
        if action.choices is not None and value not in action.choices:
            what = "command" if action.nargs == argparse.PARSER else str(action.metavar or action.dest)
            raise UsageError(f"unknown {what} {value!r}", did_you_mean(value, action.choices))

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}", f"see `{self.prog} --help`")


class Formatter(argparse.HelpFormatter):
    """Help that keeps the paragraphs of descriptions and does not depend on the terminal it is read in."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


def add_settings(parser: argparse.ArgumentParser, title: str, names: Iterable[str]) -> None:
    """Add the options of some settings under a title."""
    group = parser.add_argument_group(title)
    for name in names:
        setting = SETTINGS[name]
        words = [setting.short] if setting.short else []
        words.append(f"--{name}")
        if setting.kind == "flag":
            group.add_argument(*words, help=setting.help, action=argparse.BooleanOptionalAction, default=None)
            continue
        text = setting.help
        if setting.default and not setting.many:
            text += f" (default: {setting.default})"
        group.add_argument(
            *words,
            help=text,
            metavar=setting.metavar or name.upper(),
            action="append" if setting.many else "store",
            default=None,
        )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        default="",
        help="settings (default: trailwarden.yaml of this folder, if there is one)",
    )


def settings_of(namespace: argparse.Namespace, names: Iterable[str]) -> dict[str, Given]:
    """Return the settings in force for a command.

    Raises:
        UsageError, PolicyError: as ``config.resolve`` and ``config.read_config``.
    """
    path = find_config(getattr(namespace, "config", ""), os.environ)
    file = read_config(path) if path else {}
    return resolve(names, vars(namespace), os.environ, file)
