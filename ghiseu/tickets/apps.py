from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "ghiseu.tickets"
    label = "tickets"
