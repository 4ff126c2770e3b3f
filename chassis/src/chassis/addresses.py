"""Network addresses, as whatever is counted by them takes them."""

import ipaddress


def household_of(address: str) -> str:
    """Of IPv6 the network, for whoever has one address of it has all of its /64; any other address is itself.

    address: in the one form that each has, as gateway.address_of() gives it.
    """
    return address if "." in address else str(ipaddress.ip_network(f"{address}/64", strict=False))
