"""Seeds: streams by name."""

import torch

from sklearn_3mtl.core.seeding import Seed, global_streams


def draw(seed):
    return torch.rand(4, generator=seed.generator())


def test_same_path_gives_the_same_stream():
    assert torch.equal(draw(Seed(1).child("a").child(2)), draw(Seed(1).child("a").child(2)))


def test_another_root_or_name_gives_another_stream():
    streams = [Seed(1), Seed(2), Seed(1).child("a"), Seed(1).child("b"), Seed(1).child("a/b")]
    assert len({tuple(draw(seed).tolist()) for seed in streams}) == len(streams)


def test_roots_and_paths_do_not_run_together():
    assert Seed(1).child("1/a").value != Seed(11).child("a").value


def test_a_generator_leaves_the_global_stream_alone():
    before = torch.get_rng_state()
    draw(Seed(3).child("x"))
    assert torch.equal(before, torch.get_rng_state())


def test_value_is_a_seed_that_torch_and_numpy_take():
    assert 0 <= Seed(0).value < 2**63


def test_global_streams_are_a_seeds_for_a_while_and_then_as_before():
    before = torch.get_rng_state()
    draws = []
    for seed in (Seed(1), Seed(1), Seed(2)):
        with global_streams(seed):
            draws.append(torch.rand(4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(before, torch.get_rng_state())
