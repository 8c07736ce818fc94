"""The losses of an epoch."""

import torch

from sklearn_3mtl.training.ledger import EpochLedger


def test_a_mean_over_rows_whatever_the_batches():
    losses = torch.rand(10, 2, generator=torch.Generator().manual_seed(0))
    ledger = EpochLedger(2, torch.device("cpu"))
    for part in losses.split(4):
        ledger.add(part.mean(0), None, len(part), part.mean(0).sum())
    torch.testing.assert_close(ledger.terms(), losses.mean(0))
    assert ledger.n_batches == 3


def test_labels_are_counted_where_some_are_missing():
    ledger = EpochLedger(2, torch.device("cpu"))
    ledger.add(torch.tensor([1.0, 2.0]), None, 2)
    ledger.add(torch.tensor([4.0, 0.0]), torch.tensor([1.0, 0.0]), 2)
    assert ledger.terms().tolist() == [2.0, 2.0]
    assert EpochLedger(1, torch.device("cpu")).terms().isnan().all(), "no label"
