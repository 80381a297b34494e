"""The tables of the heart. Nobody outside `tickets/actions/` changes a ticket, an article or the history."""

from ghiseu.tickets.models.article import Article, Attachment, Channel, SenderSign, SenderType
from ghiseu.tickets.models.blob import Blob
from ghiseu.tickets.models.classification import CustomField, Service, Tag, TicketType
from ghiseu.tickets.models.event import Event, Kind
from ghiseu.tickets.models.file_text import FileText, FileToRead, WhyUnread
from ghiseu.tickets.models.imported import ImportedTicket
from ghiseu.tickets.models.keeping import LegalHold, RetentionRule, RetentionRun, Upkeep
from ghiseu.tickets.models.queue import FollowUp, Queue, QueueGrant, QueueText
from ghiseu.tickets.models.search import SearchDue, SearchEntry, SearchWord
from ghiseu.tickets.models.service_level import Calendar, Sla
from ghiseu.tickets.models.ticket import OPEN_TYPES, PENDING_TYPES, Participant, Priority, State, StateType, Ticket
from ghiseu.tickets.models.view import Audience, View

__all__ = [
    "OPEN_TYPES",
    "PENDING_TYPES",
    "Article",
    "Attachment",
    "Audience",
    "Blob",
    "Calendar",
    "Channel",
    "CustomField",
    "Event",
    "FileText",
    "FileToRead",
    "FollowUp",
    "ImportedTicket",
    "Kind",
    "LegalHold",
    "Participant",
    "Priority",
    "Queue",
    "QueueGrant",
    "QueueText",
    "RetentionRule",
    "RetentionRun",
    "SearchDue",
    "SearchEntry",
    "SearchWord",
    "SenderSign",
    "SenderType",
    "Service",
    "Sla",
    "State",
    "StateType",
    "Tag",
    "Ticket",
    "TicketType",
    "Upkeep",
    "View",
    "WhyUnread",
]
