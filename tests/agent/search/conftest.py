from tests.unhurried import _unhurried

__all__ = ["_unhurried"]
