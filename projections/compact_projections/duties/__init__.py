"""The table of what is to be done today: what, why, for whom, by which command it is settled, and where it shows.

A line is a question over rows. In its SQL `{name} t` stands for the rows of a read model that stand at the moment and
are for the viewer, so that nothing withheld can come in; `{part_name} a`, for parts of a thing `t` that is there
already, no later than it (`a.version <= t.version`); `{counted_name} a`, for all that stand, of which nothing is told.

These stand for the moment and for the one who asks: `{position}`, `{now}`, `{today}`; `{own}`, which holds for what is
the viewer's (`whose`, by the reach of the roles that the viewer holds); `{organizations}`, `{bodies}` and `{me}`, for
whom and as whom the viewer acts in the roles of the line; `{capacities}`, the same organizations, each with `regional`,
whether it stands for regions, `near`, the regions that meet those, `own`, what the viewer is limited to as its focal
point, and `there`, what meets that (null: not limited); `{speaking}`, every organization that the viewer belongs to or
speaks for; `{facts}`, the trail up to the moment; `{within}`, every region (`part`) with each that it lies in
(`whole`), itself and all of them together included, and `{holding}`, the other way round (`whole`, `parts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compact_projections.duties.coordination import MEETINGS, ROTATIONS
from compact_projections.duties.focal_points import FOCAL_POINTS
from compact_projections.duties.initiatives import INITIATIVES
from compact_projections.duties.lines import Duty, Line
from compact_projections.duties.recommendations import RECOMMENDATIONS
from compact_projections.duties.retreats import RETREATS, SESSIONS

AREAS: Mapping[str, Sequence[Line]] = {
    "Retreats": RETREATS,
    "Sessions": SESSIONS,
    "Recommendations": RECOMMENDATIONS,
    "Focal points": FOCAL_POINTS,
    "Rotations": ROTATIONS,
    "Meetings": MEETINGS,
    "Initiatives": INITIATIVES,
}
"""The table, area by area."""

TABLE: Mapping[Duty, Line] = {line.duty: line for lines in AREAS.values() for line in lines}
"""The table, line by line."""
