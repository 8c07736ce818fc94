"""Which rows are held out from which members of an ensemble."""

import torch

from sklearn_3mtl.rows.folds import MemberFolds
from sklearn_3mtl.rows.loader import RowDataset

# Five rows are held out, three in fold 0 and two in fold 1; row 2 trains every member.
OF_ROW = torch.tensor([0, 1, -1, 0, 1, 0])
HELD_OUT = torch.tensor([0, 1, 3, 4, 5])


def test_each_member_finds_the_rows_of_its_fold():
    folds = MemberFolds.of(OF_ROW, [0, 0, 1, 1, 1])
    assert folds.places(HELD_OUT).tolist() == [
        [0, 2, 4],
        [1, 3, 3],
        [0, 2, 4],
        [1, 3, 3],
        [0, 2, 4],
    ]


def test_batches_by_member_hold_the_rows_that_members_are_judged_on():
    values = torch.arange(6.0).unsqueeze(1)
    folds = MemberFolds.of(OF_ROW, [0, 0])
    rows = RowDataset({"numeric": 10 * values}, values, rows=HELD_OUT, folds=folds, held_out=True)
    outputs = torch.full((2, len(rows), 1), torch.nan)
    for batch, places in rows.by_member(2, n_nets=3):
        assert batch.inputs["numeric"].shape == (6, places.shape[1], 1)
        own = batch.inputs["numeric"][::3]
        assert torch.equal(own, 10 * batch.values)
        outputs.scatter_(1, places.unsqueeze(2), own)
    judged = rows.judged(outputs)
    assert torch.equal(judged.outputs[0], 10 * judged.values)


def test_there_are_no_batches_by_member_where_layers_depend_on_groups():
    values = torch.arange(6.0).unsqueeze(1)
    rows = RowDataset(
        {}, values, group=torch.zeros(6, dtype=torch.int64), rows=HELD_OUT,
        folds=MemberFolds.of(OF_ROW, [0, 0]), held_out=True,
    )  # fmt: skip
    assert list(rows.by_member(2, n_nets=1)) == []
