"""Organizations: who they are, where they work, and how they belong to the Compact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from compact_domain.catalogue import EntryKind, require_entries
from compact_domain.kernel import Aggregate, Code, Command, Commands, NotFound, RuleViolation, Starts, Work
from compact_domain.vocabulary import CompactStatus, Names, OrganizationKind

RULES: Mapping[str, str] = {
    "organization.inactive": "An organization that was deactivated takes no new part.",
    "organization.name": "Translations stand beside the present English name; a new name comes by renaming.",
    "organization.since": "A Compact status begins no later than today, and no earlier than the one before it.",
}
CLAIMS: Mapping[str, str] = {}


class OrganizationState(StrEnum):
    """Whether an organization takes part."""

    ACTIVE = "active"
    INACTIVE = "inactive"


ACTIVE, INACTIVE = {OrganizationState.ACTIVE}, {OrganizationState.INACTIVE}
MAY_START_FROM: Starts = {
    "rename": ACTIVE,
    "set_names": ACTIVE,
    "set_regions": ACTIVE,
    "change_compact_status": ACTIVE,
    "deactivate": ACTIVE,
    "reactivate": INACTIVE,
}


class Organization(Aggregate):
    """A United Nations entity, an international or regional organization, a State, or a partner outside them."""

    TOPIC = "organization"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        names: Names,
        kind: OrganizationKind,
        compact_status: CompactStatus,
        compact_status_since: date | None,
        regions: tuple[str, ...],
    ) -> None:
        self.code, self.names, self.kind, self.regions = code, names, kind, regions
        self.compact_status, self.compact_status_since = compact_status, compact_status_since
        self.status_before_since: date | None = None
        self.activity = OrganizationState.ACTIVE

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to an organization."""

    @property
    def state(self) -> str:
        return self.activity

    @property
    def active(self) -> bool:
        return self.activity is OrganizationState.ACTIVE

    def is_compact(self) -> bool:
        """Whether it is an entity of the Compact, as member or observer."""
        return self.compact_status is not CompactStatus.NONE

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The organization was taken into the directory."""

        TOPIC: ClassVar[str] = "organization.registered"
        code: Annotated[Code, Meta(description="unique among organizations")]
        names: Annotated[Names, Meta(description="its name in the working languages")]
        kind: Annotated[OrganizationKind, Meta(description="what it is, whatever its place in the Compact")]
        compact_status: Annotated[CompactStatus, Meta(description="how it belongs to the Compact")]
        compact_status_since: Annotated[date | None, Meta(description="first day of that status, if known")] = None
        regions: Annotated[tuple[Code, ...], Meta(description="regions it works in or stands for")] = ()

    @classmethod
    def register(
        cls,
        *,
        code: str,
        names: Names,
        kind: OrganizationKind,
        cmd: Command,
        compact_status: CompactStatus = CompactStatus.NONE,
        since: date | None = None,
        regions: Sequence[str] = (),
    ) -> Organization:
        _require_begun(since, after=None, today=cmd.today)
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                names=names,
                kind=kind,
                compact_status=compact_status,
                compact_status_since=since,
                regions=tuple(dict.fromkeys(regions)),
            )
        )

    def rename(self, *, names: Names, cmd: Command) -> None:
        if self.names == names:
            return
        self._may("rename", cmd)
        self._states(self.Renamed(**self._next(cmd), names=names))

    class Renamed(Event, frozen=True, kw_only=True):
        """The organization took another name; names in languages not given anew lapse with the old one."""

        TOPIC: ClassVar[str] = "organization.renamed"
        names: Annotated[Names, Meta(description="the new name in the working languages")]

        def apply(self, it: Organization) -> None:
            it.names = self.names

    def set_names(self, *, names: Names, cmd: Command) -> None:
        if self.names == names:
            return
        self._may("set_names", cmd)
        if names.en != self.names.en:
            raise RuleViolation(
                "organization.name", state=self.state, allowed=["organization.rename"], details={"en": self.names.en}
            )
        self._states(self.NamesSet(**self._next(cmd), names=names))

    class NamesSet(Event, frozen=True, kw_only=True):
        """The same name was given in other languages, or better in them."""

        TOPIC: ClassVar[str] = "organization.names_set"
        names: Annotated[Names, Meta(description="its name in the working languages")]

        def apply(self, it: Organization) -> None:
            it.names = self.names

    def set_regions(self, *, regions: Sequence[str], cmd: Command) -> None:
        if set(self.regions) == set(regions):
            return
        self._may("set_regions", cmd)
        self._states(self.RegionsSet(**self._next(cmd), regions=tuple(dict.fromkeys(regions))))

    class RegionsSet(Event, frozen=True, kw_only=True):
        """The organization works in, or stands for, these regions and no others."""

        TOPIC: ClassVar[str] = "organization.regions_set"
        regions: Annotated[tuple[Code, ...], Meta(description="all of its regions")]

        def apply(self, it: Organization) -> None:
            it.regions = self.regions

    def change_compact_status(self, *, compact_status: CompactStatus, cmd: Command, since: date | None = None) -> None:
        same = self.compact_status is compact_status
        if same and since in (None, self.compact_status_since):
            return
        self._may("change_compact_status", cmd)
        since = since or cmd.effective
        before = self.status_before_since if same else self.compact_status_since
        _require_begun(since, after=before, today=cmd.today)
        self._states(
            self.CompactStatusChanged(
                **self._next(cmd), compact_status=compact_status, since=since, before=self.compact_status
            )
        )

    class CompactStatusChanged(Event, frozen=True, kw_only=True):
        """The organization belongs to the Compact in another way, or its status began on another day than thought."""

        TOPIC: ClassVar[str] = "organization.compact_status_changed"
        compact_status: Annotated[CompactStatus, Meta(description="how it belongs to the Compact")]
        since: Annotated[date, Meta(description="first day of that status")]
        before: Annotated[CompactStatus, Meta(description="the status until then; the same where only the day differs")]

        def apply(self, it: Organization) -> None:
            if self.compact_status is not it.compact_status:
                it.status_before_since = it.compact_status_since
            it.compact_status, it.compact_status_since = self.compact_status, self.since

    def deactivate(self, *, cmd: Command) -> None:
        if not self.active:
            return
        self._may("deactivate", cmd)
        self._states(self.Deactivated(**self._next(cmd)))

    class Deactivated(Event, frozen=True, kw_only=True):
        """The organization takes no new part; what it did stands."""

        TOPIC: ClassVar[str] = "organization.deactivated"

        def apply(self, it: Organization) -> None:
            it.activity = OrganizationState.INACTIVE

    def reactivate(self, *, cmd: Command) -> None:
        if self.active:
            return
        self._may("reactivate", cmd)
        self._states(self.Reactivated(**self._next(cmd)))

    class Reactivated(Event, frozen=True, kw_only=True):
        """The organization takes part again."""

        TOPIC: ClassVar[str] = "organization.reactivated"

        def apply(self, it: Organization) -> None:
            it.activity = OrganizationState.ACTIVE


def _require_begun(since: date | None, *, after: date | None, today: date) -> None:
    if since is None or (after or date.min) <= since <= today:
        return
    details = {"since": since.isoformat(), "latest": today.isoformat()}
    if after is not None:
        details["earliest"] = after.isoformat()
    raise RuleViolation("organization.since", details=details)


def require_organization(work: Work, code: str) -> Organization:
    """The organization that a command gives a new part. `NotFound`, or rule `organization.inactive`."""
    organization = work.find(Organization, Organization.identify(code))
    if organization is None:
        raise NotFound(kind="Organization", reference=code)
    if not organization.active:
        raise RuleViolation("organization.inactive", state=organization.state, details={"organization": code})
    return organization


class Organizations(Commands):
    """What may be asked of the directory of organizations. An organization is named by id or code."""

    def register(
        self,
        *,
        code: str,
        names: Names,
        kind: OrganizationKind,
        compact_status: CompactStatus = CompactStatus.NONE,
        since: date | None = None,
        regions: Sequence[str] = (),
    ) -> Organization:
        self._about(Organization.identify(code))
        self._allow(organizations=[code])
        require_entries(self._work, EntryKind.REGION, regions, field="regions")
        return self._add(
            Organization.register(
                code=code,
                names=names,
                kind=kind,
                compact_status=compact_status,
                since=since,
                regions=regions,
                cmd=self._cmd,
            )
        )

    def rename(self, organization: UUID | str, *, names: Names) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        it.rename(names=names, cmd=self._cmd)
        return it

    def set_names(self, organization: UUID | str, *, names: Names) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        it.set_names(names=names, cmd=self._cmd)
        return it

    def set_regions(self, organization: UUID | str, *, regions: Sequence[str]) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        new = [region for region in regions if region not in it.regions]
        require_entries(self._work, EntryKind.REGION, new, field="regions")
        it.set_regions(regions=regions, cmd=self._cmd)
        return it

    def change_compact_status(
        self, organization: UUID | str, *, compact_status: CompactStatus, since: date | None = None
    ) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        it.change_compact_status(compact_status=compact_status, since=since, cmd=self._cmd)
        return it

    def deactivate(self, organization: UUID | str) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        it.deactivate(cmd=self._cmd)
        return it

    def reactivate(self, organization: UUID | str) -> Organization:
        it = self._load(Organization, organization)
        self._allow(organizations=[it.code])
        it.reactivate(cmd=self._cmd)
        return it
