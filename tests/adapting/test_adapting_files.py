"""Damaged files of adapted estimators."""

import json
import zipfile

import numpy as np
import pytest

from sklearn_3mtl import load_estimator
from tests._adapting import planted, shops, small
from tests._saving import entry

META = "estimator.json"
X, Y, NEW = planted(80)
LONG, sales = shops(80)
WEST, west = shops(20, seed=1, names=["west"])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The members of a good file of each layout."""
    folder = tmp_path_factory.mktemp("adapted")
    wide = small(max_epochs=1).fit(X, Y).adapt(X, NEW)
    long = small(max_epochs=1, task="shop").fit(LONG, sales).adapt(WEST, west)
    found = {}
    for name, est in (("wide", wide), ("long", long)):
        est.save(folder / name)
        with zipfile.ZipFile(folder / name) as archive:
            found[name] = {member: archive.read(member) for member in archive.namelist()}
    return found


def write(path, members, change):
    meta = json.loads(members[META])
    fitted = entry(meta["fitted"], "adaptations")[1]
    change({key: (fitted[0]["items"], i) for i, (key, _) in enumerate(fitted[0]["items"])})
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, json.dumps(meta) if name == META else content)


def to(key, value):
    """A change of one entry of the record."""

    def change(places):
        items, position = places[key]
        old = items[position][1]
        items[position][1] = value(old) if callable(value) else value

    return change


CHANGES = {
    "wide": {
        "fewer outputs before": to("n_before", 2),
        "more outputs before": to("n_before", 99),
        "a negative number of outputs": to("n_before", -1),
        "outputs before as text": to("n_before", "three"),
        "an output twice": to("order", lambda order: [order[2], *order[1:]]),
        "a shorter order": to("order", lambda order: order[:-1]),
        "an order out of range": to("order", lambda order: [99, *order[1:]]),
        "an order of text": to("order", lambda order: ["a"] * len(order)),
        "outputs out of range": to("shared", lambda columns: [99, *columns[1:]]),
        "negative outputs": to("shared", lambda columns: [-99, *columns[1:]]),
        "fewer outputs": to("shared", lambda columns: columns[:-1]),
        "outputs of groups": to("own", [0]),
    },
    "long": {
        "groups before the fit": to("n_base_groups", -1),
        "more groups before": to("n_base_groups", 99),
        "fewer groups after": to("n_groups", 1),
        "groups as text": to("n_groups", "three"),
        "groups out of range": to("groups", [99]),
        "negative groups": to("groups", [-5]),
        "more groups": to("groups", [0, 1, 2]),
        "outputs out of range": to("own", [99]),
        "no outputs": to("own", []),
    },
}
CASES = [(layout, name) for layout, changes in CHANGES.items() for name in changes]


@pytest.mark.parametrize(("layout", "name"), CASES)
def test_a_record_that_cannot_be_true_is_refused(saved, layout, name, tmp_path):
    write(tmp_path / "est", saved[layout], CHANGES[layout][name])
    with pytest.raises(ValueError, match="no intact file of a saved estimator"):
        load_estimator(tmp_path / "est")


@pytest.mark.parametrize(("layout", "rows"), [("wide", X), ("long", WEST)])
def test_the_unchanged_record_is_read(saved, layout, rows, tmp_path):
    write(tmp_path / "est", saved[layout], lambda places: None)
    found = load_estimator(tmp_path / "est").predict(rows)
    assert len(np.asarray(found)) == len(rows)
