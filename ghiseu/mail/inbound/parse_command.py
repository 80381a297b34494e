"""`ghiseu mail-parse`: mails in, one JSON object each out. Needs no database and no Django."""

import base64
import binascii
import json
import sys
from typing import Any

from ghiseu.lib.text import storable
from ghiseu.mail.inbound.parse import parse_mail


def main(ndjson: bool) -> int:
    """Read standard input, write standard output, return the exit status.

    One raw mail, or with `ndjson` lines of `{"id": ..., "raw_base64": ...}`, each answered by one flushed line with
    the same id, also when the line could not be understood (`{"id": ..., "error": ...}`).
    """
    if not ndjson:
        _write(parse_mail(sys.stdin.buffer.read()).as_json())
        return 0
    for line in sys.stdin.buffer:
        if line.strip():
            _write(_answer(line))
    return 0


def _answer(line: bytes) -> dict[str, Any]:
    identifier = None
    try:
        request = json.loads(line)
        identifier = request["id"]
        raw = base64.b64decode(request["raw_base64"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        return {"id": identifier, "error": f'expected {{"id": ..., "raw_base64": ...}}: {error!r}'}
    return {"id": identifier, **parse_mail(raw).as_json()}


def _write(answer: dict[str, Any]) -> None:
    try:
        line = json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        line = json.dumps(_storable(answer), ensure_ascii=False).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value
