"""Meta-batches as tensors."""

from dataclasses import replace

import torch

from sklearn_3mtl.rows import episode_loader
from sklearn_3mtl.rows.episode_loader import EpisodeDataset, episode_batches
from sklearn_3mtl.rows.episodes import ClassEpisodes, Draw, RowIndex, TaskEpisodes
from sklearn_3mtl.rows.loader import RowDataset

N = 12
GROUP = torch.tensor([0] * 3 + [1] * 9)


def rows(weight=None):
    inputs = {"numeric": torch.arange(float(N)).view(N, 1), "code": torch.arange(N).view(N, 1)}
    return RowDataset(inputs, torch.arange(2.0 * N).view(N, 2), weight)


def dataset(n_batches=1):
    return EpisodeDataset(rows(), TaskEpisodes(RowIndex.of(GROUP, 2), (2, 2), 4), n_batches)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_batch_holds_supports_and_the_queries_one_after_the_other():
    support, query = torch.tensor([[0], [4]]), torch.tensor([[1, 2], [5, 6]])
    there = torch.tensor([[True, False], [True, True]])
    [batch] = episode_batches(rows(), [Draw(support, query, there[:, :1], there)])
    assert batch.inputs["numeric"].flatten().tolist() == [0, 4, 1, 2, 5, 6]
    assert batch.judged_inputs()["numeric"].flatten().tolist() == [1, 2, 5, 6]
    assert batch.inputs["code"].dtype == torch.int64
    assert batch.values[:, 0].tolist() == [2, 4, 10, 12]
    assert batch.group is None
    assert batch.support.values.tolist() == [[[0, 1]], [[8, 9]]]
    assert batch.support.weight.tolist() == [[[1, 1]], [[1, 1]]]


def test_each_episodes_mean_loss_counts_alike():
    weight = torch.ones(N, 2)
    weight[6, 0] = 0.0
    support, query = torch.tensor([[0], [4]]), torch.tensor([[1, 2], [5, 6]])
    there = torch.tensor([[True, False], [True, True]])
    [batch] = episode_batches(rows(weight), [Draw(support, query, there[:, :1], there)])
    losses = torch.tensor([[3.0, 5.0], [99.0, 99.0], [7.0, 1.0], [99.0, 2.0]])
    mean = (losses * batch.weight).sum(0) / (batch.weight > 0).sum(0)
    assert mean.tolist() == [(3 + 7) / 2, (5 + (1 + 2) / 2) / 2]


def test_labels_of_an_episodes_own():
    label = torch.tensor([0, 1, 2] * 4)
    sampler = ClassEpisodes(RowIndex.of(label, 3), 2, (1, 1), 2)
    batch = next(iter(EpisodeDataset(rows(), sampler, 1).batches(3, generator())))
    assert batch.values.shape == (12, 1)
    assert batch.values.flatten().tolist() == [0, 0, 1, 1] * 3
    assert batch.support.values.flatten().tolist() == [0, 1] * 3


def test_weights_of_support_rows_are_the_labels_own_and_none_for_padding():
    weight = torch.linspace(0.5, 1.5, 2 * N).view(N, 2)
    weight[4, 1] = 0.0
    support, query = torch.tensor([[0, 1], [4, 5]]), torch.tensor([[2], [6]])
    there, some = torch.ones(2, 1, dtype=torch.bool), torch.tensor([[True, False], [True, True]])
    [batch] = episode_batches(rows(weight), [Draw(support, query, some, there)])
    wanted = weight[support] * some.unsqueeze(2)
    assert torch.equal(batch.support.weight, wanted)
    assert torch.equal(batch.weight, weight[query.flatten()])


def test_the_domain_of_a_batch_is_that_of_its_queries():
    support, query = torch.tensor([[0], [4]]), torch.tensor([[1, 2], [5, 6]])
    there = torch.ones(2, 2, dtype=torch.bool)
    data = replace(rows(), domain=torch.arange(N))
    [batch] = episode_batches(data, [Draw(support, query, there[:, :1], there)])
    assert batch.domain.tolist() == [1, 2, 5, 6]


def test_an_epoch_has_as_many_batches_as_asked_for():
    many = dataset(5).batches(2, generator())
    batches = list(many)
    assert len(batches) == len(many) == 5
    assert not torch.equal(batches[0].inputs["numeric"], batches[1].inputs["numeric"])
    assert len(list(dataset(1).batches(1, generator()))) == 1


def test_in_order_is_always_alike():
    first, second = ([b.values for b in dataset().in_order(2)] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_drawn_episodes_stay_the_same_and_pair_outputs_with_labels():
    held_out = dataset().drawn(5, 2, generator())
    batches = [list(held_out.in_order(1024)) for _ in range(2)]
    assert len(batches[0]) == len(held_out.in_order(1)) == 3
    assert all(torch.equal(a.values, b.values) for a, b in zip(*batches, strict=True))
    assert len(held_out) == sum(len(b.values) for b in batches[0]) == 24
    outputs = torch.randn(24, 2)
    out, values, weight, group, _ = held_out.judged(outputs.unsqueeze(0))
    assert torch.equal(out, outputs.unsqueeze(0))
    assert group is None
    assert torch.equal(values, torch.cat([b.values for b in batches[0]]))
    members, many, weights, *_ = held_out.judged(torch.stack([outputs, -outputs]))
    assert torch.equal(members, torch.cat([outputs, -outputs]).unsqueeze(0))
    assert torch.equal(many, values.repeat(2, 1))
    assert torch.equal(weights, weight.repeat(2, 1))


def test_datasets_move_to_a_device():
    meta = torch.device("meta")
    held_out = dataset().drawn(1, 2, generator())
    for moved in (rows(torch.ones(N, 2)).to(meta), dataset().to(meta).rows, held_out.to(meta).rows):
        assert moved.values.device == moved.inputs["code"].device == meta
    assert rows(torch.ones(N, 2)).to(meta).weight.device == meta


def test_what_is_fetched_at_once_changes_nothing(monkeypatch):
    weight = torch.rand(N, 2, generator=generator())
    weight[3, 1] = 0.0
    data = EpisodeDataset(rows(weight), TaskEpisodes(RowIndex.of(GROUP, 2), (1, 3), 4), 7)
    at_once = list(data.in_order(2))
    monkeypatch.setattr(episode_loader, "NUMBERS_AT_ONCE", 0)
    for a, b in zip(at_once, data.in_order(2), strict=True):
        assert torch.equal(a.inputs["numeric"], b.inputs["numeric"])
        assert torch.equal(a.inputs["code"], b.inputs["code"])
        assert torch.equal(a.support.values, b.support.values)
        assert torch.equal(a.values, b.values)
        assert torch.equal(a.weight, b.weight)
        assert torch.equal(a.support.weight, b.support.weight)


def test_padding_counts_for_nothing_beside_episodes_without():
    place = torch.tensor([[0], [4]]), torch.tensor([[1, 2], [5, 6]])
    there = torch.ones(2, 1, dtype=torch.bool)
    full, ragged = torch.ones(2, 2, dtype=torch.bool), torch.tensor([[True, False], [True, True]])
    draws = [Draw(*place, there, in_query) for in_query in (full, ragged)]
    whole, padded = episode_batches(rows(), draws)
    assert whole.weight is None
    assert (padded.weight[:, 0] > 0).tolist() == [True, False, True, True]
