"""Files of a run and fields of their JSON. Nothing in them is trusted: types are checked where they are read, every
text is cleaned, and what is no file, too large, torn or no JSON is refused in a line."""
import hashlib
import io
import json
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from base.text import clean

SCHEMA = 1
SIZE_MAX_BYTES, LINE_MAX_BYTES = 1 << 28, 1 << 24
CHUNK_BYTES = 1 << 20
DEPTH_MAX = 30  # of JSON: what walks over it must not run out of stack
NUMBER_MAX, NUMBER_MIN = 1e18, 1e-9  # a value is 0 or its size lies between

MESSAGE_MAX = 600

T = TypeVar("T")


class RunError(Exception):
    """A run that cannot be read, as one line for its reader. A name in it may be of any length."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= MESSAGE_MAX else f"{message[:MESSAGE_MAX - 3]}...")


# Files of a run.

class _Unpacked(io.RawIOBase):
    """What is in a file of gzip: one member and nothing behind it. Several of them, or zeros, could go on for as long
    as the file does without a byte coming out."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.left, self.unpacker = file, b"", zlib.decompressobj(16 + zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.unpacker.eof:
            self.left = self.left or self.file.read(CHUNK_BYTES)
            data = self.unpacker.decompress(self.left, len(buffer))
            if not data and not self.left and not self.unpacker.eof:
                raise EOFError("it ends early")
            self.left = self.unpacker.unconsumed_tail
            if data:
                buffer[:len(data)] = data
                return len(data)
        if self.unpacker.unused_data or self.file.read(1):
            raise EOFError("it goes on behind its end: pack it with gzip alone")
        return 0

    def close(self) -> None:
        self.file.close()
        super().close()


def _open(path: Path, most: int) -> BinaryIO | None:
    """The file, or the file with .gz behind its name; None if neither is there. Nothing but files is opened: what else
    bears a file's name may never end. Nor is what is larger as it lies there, packed or with holes."""
    packed = path.with_name(path.name + ".gz")
    for of in (path, packed):
        if os.path.lexists(of):
            if not of.is_file():
                raise RunError(f"'{of}' is no file")
            file = of.open("rb")
            if os.fstat(file.fileno()).st_size > most:
                file.close()
                raise _too_large(of, most)
            return cast(BinaryIO, io.BufferedReader(_Unpacked(file), CHUNK_BYTES) if of == packed else file)
    return None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise RunError(f"cannot read '{path}': {getattr(error, 'strerror', None) or error}") from None


def _too_large(path: Path, most: int) -> RunError:
    return RunError(f"'{path}' is larger than {most >> 20} MiB: no run of poolbench is")


def is_there(path: Path) -> bool:
    """Packed or not, and whatever it is."""
    return any(os.path.lexists(of) for of in (path, path.with_name(path.name + ".gz")))


def read_chunks(path: Path, most: int = SIZE_MAX_BYTES) -> Iterator[bytes]:
    """All of a file that is there, piece by piece."""
    with _reading(path):
        file = _open(path, most)
        if file is None:
            raise RunError(f"'{path}' is not there")
        n_bytes = 0
        with file:
            while chunk := file.read(CHUNK_BYTES):
                n_bytes += len(chunk)
                if n_bytes > most:
                    raise _too_large(path, most)
                yield chunk


def read_bytes(path: Path, most: int = SIZE_MAX_BYTES) -> bytes | None:
    """In pieces: at once it would take as much memory as the largest file may have."""
    return b"".join(read_chunks(path, most)) if is_there(path) else None


def sha256_of(path: Path) -> str | None:
    """Of what is in a file, packed or not; None where there is none."""
    if not is_there(path):
        return None
    found = hashlib.sha256()
    for chunk in read_chunks(path):
        found.update(chunk)
    return found.hexdigest()


def read_lines(path: Path) -> Iterator[bytes]:
    """Whole lines, one at a time: what stands behind the last end of line is torn."""
    with _reading(path):
        file = _open(path, SIZE_MAX_BYTES)
        n_bytes = 0
        with file or nullcontext():
            while file and (line := file.readline(LINE_MAX_BYTES)):
                n_bytes += len(line)
                if n_bytes > SIZE_MAX_BYTES or len(line) == LINE_MAX_BYTES:
                    raise _too_large(path, SIZE_MAX_BYTES)
                if line.endswith(b"\n"):
                    yield line


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value


def _parse_int(text: str) -> int | float:
    return int(text) if len(text) <= 20 else _parse_float(text)  # 20: a seed may have 64 bits


NUMBERS = {int, float}  # most of a run, and nothing to clean


def _clean_all(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return clean(value)
    if depth > DEPTH_MAX:
        raise ValueError("it is nested too deep")
    if isinstance(value, list):
        return [item if type(item) in NUMBERS else _clean_all(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(key): item if type(item) in NUMBERS else _clean_all(item, depth + 1)
                for key, item in value.items()}
    return value


NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
LARGE = (21 * b"0", b"e000")  # of numbers made alike: what _parse_int and _parse_float are for
PLAIN = json.JSONDecoder(parse_constant=_refuse_constant)


def _has_large(data: bytes) -> bool:
    """Or what may be one: a search for a pattern takes ten times as long."""
    alike = data.translate(ALIKE, b"+")
    return any(large in alike for large in LARGE)


def _is_plain(data: bytes) -> bool:
    """No text in it needs to be cleaned, no number to be looked at, and it is not deep. So are nearly all files of
    runs, and it is found out in a fraction of the time that walking over them takes."""
    if not data.isascii() or b"\\" in data or b"\x7f" in data or _has_large(data):
        return False
    texts = set(data.split(b'"')[1::2])
    if any(text != text.strip() for text in texts):
        return False
    brackets = data.translate(None, NO_BRACKET)
    for _ in range(DEPTH_MAX):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return True
    return False


def _parsed(data: bytes) -> Any:
    if _is_plain(data):
        return PLAIN.decode(data.decode())
    return _clean_all(json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_parse_float,
                                 parse_int=_parse_int))


def parse(data: bytes, what: str) -> dict[str, Any]:
    try:
        return check_kind(_parsed(data), dict, what)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{what} is no complete JSON: {clean(str(error))[:120]}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = value
    return found


def parse_strictly(data: bytes, what: str) -> dict[str, Any]:
    """Refuses too what people and parsers would read in different ways: a name that is there twice, of which the last
    one counts, and what parse() would take away."""
    found = parse(data, what)
    try:
        raw = json.loads(data.decode(), object_pairs_hook=_once, parse_float=_parse_float, parse_int=_parse_int)
    except ValueError as error:
        raise RunError(f"{what} is ambiguous: {clean(str(error))[:120]}") from None
    if raw != found:
        raise RunError(f"{what} has letters that cannot be seen, or spaces around a text: give it as it was written")
    return found


def check_schema(of: dict[str, Any], what: str) -> None:
    schema = get(of, "schema", int, what)
    if schema > SCHEMA:
        raise RunError(f"{what} has schema {schema}, these scripts read up to {SCHEMA}: use a newer poolbench")


# Fields of parsed JSON, checked.

KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number",
         bool: "true or false"}


def check_kind(value: Any, kind: type[T], where: str) -> T:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return value  # type: ignore[return-value]
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise RunError(f"{where} is not {KINDS[kind]}")
    return value


def get(of: dict[str, Any], name: str, kind: type[T], where: str) -> T:
    if name not in of:
        raise RunError(f"{where} has no '{name}'")
    return check_kind(of[name], kind, f"'{name}' of {where}")


def items(of: dict[str, Any], name: str, kind: type[T], where: str, most: int) -> list[T]:
    """A list of so many at most: some of what is worked out takes the square of that."""
    values = get(of, name, list, where)
    if len(values) > most:
        raise RunError(f"'{name}' of {where} has {len(values)} entries: no run has more than {most}")
    return [check_kind(value, kind, f"{name}[{i}] of {where}") for i, value in enumerate(values)]


def objects(of: dict[str, Any], name: str, where: str, most: int) -> list[tuple[dict[str, Any], str]]:
    return [(item, f"{name}[{i}] of {where}") for i, item in enumerate(items(of, name, dict, where, most))]


def is_usual(value: object) -> bool:
    """A number that can be measured and is not negative: nearly all are, and need no words for what is wrong."""
    return type(value) in NUMBERS and (value == 0 or NUMBER_MIN <= value <= NUMBER_MAX)  # type: ignore[operator]


def check_size(value: float, where: str) -> None:
    if value and not NUMBER_MIN <= abs(value) <= NUMBER_MAX:
        raise RunError(f"{where} is {value:g}: nothing is measured so")


def numbers(of: dict[str, Any], name: str, where: str) -> dict[str, float]:
    return {key: value if type(value) in NUMBERS else check_kind(value, float, f"'{key}' of {where}")
            for key, value in get(of, name, dict, where).items()}


def scalars(of: dict[str, Any], name: str, where: str) -> dict[str, float | str]:
    values = get(of, name, dict, where)
    for key, value in values.items():
        if not isinstance(value, str) and not is_usual(value):
            check_size(check_kind(value, float, f"'{key}' of {where}"), f"'{key}' of {where}")
    return values
