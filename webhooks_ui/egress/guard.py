"""The guard against server-side request forgery (SSRF): which addresses a webhook may reach.

A host name is resolved once, every address of the answer is checked, and connections go to the
checked addresses only. An answer that changes afterwards (DNS rebinding) has no effect.
"""

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.egress.allow_list import AllowList, Rule
from webhooks_ui.egress.ip_ranges import (
    IPAddress,
    IPNetwork,
    is_this_machine,
    judged_by,
    unwrapped,
    why_not_public,
)
from webhooks_ui.egress.resolver import BoundedResolver, DnsFailure, Resolver, system_resolve
from webhooks_ui.egress.target_url import Target
from webhooks_ui.text.url_parts import ip_of

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_MAX_REMEMBERED = 4096
NOT_LISTED = "not_listed"


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address, ready to connect to. `text` has neither brackets nor port."""

    text: str
    family: socket.AddressFamily


@dataclass(frozen=True, slots=True)
class Blocked:
    """A host that webhooks may not reach.

    `kind` is a value of `ip_ranges.NOT_PUBLIC`, `own` for an address of this machine, or
    `not_listed` for what EGRESS_ALLOW leaves out. `address` is empty when nothing was looked up.
    """

    host: str
    address: str
    kind: str
    port: int = field(default=0, compare=False)

    @property
    def message(self) -> LazyString:
        if self.kind == NOT_LISTED:
            return _l(
                "%(host)s at port %(port)s is not among what webhooks may reach. If they may, an"
                " administrator of the server adds it to the setting WEBHOOKS_UI_EGRESS_ALLOW.",
                host=self.host,
                port=str(self.port),
            )
        if self.kind == "own":
            return _l(
                "%(host)s is this server itself (%(address)s). If webhooks may reach it, an "
                "administrator of the server adds the address to the setting "
                "WEBHOOKS_UI_ALLOWED_NETWORKS.",
                host=self.host,
                address=self.address,
            )
        if self.host == self.address:
            return _l(
                "%(address)s is not a public address. If webhooks may reach it, an administrator "
                "of the server adds it to the setting WEBHOOKS_UI_ALLOWED_NETWORKS.",
                address=self.address,
            )
        return _l(
            "%(host)s leads to %(address)s, which is not a public address. If webhooks may reach "
            "it, an administrator of the server adds it to the setting "
            "WEBHOOKS_UI_ALLOWED_NETWORKS.",
            host=self.host,
            address=self.address,
        )


Checked = tuple[Address, ...] | Blocked | DnsFailure


class Guard:
    """Resolves and checks hosts. Thread-safe; one for a process.

    `allowed` are CIDR ranges, IP addresses and host names that may be reached although they are not
    public; a host named there may resolve to any address. Raises ValueError for a malformed range.
    `is_own` tells whether a URL is that of a built-in receiver. These URLs are the only ones at the
    console's own address that webhooks may reach. `only` are the rules of EGRESS_ALLOW.

    Addresses that passed are cached for `remember` seconds. That is safe: connections go to these
    very addresses, whatever the name resolves to by then. Refusals and failures are not cached.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        resolve: Resolver = system_resolve,
        *,
        only: Sequence[Rule] = (),
        remember: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        is_own: Callable[[str], bool] = lambda _url: False,
    ) -> None:
        self._is_own = is_own
        self._networks, self._hosts = _split_allowed(allowed)
        self._only = AllowList(only)
        self._resolver = BoundedResolver(resolve)
        self._remember = remember
        self._clock = clock
        self._remembered: dict[tuple[str, int], tuple[float, tuple[Address, ...]]] = {}

    def check(self, host: str, port: int, timeout: float) -> Checked:
        """The addresses to try for a host: at least one, and all of them allowed.

        One address that is not allowed refuses the host. Takes at most `timeout` seconds. A host
        with a dot at its end is looked up so, and judged as the one without it.
        """
        known = self._remembered.get((host, port))
        if known is not None and self._clock() < known[0]:
            return known[1]
        answer = self._checked(host, port, timeout)
        if isinstance(answer, tuple):
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[host, port] = self._clock() + self._remember, answer
        return answer

    def addresses(self, target: Target, timeout: float) -> Checked:
        """What `check` finds for the target's host; the URL of a built-in receiver passes."""
        answer = self.check(target.lookup, target.port, timeout)
        if isinstance(answer, Blocked) and self._is_own(target.url):
            return self.resolve(target.lookup, target.port, timeout)
        return answer

    def forget(self, host: str, port: int) -> None:
        """Drops the cached addresses of a host, since connecting to them failed."""
        self._remembered.pop((host, port), None)

    def refusal(self, target: Target, timeout: float) -> Blocked | DnsFailure | None:
        """Why a target cannot be saved, with a `message` for the form; None if it can."""
        answer = self.addresses(target, timeout)
        return None if isinstance(answer, tuple) else answer

    def resolve(self, host: str, port: int, timeout: float) -> tuple[Address, ...] | DnsFailure:
        """The addresses of a host that an operator or this program names: judged by nobody."""
        answer = (host,) if ip_of(host) else self._resolver.resolve(host, port, timeout)
        if isinstance(answer, DnsFailure):
            return answer
        try:
            addresses = [unwrapped(text) for text in answer]
        except ValueError:
            return DnsFailure(host, "failed")
        return tuple(Address(str(a), _FAMILIES[a.version]) for a in addresses)

    def _checked(self, host: str, port: int, timeout: float) -> Checked:
        name = host.removesuffix(".")
        if not self._only.may_hold(name, port):
            return Blocked(name, "", NOT_LISTED, port)
        answer = self.resolve(host, port, timeout)
        if isinstance(answer, DnsFailure):
            return answer
        for one in answer:
            address = ip_address(one.text)
            kind = self._kind(address, name)
            if kind is None and not self._only.holds(name, port, address):
                kind = NOT_LISTED
            if kind is not None:
                return Blocked(name, one.text, kind, port)
        return answer

    def _kind(self, address: IPAddress, host: str) -> str | None:
        """Why an address is refused; None if it is allowed."""
        if host in self._hosts or self._is_allowed(address):
            return None
        judges = [one for one in judged_by(address) if not self._is_allowed(one)]
        kind = next((found for one in judges if (found := why_not_public(one))), None)
        return kind or ("own" if judges and is_this_machine(address) else None)

    def _is_allowed(self, address: IPAddress) -> bool:
        return any(address in network for network in self._networks)


def _split_allowed(allowed: Iterable[str]) -> tuple[tuple[IPNetwork, ...], frozenset[str]]:
    networks: list[IPNetwork] = []
    hosts: list[str] = []
    for item in allowed:
        try:
            networks.append(_unwrapped_network(ip_network(item, strict=False)))
        except ValueError:
            if "/" in item or ":" in item:
                raise
            hosts.append(item.lower().removesuffix("."))
    return tuple(networks), frozenset(hosts)


def _unwrapped_network(network: IPNetwork) -> IPNetwork:
    """The IPv4 range of an IPv4-mapped one, since addresses are compared unwrapped."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ip_network(f"{mapped}/{network.prefixlen - 96}")
