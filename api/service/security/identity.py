"""Who a proxy says it is: an agency's sign-in stands before the server, and passes the name on in a header.

Such a header is believed only from the addresses of the proxy: anyone else could write it. Signing in itself, with
OpenID Connect or another way, is the proxy's work (oauth2-proxy, Caddy, a company's own).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.service.security.access import Access
from api.service.security.keys import NAME
from gates.findings import ConfigError, Finding

USER = "user:"
"""Before the name of a person, so that it is never that of an access key."""
PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,73}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_NEVER = ("authorization", "cookie", "host", "origin", "x-forwarded-for")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class IdentityRefused(Exception):
    """A name from the proxy that cannot be used; the reason is for the log."""


@dataclass(frozen=True)
class Identity:
    """Which headers of which proxy say who it is."""

    header: bytes
    """The header with the name, in small letters."""
    trusted: tuple[Network, ...]
    """Addresses of the proxy."""
    groups: bytes = b""
    """The header with a person's groups, each a project; empty if there is none."""
    admins: frozenset[str] = frozenset()
    """Groups whose members are administrators."""

    def access(self, peer: str, headers: Mapping[bytes, bytes]) -> Access | None:
        """Return what a person may do; none if the proxy names nobody, or the request does not come from it.

        Raises
        ------
        IdentityRefused
            If the name cannot be that of a person.
        """
        name = headers.get(self.header, b"").decode("latin-1").strip()
        if not name or not self._is_trusted(peer):
            return None
        if not PERSON.fullmatch(name):
            raise IdentityRefused(f"{name[:80]!a} is no name that can be used")
        listed = headers.get(self.groups, b"").decode("latin-1").split(",") if self.groups else []
        groups = [group.strip() for group in listed]
        scope = "admin" if self.admins.intersection(groups) else "run"
        return Access(USER + name, scope, tuple(group for group in groups if NAME.fullmatch(group)))

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)


def read_identity(
    header: str | None, trusted: Sequence[str], groups: str | None, admins: Sequence[str]
) -> Identity | None:
    """Return what the options of a server say; none if they do not name a header.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    findings = []
    for option, name in (("--identity-header", header), ("--identity-groups", groups)):
        if name is not None and (not _HEADER.fullmatch(name) or name.lower() in _NEVER):
            remedy = "Name a header of the proxy's own, such as X-Forwarded-User."
            findings.append(Finding(option, name[:60], "cannot say who it is", remedy))
    if header is None and (trusted or groups or admins):
        findings.append(Finding("--identity-header", "", "is missing", "Name the header that holds the person's name."))
    if header is not None and not trusted:
        problem, remedy = "anyone could write it", "Name the proxy's address as well: --identity-from 127.0.0.1."
        findings.append(Finding("--identity-header", header[:60], problem, remedy))
    if admins and not groups:
        remedy = "Name the header that holds the groups: --identity-groups."
        findings.append(Finding("--identity-admins", admins[0][:60], "nobody is known to be in a group", remedy))
    networks = []
    for each in trusted:
        try:
            networks.append(ipaddress.ip_network(each))
        except ValueError as error:
            remedy = "Write an address or a network: 10.0.0.5, 10.0.0.0/24."
            findings.append(Finding("--identity-from", each[:60], str(error), remedy))
            continue
        if networks[-1].prefixlen == 0:
            findings.append(Finding("--identity-from", each[:60], "is everyone", "Name only the proxy."))
    if findings:
        raise ConfigError(findings)
    if header is None:
        return None
    return Identity(header.lower().encode(), tuple(networks), (groups or "").lower().encode(), frozenset(admins))
