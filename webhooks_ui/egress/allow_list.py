"""The setting EGRESS_ALLOW: what alone may be reached (ASVS 5, 13.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from webhooks_ui.egress.ip_ranges import IPAddress, IPNetwork, judged_by


@dataclass(frozen=True, slots=True)
class Rule:
    """A host, or a network, or neither for any of them; at one port, or at any.

    `*.hooks.example` stands for every name below hooks.example.
    """

    host: str = ""
    network: IPNetwork | None = None
    port: int | None = None

    def is_at(self, port: int) -> bool:
        return self.port in (None, port)

    def names(self, host: str) -> bool:
        """Whether it lets the host be reached, whatever its addresses."""
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return self.host == host or not (self.host or self.network)

    def holds(self, address: IPAddress) -> bool:
        """Whether the address is in its network, or those that it leads to are (NAT64)."""
        network = self.network
        if network is None:
            return False
        return address in network or all(one in network for one in judged_by(address))


class AllowList:
    """Rules, one of which has to let a request out; without rules all may go."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = rules

    def may_hold(self, host: str, port: int) -> bool:
        """False for a host that no rule can let be reached, whatever its addresses."""
        rules = [rule for rule in self._rules if rule.is_at(port)]
        return not self._rules or any(rule.names(host) or rule.network for rule in rules)

    def holds(self, host: str, port: int, address: IPAddress) -> bool:
        """Whether an address of a host may be reached at a port."""
        rules = [rule for rule in self._rules if rule.is_at(port)]
        return not self._rules or any(rule.names(host) or rule.holds(address) for rule in rules)
