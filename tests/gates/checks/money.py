"""The checks of prices: what is wrong, where, and the remedy."""

from __future__ import annotations

from tests.prices import MONEY, levels

from .rows import Table

FEE = {"direction": "northbound", "usd": levels(1), "to": "vn"}
CURVE = "classes.general.value_lost_by_age"
RISING = [{"age": "1 d", "lost": "10 %"}]
WORTH = [("classes.general.value_usd", 100), ("classes.general.shelf_life", "9 d")]


def money(**more: object) -> tuple[str, object]:
    return "money", {**MONEY, **more}


TABLE: Table = {
    "priced_classes": [
        (
            [money(truck_hour_for={"generl": MONEY["truck_hour"]})],
            "money.truck_hour_for.generl",
            "generl",
            "no such class",
            "Did you mean general?",
        ),
    ],
    "priced_directions": [
        (
            [money(truck_hour_of={"southbound": {"driver_usd": levels(1)}})],
            "money.truck_hour_of.southbound",
            "southbound",
            "no such direction",
            "Did you mean northbound?",
        ),
    ],
    "priced_sides": [
        ([money(fees={"a": {**FEE, "to": "la"}})], "money.fees.a.to", "la", "no such side", "Use one of vn, cn."),
        (
            [money(fees={"a": {**FEE, "direction": "southbound"}})],
            "money.fees.a.direction",
            "southbound",
            "no such direction",
            "Did you mean northbound?",
        ),
        (
            [money(officer_year_usd={"la": levels(1)})],
            "money.officer_year_usd.la",
            "la",
            "no such side",
            "Use one of vn, cn.",
        ),
    ],
    "posts": [
        (
            [money(posts={"boot": {}})],
            "money.posts.boot",
            "boot",
            "no such stage or pool",
            "Did you mean booth?",
        ),
        (
            [money(posts={"exit": {}})],
            "money.posts.exit",
            "",
            "its lanes are unlimited",
            "Name a stage with a number of lanes, or a pool.",
        ),
        (
            [money(posts={"booth": {"officers": 1}})],
            "money.posts.booth.officers",
            "1.0",
            "officers of side vn have no price",
            "Add `money.officer_year_usd.vn`.",
        ),
    ],
    "inspections": [
        (
            [money(inspections=["inspectio"])],
            "money.inspections[0]",
            "inspectio",
            "no such stage",
            "Did you mean inspection?",
        ),
    ],
    "value_curves": [
        (
            [*WORTH, (CURVE, [*RISING, {"age": "2 d", "lost": "5 %"}])],
            f"{CURVE}[1]",
            "",
            "the curve does not rise",
            "Write points with growing ages, each with at least the loss of the one before.",
        ),
        ([WORTH[1], (CURVE, RISING)], CURVE, "", "it has no value_usd", "Add `value_usd`, or remove this."),
        ([WORTH[0], (CURVE, RISING)], CURVE, "", "it has no shelf_life", "Add `shelf_life`, or remove this."),
        (
            [*WORTH, (CURVE, RISING), ("classes.general.value_lost_per_day", "1 %")],
            CURVE,
            "",
            "it has `value_lost_per_day`, too",
            "Keep one of the two.",
        ),
    ],
}
