"""What runs in the process that reads one file: takes limits on itself, reads, answers one JSON object, ends.

`python -m ghiseu.lib.file_text.inside KIND CHARACTERS CPU_SECONDS MEMORY_BYTES < file`; the answer is
`{"text": ..., "is_cut": ...}` or `{"why": ...}`.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Callable

from ghiseu.lib.file_text.kinds import FileKind, Unreadable, Why
from ghiseu.lib.text import storable, tidy

_BLANKS = re.compile(r"[ \t\xa0]+")
_LINE_START = re.compile(r"^ ", re.MULTILINE)
_OPEN_FILES = 32


def main(arguments: list[str]) -> int:
    kind, most, cpu_seconds, memory_bytes = FileKind(arguments[0]), *(int(argument) for argument in arguments[1:4])
    take_limits(cpu_seconds, memory_bytes)
    try:
        text = file_text(sys.stdin.buffer.read(), kind, most)
        answer: dict[str, str | bool] = {"text": text[:most], "is_cut": len(text) > most}
    except Unreadable as error:
        answer = {"why": error.why.value}
    except MemoryError:
        answer = {"why": Why.MEMORY.value}
    except Exception:  # noqa: BLE001  # a damaged file may raise anything; nothing but its text is wanted of it
        answer = {"why": Why.DAMAGED.value}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    return 0


def take_limits(cpu_seconds: int, memory_bytes: int) -> None:
    """Nothing that the file does to this process reaches beyond: no file is written, no other process started."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def file_text(data: bytes, kind: FileKind, most: int) -> str:
    """The text as it can be stored, perhaps longer than `most` characters. Raises Unreadable, and anything else."""
    return tidy(_LINE_START.sub("", _BLANKS.sub(" ", storable(_reader(kind)(data, most)))))


def _reader(kind: FileKind) -> Callable[[bytes, int], str]:
    # Each kind brings its own libraries; a text needs none of them.
    match kind:
        case FileKind.PDF:
            from ghiseu.lib.file_text.pdf import pdf_text

            return pdf_text
        case FileKind.OFFICE:
            from ghiseu.lib.file_text.office import office_text

            return office_text
    from ghiseu.lib.file_text.plain import html_file_text, mail_text, plain_text

    return {FileKind.TEXT: plain_text, FileKind.HTML: html_file_text, FileKind.MAIL: mail_text}[kind]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
