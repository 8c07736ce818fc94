"""The BatchEnsemble backbone, and the package that it needs."""

import importlib

import pytest
import torch

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.tabm import TabM
from sklearn_3mtl.data.extras import needs

SEED = Seed(8)
X = torch.randn(10, 5, generator=torch.Generator().manual_seed(0))


def make(copies="a", n_members=4, seed=SEED, dropout=0.0, widths=(8, 8)):
    return TabM(5, widths, "relu", dropout, Copies(copies), seed, n_members)


def test_members_stand_outermost():
    assert make()(X).shape == (4, 10, 8)
    assert make("abc")(X).shape == (12, 10, 8)
    assert make("abc")(X.expand(3, -1, -1)).shape == (12, 10, 8)
    assert make().n_out == 8


def test_members_differ_and_share_most_weights():
    net = make()
    out = net(X)
    assert not torch.allclose(out[0], out[1])
    sizes = [sum(p.numel() for p in make(n_members=m).parameters()) for m in (1, 2, 3)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] < 0.6 * sizes[0]


def test_stacked_copies_equal_the_same_copies_alone():
    stacked = make("abc")
    out = stacked(X).unflatten(0, (4, 3))
    for k, name in enumerate("abc"):
        alone = make(name)
        torch.testing.assert_close(out[:, k], alone(X))
        for mine, theirs in zip(alone.parameters(), stacked.parameters(), strict=True):
            assert torch.equal(mine, theirs[k])


def test_each_copy_reads_its_own_rows():
    rows = torch.stack([X, 2 * X, 3 * X])
    out = make("abc")(rows).unflatten(0, (4, 3))
    for k, name in enumerate("abc"):
        torch.testing.assert_close(out[:, k], make(name)(rows[k]))


def test_weights_are_drawn_from_the_seed_alone():
    before = torch.get_rng_state()
    first = make()
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first(X), make()(X))
    assert not torch.equal(first(X), make(seed=Seed(9))(X))


@pytest.mark.parametrize("widths", [(), (8, 4)])
def test_unequal_widths_are_refused(widths):
    with pytest.raises(ValueError, match="backbone='tabm' needs `hidden_layer_sizes`"):
        make(widths=widths)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    find = importlib.import_module

    def without_tabm(name, *args):
        if name == "tabm":
            raise ImportError("No module named 'tabm'")
        return find(name, *args)

    monkeypatch.setattr(importlib, "import_module", without_tabm)
    with pytest.raises(ImportError, match=r"backbone='tabm' needs .* 'sklearn-3mtl\[tabm\]'"):
        make()


def test_a_package_that_is_there_is_imported():
    assert needs("json", "it", extra="none").loads("[1]") == [1]
