"""`docs/today.md`: the table of what is to be done, as Markdown: what, why, for whom, by which mutation."""

from __future__ import annotations

from collections.abc import Iterator

from compact_api.problems import mutation_name
from compact_domain.kernel import SECRETARIAT, Role
from compact_domain.policy import ONESELF, Reach
from compact_projections.duties import AREAS, TABLE
from compact_projections.duties.lines import Line

HEAD = """# Today

What `today` tells everybody to do: the published table. Written by `make catalogue` from the code: change it there.

A line is for those who hold one of its roles, as far as the role reaches; an item of it shows while it is so, as of
whatever moment is asked for, and is gone from the first answer after the mutation that settles it. Nobody is told of
what another organization has to do, nor of what he or she may not know. Overdue items come first, then what is due
next, then what has waited longest.
"""


def page() -> str:
    """The whole page. Ends with a line break."""
    parts = [HEAD]
    for area, lines in AREAS.items():
        parts.append(
            f"## {area}\n\n| to do | why | for | settled by | due | line |\n| --- | --- | --- | --- | --- | --- |"
        )
        parts += [_row(line) for line in lines]
        parts.append("")
    parts.append("## By role\n\n| role | lines |\n| --- | --- |")
    parts += list(_by_role())
    return "\n".join((*parts, ""))


def _row(line: Line) -> str:
    settles = ", ".join(f"`{mutation_name(command)}`" for command in (line.command, *line.alternatives))
    due = line.due.words if line.due else ""
    rule = f" ([`{line.rule}`](rules.md))" if line.rule else ""
    return f"| {line.title} | {line.why}{rule} | {_roles(line)} | {settles} | {due} | `{line.duty.name}` |"


def _roles(line: Line) -> str:
    """The roles of a line, by how far they reach."""
    told = []
    for reach in dict.fromkeys(reach for _, reach in line.roles):
        roles = [role for role, how in line.roles if how is reach]
        whoever = {(role, reach) for role in roles} == set(ONESELF)
        named = "whoever it is" if whoever else ", ".join(dict.fromkeys(map(_name, roles)))
        told.append(named if reach in (Reach.ANY, Reach.SELF) else f"{named} ({reach.value})")
    return "; ".join(told)


def _by_role() -> Iterator[str]:
    for name in dict.fromkeys(_name(role) for role in Role if role is not Role.PROCESS):
        lines = [line.duty.name for line in TABLE.values() if name in {_name(role) for role, _ in line.roles}]
        yield f"| {name} | {', '.join(f'`{duty}`' for duty in lines) or 'nothing: it gives no commands'} |"


def _name(role: Role) -> str:
    return "secretariat" if role in SECRETARIAT else role.value.replace("_", " ")
