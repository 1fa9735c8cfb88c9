"""What tests of scripts/cite share."""
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_helpers import TOP, run_script

from base.files import RunError
from base.read import read_run
from cite import citation_check
from cite.citation_blocks import Block, json_block, read_blocks
from cite.citations import Citer, citer_of
from judge.verdicts import judge

CITE = TOP / "scripts" / "cite"
STORED = TOP / "tests" / "runs"
ENDINGS = {"text": ".txt", "markdown": ".md", "json": ".json", "bibtex": ".bib"}


def run_cite(*arguments: object, **options: Any) -> subprocess.CompletedProcess:
    return run_script(CITE, *arguments, timeout=200, COLUMNS="80", **options)


def citer(run: Path) -> Citer:
    return citer_of(judge(read_run(run)))


def stored_run() -> Path:
    return next(path for path in sorted((STORED / "schema-1").glob("*/*")) if path.is_dir())


def copy_stored(folder: Path) -> Path:
    """Unpacked, to be changed."""
    run = folder / stored_run().parent.name / stored_run().name
    shutil.copytree(stored_run(), run)
    for path in run.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    return run


def change_json(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def block_of(text: str, folder: Path) -> Block:
    path = folder / "block"
    path.write_text(text)
    return read_blocks(path)[0]


def json_block_of(document: dict[str, Any]) -> Block:
    return json_block(json.loads(json.dumps(document)))


def fault(block: Callable[[], Block], of: Citer) -> str:
    """What is found to be wrong, "" if it holds."""
    try:
        citation_check.hold(block(), of)
        return ""
    except RunError as error:
        return str(error)


def is_balanced(text: str) -> bool:
    """Braces as BibTeX counts them: an escaped one counts too, so escapes come in pairs or not at all."""
    depth = 0
    for letter in re.sub(r"\\[{}]", "", text):
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return False
    return depth == 0
