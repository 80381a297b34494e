"""Who first writes from a company's domain belongs to it."""

from __future__ import annotations

import pytest

from ghiseu.people.customers import customer_for_address
from ghiseu.people.models import Company, Customer

pytestmark = pytest.mark.django_db


def test_a_new_customer_belongs_to_the_company_of_their_domain() -> None:
    company = Company.objects.create(name="Site SRL", domains=["site.example", "mail.site.example"])

    assert customer_for_address("Vera@Mail.Site.Example").company == company
    assert customer_for_address("oleg@site.example.net").company is None
    assert customer_for_address("site.example").company == company, "a name without @ is looked at as it stands"


def test_a_known_customer_is_left_as_they_are() -> None:
    vera = customer_for_address("vera@site.example")
    Company.objects.create(name="Site SRL", domains=["site.example"])

    assert customer_for_address("vera@site.example") == vera
    assert Customer.objects.get().company is None
