"""Whether a mail may be answered by a machine (RFC 3834 section 2). Pure: what the mail says, and who we are."""

from __future__ import annotations

from collections.abc import Collection

from ghiseu.mail.inbound.parse import ParsedMail

_LIST_FIELDS = frozenset({"list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "x-mailing-list"})
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
# Mailboxes behind which by their names nobody reads (RFC 2142; RFC 5321 section 4.5.1 for the first).
_ROBOTS = (
    "postmaster",
    "mailer-daemon",
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "root",
    "daemon",
)


def reason_for_silence(parsed: ParsedMail, ours: Collection[str]) -> str:
    """Why no automatic answer may follow, in words; empty where one may. `ours` are the desk's addresses."""
    if parsed.sender is None:
        return "it names no sender"
    address = parsed.sender.address.lower()
    local = address.split("@")[0]
    if address in ours:
        return "it comes from an address of the desk"
    if parsed.bounce is not None:
        return "it is a delivery notice"
    if parsed.auto_submitted:
        return "a machine wrote it"
    if local.startswith(_ROBOTS) or local.endswith(("-request", "-bounces", "-owner")):
        return f"nobody reads {local}@"
    return _list_sign(parsed)


def _list_sign(parsed: ParsedMail) -> str:
    for name, value in parsed.headers:
        if name.lower() in _LIST_FIELDS:
            return f"it came over a list ({name})"
        if name.lower() == "precedence" and value.strip().lower() in _BULK:
            return f"its Precedence is {value.strip().lower()}"
        if name.lower() == "return-path" and value.strip() == "<>":
            return "it has no return path"
    return ""
