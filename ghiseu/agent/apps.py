from django.apps import AppConfig


class AgentConfig(AppConfig):
    name = "ghiseu.agent"
    label = "agent"
