"""Borda's count: an option gets a point for each option that it is ranked above.

Source: J.-C. de Borda, "Mémoire sur les élections au scrutin" (1781); for rankings that leave options out, each of
these gets the average of the points that are left for them (J. Emerson, "The original Borda count and partial
voting", Social Choice and Welfare 40, 2013, calls it the method of averaged ranks), so that no vote has more points
than another."""

from __future__ import annotations

from . import Profile


def borda(profile: Profile, options: int) -> list[int]:
    """Each option's points, doubled, so that averages are whole."""
    points = [0] * options
    for ranking, votes in profile.items():
        for place in range(options):
            points[place] += votes * (options - 1 - len(ranking))
        for rank, place in enumerate(ranking):
            points[place] += votes * (2 * (options - 1 - rank) - (options - 1 - len(ranking)))
    return points
