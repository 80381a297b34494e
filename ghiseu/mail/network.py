"""What must not be guessed about hosts."""

from __future__ import annotations

import ipaddress
import socket

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_this_machine(host: str) -> bool:
    """Whether every address of the host is a loopback address: only there may passwords travel without TLS."""
    try:
        found = _addresses(host)
    except OSError:
        return False
    return all(address.is_loopback for address in found)


def is_public(host: str) -> bool:
    """Whether every address of the host belongs to the open internet (promise X2).

    Raises OSError for a name that nobody knows.
    """
    return all(_is_public(address) for address in _addresses(host))


def has_public_peer(line: socket.socket) -> bool:
    """The same of who is at the other end now: a name may lead elsewhere a moment after it was asked for."""
    return _is_public(_address(str(line.getpeername()[0])))


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [_address(str(address[0])) for *_, address in found]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """An address that only wraps another one is as public as that."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast
