from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "ghiseu.mail"
    label = "mail"
