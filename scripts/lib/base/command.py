"""What a script says on the terminal beside its answer: errors are one line, what is wrong with an argument ends with
1, and progress is drawn on a terminal alone."""
import argparse
import os
import sys
from typing import Any, NoReturn

from base.text import clean

NAME = f"scripts/{os.path.basename(sys.argv[0])}"


def tell(doing: str) -> None:
    """Progress. "" takes it away again."""
    if sys.stderr.isatty():
        print(f"\r\033[K{doing}", end="", file=sys.stderr, flush=True)


def say(message: str) -> None:
    tell("")
    print(f"{NAME}: {clean(message)}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    def __init__(self, description: str, **more: Any) -> None:
        super().__init__(prog=NAME, allow_abbrev=False, description=description, **more)

    def error(self, message: str) -> NoReturn:
        say(f"{message}: see {NAME} --help")
        sys.exit(1)
