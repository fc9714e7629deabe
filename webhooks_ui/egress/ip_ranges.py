"""Which IP addresses are public, stated as data."""

import socket
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Never a public receiver: the IANA special-purpose registries (RFC 6890 and its updates),
# the ranges that carry an IPv4 address inside, and the addresses of cloud platforms' own services.
NOT_PUBLIC: dict[str, str] = {
    "0.0.0.0/8": "this_network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared",  # carrier-grade NAT; also Alibaba Cloud's metadata service
    "127.0.0.0/8": "loopback",
    "161.26.0.0/16": "cloud_services",  # IBM Cloud
    "166.8.0.0/14": "cloud_services",  # IBM Cloud
    "168.63.129.16/32": "metadata",  # Azure
    "169.254.0.0/16": "link_local",  # also the metadata service of most clouds
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "reserved",
    "192.52.193.0/24": "reserved",
    "192.88.99.0/24": "translation",  # 6to4 relays
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "reserved",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",  # with the broadcast address
    "::/128": "this_network",
    "::1/128": "loopback",
    "::/96": "translation",  # IPv4-compatible
    "::ffff:0:0:0/96": "translation",  # IPv4-translated
    "64:ff9b:1::/48": "translation",  # local NAT64, but for the part in _NAT64
    "100::/64": "reserved",  # discard-only
    "100:0:0:1::/64": "reserved",  # dummy prefix
    "2001::/23": "reserved",  # IETF protocols, among them Teredo and ORCHID
    "2001:db8::/32": "documentation",
    "2002::/16": "translation",  # 6to4
    "2620:4f:8000::/48": "reserved",
    "3fff::/20": "documentation",
    "5f00::/16": "reserved",  # segment routing
    "fc00::/7": "private",
    "fe80::/10": "link_local",
    "fec0::/10": "private",  # site-local
    "ff00::/8": "multicast",
}
_NETWORKS = {ip_network(network): kind for network, kind in NOT_PUBLIC.items()}
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/96"))
_ISATAP = 0x5EFE
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291; the rest of IPv6 is unassigned


def unwrapped(ip: str | IPAddress) -> IPAddress:
    """The address that is really reached: the IPv4 one for an IPv4-mapped one (RFC 4291, 2.5.5.2).

    Raises ValueError for text that is not an IP address.
    """
    address = ip_address(ip)
    return getattr(address, "ipv4_mapped", None) or address


def judged_by(address: IPAddress) -> tuple[IPAddress, ...]:
    """The addresses that decide whether this one may be reached: those it may lead to.

    For NAT64 the embedded IPv4 address (RFC 6052, RFC 8215); for ISATAP that one too (RFC 5214:
    an interface identifier 0:5efe or 200:5efe before it).
    """
    if address.version == 4:
        return (address,)
    inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64):
        return (inner,)
    is_isatap = int(address) >> 32 & 0xFDFFFFFF == _ISATAP
    return (address, inner) if is_isatap else (address,)


def is_this_machine(address: IPAddress) -> bool:
    """Whether this machine has the address: the source that it would use to reach it is the same.

    Connecting a datagram socket looks up the route and sends nothing.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0]) == address
    except (OSError, ValueError):
        return False


def why_not_public(address: IPAddress) -> str | None:
    """A value of NOT_PUBLIC; None for a public address. The address has to be unwrapped."""
    for network, kind in _NETWORKS.items():
        if address in network:
            return kind
    is_assigned = address.version == 4 or address in _GLOBAL_UNICAST
    # `is_global` knows what the registries have added since the table was written.
    return None if is_assigned and address.is_global else "reserved"
