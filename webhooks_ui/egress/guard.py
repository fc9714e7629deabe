"""Which addresses a webhook may reach: the guard against requests into private networks (SSRF).

A name is resolved once, every address of the answer is checked, and what is connected to is one of
the checked addresses: an answer that changes afterwards (DNS rebinding) changes nothing.
"""

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.egress.ip_ranges import IPAddress, IPNetwork, unwrapped, why_not_public
from webhooks_ui.egress.resolver import BoundedResolver, DnsFailure, Resolver, system_resolve
from webhooks_ui.egress.target_url import Target

__all__ = ["Address", "Blocked", "DnsFailure", "Guard", "Resolver", "system_resolve"]

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_MAX_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address, ready to connect to. `text` has neither brackets nor port."""

    text: str
    family: socket.AddressFamily


@dataclass(frozen=True, slots=True)
class Blocked:
    """A host that webhooks may not reach. `kind` is one of the words in addresses.NOT_PUBLIC."""

    host: str
    address: str
    kind: str

    @property
    def message(self) -> LazyString:
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


class Guard:
    """Resolves and checks hosts. Thread-safe; one for a process.

    `allowed` are CIDR ranges, IP addresses and host names that are reachable although they are not
    public; a host named there may resolve to anything. Raises ValueError for a range that is none.
    `is_own` says of a URL whether it is the exact address of a built-in receiver: the console's own
    address is the one exception, for that URL alone.

    A good answer is remembered for `remember` seconds, for speed. That opens no gap: what is
    remembered are checked addresses, not a permission for the name, and connections go to these
    addresses only. Refusals and failures are not remembered.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        resolve: Resolver = system_resolve,
        *,
        remember: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        is_own: Callable[[str], bool] = lambda _url: False,
    ) -> None:
        self._is_own = is_own
        self._networks, self._hosts = _split_allowed(allowed)
        self._resolver = BoundedResolver(resolve)
        self._remember = remember
        self._clock = clock
        self._remembered: dict[tuple[str, int], tuple[float, tuple[Address, ...]]] = {}

    def allows(self, ip: str | IPAddress, host: str = "") -> bool:
        """Whether a webhook for `host` may connect to `ip`. Raises ValueError if it is no IP."""
        return self._kind(unwrapped(ip), host) is None

    def check(
        self, host: str, port: int, timeout: float
    ) -> tuple[Address, ...] | Blocked | DnsFailure:
        """The addresses to try for a target's host, at least one, every one of them allowed.

        One address that is not allowed refuses them all. Takes at most `timeout` seconds.
        """
        known = self._remembered.get((host, port))
        if known is not None and self._clock() < known[0]:
            return known[1]
        answer = self._resolve(host, port, timeout)
        if isinstance(answer, tuple):
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[host, port] = self._clock() + self._remember, answer
        return answer

    def addresses(
        self, target: Target, timeout: float
    ) -> tuple[Address, ...] | Blocked | DnsFailure:
        """What `check` answers for the target's host; a built-in receiver's URL is let through."""
        answer = self.check(target.host, target.port, timeout)
        if isinstance(answer, Blocked) and self._is_own(target.url):
            return self._resolve(target.host, target.port, timeout, free=True)
        return answer

    def forget(self, host: str, port: int) -> None:
        """Resolve anew next time: connecting to the remembered addresses failed."""
        self._remembered.pop((host, port), None)

    def refusal(self, target: Target, timeout: float) -> Blocked | DnsFailure | None:
        """Why a target cannot be saved, with a `message` for the form; None if it can."""
        answer = self.addresses(target, timeout)
        return None if isinstance(answer, tuple) else answer

    def _resolve(
        self, host: str, port: int, timeout: float, *, free: bool = False
    ) -> tuple[Address, ...] | Blocked | DnsFailure:
        try:
            answer: tuple[str, ...] | DnsFailure = (str(ip_address(host)),)
        except ValueError:
            answer = self._resolver.resolve(host, port, timeout)
        if isinstance(answer, DnsFailure):
            return answer
        try:
            addresses = [unwrapped(text) for text in answer]
        except ValueError:
            return DnsFailure(host, "failed")
        for address in addresses:
            kind = self._kind(address, host)
            if kind is not None and not free:
                return Blocked(host, str(address), kind)
        return tuple(Address(str(a), _FAMILIES[a.version]) for a in addresses)

    def _kind(self, address: IPAddress, host: str) -> str | None:
        """Why an address is refused, None if it is not."""
        if host in self._hosts or any(address in network for network in self._networks):
            return None
        return why_not_public(address)


def _split_allowed(allowed: Iterable[str]) -> tuple[tuple[IPNetwork, ...], frozenset[str]]:
    networks: list[IPNetwork] = []
    hosts: list[str] = []
    for item in allowed:
        if "/" in item or ":" in item or _is_ip(item):
            networks.append(_unwrapped_network(ip_network(item, strict=False)))
        else:
            hosts.append(item.lower().removesuffix("."))
    return tuple(networks), frozenset(hosts)


def _unwrapped_network(network: IPNetwork) -> IPNetwork:
    """An IPv4-mapped range as the IPv4 range it is: addresses are compared unwrapped."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ip_network(f"{mapped}/{network.prefixlen - 96}")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
