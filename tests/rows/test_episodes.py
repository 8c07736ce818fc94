"""Episodes: support and query of many tasks in one draw."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_3mtl.rows.episodes import ClassEpisodes, RowIndex, TaskEpisodes, draw

GROUP = torch.tensor([2, 0, 1, 2, -1, 2, 0, 2, 0, 1])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def groups(draw_from, n_tasks, fewest, most):
    counts = [draw_from(st.integers(fewest, most)) for _ in range(n_tasks)]
    group = torch.repeat_interleave(torch.arange(n_tasks), torch.tensor(counts))
    return group[torch.randperm(len(group), generator=generator(1))], torch.tensor(counts)


def rows_of(index):
    return [
        set(index.rows[s : s + c].tolist())
        for s, c in zip(index.starts.tolist(), index.counts.tolist(), strict=True)
    ]


def test_an_index_holds_the_rows_of_each_task():
    index = RowIndex.of(GROUP, 4)
    assert rows_of(index) == [{1, 6, 8}, {2, 9}, {0, 3, 5, 7}, set()]
    assert rows_of(index.select(torch.tensor([2, 1]))) == [{0, 3, 5, 7}, {2, 9}]
    assert len(index) == 4


def test_shuffling_keeps_each_tasks_rows_even_among_some_of_the_tasks():
    whole = RowIndex.of(GROUP, 4)
    orders = set()
    for seed in range(20):
        some = whole.select(torch.tensor([2, 0])).shuffled(generator(seed))
        assert rows_of(some) == [{0, 3, 5, 7}, {1, 6, 8}]
        orders.add(tuple(some.rows.tolist()))
    assert len(orders) > 5
    assert rows_of(whole.shuffled(generator())) == rows_of(whole)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_an_episode_has_no_row_twice_and_keeps_a_query(data):
    group, counts = groups(data.draw, data.draw(st.integers(1, 5)), 2, 12)
    index = RowIndex.of(group, len(counts)).shuffled(generator(data.draw(st.integers(0, 99))))
    most, n_queries = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 8))
    shots = torch.randint(1, most + 1, (len(counts),), generator=generator(2))
    drawn = draw(index, shots, most, n_queries, generator(3))
    for t, count in enumerate(counts.tolist()):
        support = drawn.support[t][drawn.in_support[t]].tolist()
        query = drawn.query[t][drawn.in_query[t]].tolist()
        assert len(support) == min(int(shots[t]), count - 1)
        assert len(query) == min(n_queries, count - len(support))
        assert len({*support, *query}) == len(support) + len(query)
        assert (group[support + query] == t).all()


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_tasks_are_drawn_in_proportion_to_their_rows(data):
    group, counts = groups(data.draw, data.draw(st.integers(1, 9)), 2, 9)
    sampler = TaskEpisodes(RowIndex.of(group, len(counts)), (1, 3), 4)
    size = data.draw(st.integers(1, 5))
    drawn = list(sampler.epoch(size, generator(data.draw(st.integers(0, 99)))))
    assert len(drawn) == sampler.n_batches(size)
    tasks = torch.cat([group[d.query[:, 0]] for d in drawn])
    times = torch.bincount(tasks, minlength=len(counts))
    share = len(tasks) * counts / counts.sum()
    assert ((times - share).abs() < 1 + 1e-9).all()
    shots = torch.cat([d.in_support.sum(1) for d in drawn])
    assert (shots >= 1).all()
    assert (shots <= 3).all()


def test_tasks_of_equal_size_are_drawn_as_often_as_others():
    sampler = TaskEpisodes(RowIndex.of(torch.arange(9).repeat_interleave(4), 9), (1, 3), 4)
    for seed in range(5):
        tasks = torch.cat([d.query[:, 0] // 4 for d in sampler.epoch(3, generator(seed))])
        assert torch.bincount(tasks, minlength=9).tolist() == [len(tasks) // 9] * 9


def test_an_epoch_draws_about_as_many_rows_as_there_are():
    group = torch.arange(4).repeat_interleave(300)
    sampler = TaskEpisodes(RowIndex.of(group, 4), (5, 5), 10)
    assert sampler.n_batches(2) == 40
    assert sum(d.support.numel() + d.query.numel() for d in sampler.epoch(2, generator())) == 1200


def test_every_row_comes_to_be_drawn_as_support_and_as_query():
    sampler = TaskEpisodes(RowIndex.of(torch.zeros(7, dtype=torch.int64), 1), (2, 2), 2)
    support, query = set(), set()
    draws = generator()
    for _ in range(50):
        for drawn in sampler.epoch(1, draws):
            support |= set(drawn.support.flatten().tolist())
            query |= set(drawn.query.flatten().tolist())
    assert support == query == set(range(7))


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_classes_are_told_apart_within_an_episode(data):
    label, counts = groups(data.draw, data.draw(st.integers(3, 7)), 2, 9)
    sampler = ClassEpisodes(RowIndex.of(label, len(counts)), 3, (1, 4), 2)
    for drawn in sampler.epoch(5, generator(data.draw(st.integers(0, 99)))):
        for t in range(5):
            classes = []
            for way in range(3):
                own = []
                for rows, there, labels in (
                    (drawn.support[t], drawn.in_support[t], drawn.support_label[t]),
                    (drawn.query[t], drawn.in_query[t], drawn.query_label[t]),
                ):
                    mine = rows[there & (labels == way)]
                    assert len(mine) >= 1
                    own.append(mine)
                both = torch.cat(own)
                assert len(label[both].unique()) == 1
                assert len(both.unique()) == len(both)
                classes.append(int(label[both[0]]))
            assert len(set(classes)) == 3


def test_one_generator_state_gives_one_draw():
    sampler = TaskEpisodes(RowIndex.of(GROUP, 3), (1, 2), 2)
    first, second = (list(sampler.epoch(2, generator(7))) for _ in range(2))
    other = list(sampler.epoch(2, generator(8)))
    assert all(torch.equal(a.support, b.support) for a, b in zip(first, second, strict=True))
    assert any(not torch.equal(a.query, b.query) for a, b in zip(first, other, strict=True))


def test_a_task_that_is_drawn_again_shows_other_rows():
    sampler = TaskEpisodes(RowIndex.of(torch.zeros(40, dtype=torch.int64), 1), (2, 2), 2)
    epoch = list(sampler.epoch(1, generator()))
    assert len(epoch) == 10
    assert len({tuple(drawn.support[0].tolist()) for drawn in epoch}) > 5
