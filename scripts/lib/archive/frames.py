"""What zstd passes over without a word: a frame may carry a number and have blocks of nothing in it, and others may
stand around it that are to be skipped, or hold nothing. scripts/archive writes none of these, and nothing else tells
that an archive holds more than its manifest says. zstd itself checks what is in the blocks."""
from typing import BinaryIO

from base.files import RunError

MAGIC = b"\x28\xb5\x2f\xfd"
SINGLE_SEGMENT, UNKNOWN = 0x20, 0x1b  # bits of the descriptor; unknown: unused, reserved, and the size of a number
RAW, RLE = 0, 1
# zstd ends a block before its 128 KiB where what follows is unlike it, and never after a few bytes.
BLOCK_MIN_BYTES, BLOCKS_MORE = 256, 16


def blocks_max(n_bytes: int) -> int:
    return n_bytes // BLOCK_MIN_BYTES + BLOCKS_MORE


def packed_max(n_bytes: int) -> int:
    """As much as zstd makes of what cannot be compressed."""
    return n_bytes + (n_bytes >> 8) + 1024


def _header(file: BinaryIO, what: str) -> int:
    """Reads it. Returns the size of what stands behind the blocks."""
    descriptor = _exactly(file, len(MAGIC) + 1, what)[-1]
    if descriptor & UNKNOWN:
        raise RunError(f"{what} is not packed as scripts/archive does")
    is_single = bool(descriptor & SINGLE_SEGMENT)
    sizes = (int(is_single), 2, 4, 8)
    _exactly(file, sizes[descriptor >> 6] + (not is_single), what)
    return descriptor & 4


def _exactly(file: BinaryIO, size: int, what: str) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise RunError(f"{what} ends early")
    return data


def check(file: BinaryIO, what: str, most: int) -> int:
    """One frame from the beginning to the end of the file. Returns the number of its blocks, of which there may be so
    many."""
    behind, n_blocks, is_last = _header(file, what), 0, False
    while not is_last:
        block = int.from_bytes(_exactly(file, 3, what), "little")
        is_last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
        n_blocks += 1
        if n_blocks > most or kind in (RAW, RLE) and not size and not is_last:
            raise RunError(f"{what} has blocks of nothing, and is not packed as scripts/archive does")
        file.seek(1 if kind == RLE else size, 1)
    _exactly(file, behind, what)
    if file.read(1):
        raise RunError(f"{what} goes on behind its end")
    return n_blocks
