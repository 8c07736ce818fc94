"""The losses of an epoch."""

import pytest
import torch

from sklearn_3mtl.training.ledger import EpochLedger


def test_a_mean_over_rows_whatever_the_batches():
    losses = torch.rand(3, 10, 2, generator=torch.Generator().manual_seed(0))
    ledger = EpochLedger(3, 2, torch.device("cpu"))
    totals = []
    for part in losses.split(4, dim=1):
        totals.append(part.mean(1).sum())
        ledger.add(part.mean(1), None, part.shape[1], totals[-1])
    torch.testing.assert_close(ledger.losses(), losses.mean((0, 1)))
    assert ledger.n_batches == 3
    assert ledger.mean_total() == pytest.approx(float(sum(totals)) / 3)


def test_labels_are_counted_where_some_are_missing():
    ledger = EpochLedger(1, 2, torch.device("cpu"))
    ledger.add(torch.tensor([[1.0, 2.0]]), None, 2)
    ledger.add(torch.tensor([[4.0, 0.0]]), torch.tensor([[1.0, 0.0]]), 2)
    assert ledger.losses().tolist() == [2.0, 2.0]
    assert EpochLedger(1, 1, torch.device("cpu")).losses().isnan().all(), "no label"


def test_each_label_of_each_member_counts_once():
    ledger = EpochLedger(2, 2, torch.device("cpu"))
    ledger.add(torch.tensor([[1.0, 0.0], [4.0, 5.0]]), torch.tensor([[1.0, 0.0], [2.0, 3.0]]), 3)
    assert ledger.losses().tolist() == [3.0, 5.0]


def test_a_loss_that_is_no_number_is_infinite():
    ledger = EpochLedger(1, 2, torch.device("cpu"))
    ledger.add(torch.tensor([[torch.nan, 1.0]]), None, 2)
    assert ledger.losses().tolist() == [torch.inf, 1.0]
