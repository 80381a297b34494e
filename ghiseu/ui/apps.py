from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "ghiseu.ui"
    label = "ui"
