from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "ghiseu.people"
    label = "people"
