"""Everything that can happen to a ticket, one function each, named as agents speak.

Each runs in one transaction, holds the ticket's row while it works, asks for the right it needs, changes nothing where
there is nothing to change, and writes one line of history for what it did. Nothing is sent from here: what must follow
reads the history afterwards.
"""

from ghiseu.tickets.actions.archive import archive_ticket, bring_back_ticket
from ghiseu.tickets.actions.assign import assign_ticket
from ghiseu.tickets.actions.classify import change_tags, set_field, set_service, set_type
from ghiseu.tickets.actions.legal_hold import hold_customer, hold_ticket, release_customer, release_ticket
from ghiseu.tickets.actions.lock import lock_ticket, unlock_ticket
from ghiseu.tickets.actions.messages import (
    NewFile,
    NewMessage,
    answer_automatically,
    note_delivery_failure,
    receive_message,
    write_note,
    write_reply,
)
from ghiseu.tickets.actions.move import move_ticket
from ghiseu.tickets.actions.open import open_ticket, open_ticket_for
from ghiseu.tickets.actions.priority import set_priority
from ghiseu.tickets.actions.state import close_ticket, reopen_ticket, set_pending
from ghiseu.tickets.actions.take_back import take_back
from ghiseu.tickets.actions.third_party import ask_third_party, receive_from_third_party

__all__ = [
    "NewFile",
    "NewMessage",
    "answer_automatically",
    "archive_ticket",
    "ask_third_party",
    "assign_ticket",
    "bring_back_ticket",
    "change_tags",
    "close_ticket",
    "hold_customer",
    "hold_ticket",
    "lock_ticket",
    "move_ticket",
    "note_delivery_failure",
    "open_ticket",
    "open_ticket_for",
    "receive_from_third_party",
    "receive_message",
    "release_customer",
    "release_ticket",
    "reopen_ticket",
    "set_field",
    "set_pending",
    "set_priority",
    "set_service",
    "set_type",
    "take_back",
    "unlock_ticket",
    "write_note",
    "write_reply",
]
