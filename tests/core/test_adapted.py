"""What adapting adds: corrections beside the loop by hand, and what they leave alone."""

import pytest
import torch
import torch.nn.functional as F

from sklearn_3mtl.core.adapted import AdaptedOutputs, GroupCorrection, SharedCorrection

GROUP = torch.tensor([0, 2, 1, -1, 2, 0])
B, D = len(GROUP), 4


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def filled(correction):
    """A correction with weights that are not zero."""
    for seed, parameter in enumerate(correction.parameters()):
        parameter.data = numbers(*parameter.shape, seed=seed + 5)
    return correction


@pytest.mark.parametrize("n_members", [1, 3])
def test_a_shared_correction_adds_a_linear_layer_to_its_outputs(n_members):
    correction = filled(SharedCorrection(D, [4, 1], n_members))
    out, z = numbers(n_members, B, 5), numbers(n_members, B, D)
    found = correction(out, z, None)
    assert found.shape == out.shape
    assert torch.equal(found[..., [0, 2, 3]], out[..., [0, 2, 3]])
    for m in range(n_members):
        before, after, features = out[m], found[m], z[m]
        expected = F.linear(features, correction.weight[m], correction.bias[m])
        torch.testing.assert_close(after[:, [4, 1]], before[:, [4, 1]] + expected)


@pytest.mark.parametrize("n_members", [1, 3])
def test_a_group_correction_adds_to_the_rows_of_adapted_groups_alone(n_members):
    groups = [2, 0]
    correction = filled(GroupCorrection(D, [4, 1], groups, n_members))
    out, z = numbers(n_members, B, 5), numbers(n_members, B, D)
    found = correction(out, z, GROUP)
    others = ~torch.isin(GROUP, torch.tensor(groups))
    assert torch.equal(found[..., others, :], out[..., others, :])
    assert torch.equal(found[..., [0, 2, 3]], out[..., [0, 2, 3]])
    for m in range(n_members):
        before, after, features = out[m], found[m], z[m]
        for place, group in enumerate(groups):
            mine = group == GROUP
            added = F.linear(features[mine], correction.weight[place, m], correction.bias[place, m])
            torch.testing.assert_close(after[mine][:, [4, 1]], before[mine][:, [4, 1]] + added)


def test_a_group_correction_without_rows_of_its_groups_changes_nothing():
    correction = filled(GroupCorrection(D, [1], [5], 1))
    out = numbers(1, B, 2)
    assert torch.equal(correction(out, numbers(1, B, D), GROUP), out)


@pytest.mark.parametrize("n_members", [1, 2])
def test_corrections_start_at_zero(n_members):
    out, z = numbers(n_members, B, 3), numbers(n_members, B, D)
    for fresh in (SharedCorrection(D, [1], n_members), GroupCorrection(D, [1], [0], n_members)):
        found = fresh(out, z, GROUP)
        assert found.shape == out.shape
        assert torch.equal(found, out)


@pytest.mark.parametrize("n_members", [1, 2])
def test_new_outputs_take_their_place_and_old_ones_keep_their_bits(n_members):
    before, z = numbers(n_members, B, 3), numbers(n_members, B, D)
    # The outputs of a new task stand between the old ones.
    correction = filled(SharedCorrection(D, [1, 2], n_members))
    out = AdaptedOutputs(3, [0, -1, -1, 1, 2], None, [correction])(before, z)
    assert torch.equal(out[..., [0, 3, 4]], before)
    expected = z @ correction.weight.mT + correction.bias.unsqueeze(-2)
    torch.testing.assert_close(out[..., [1, 2]], expected)


def test_groups_that_came_later_are_unknown_before():
    later = torch.where(GROUP < 2, GROUP, -1)
    assert torch.equal(AdaptedOutputs(1, [0], 2, []).known_before(GROUP), later)
    assert AdaptedOutputs(1, [0], None, []).known_before(GROUP) is GROUP
    assert AdaptedOutputs(1, [0], 2, []).known_before(None) is None


def test_corrections_are_applied_in_turn():
    out, z = numbers(1, B, 1), numbers(1, B, D)
    parts = [filled(SharedCorrection(D, [0], 1)), filled(GroupCorrection(D, [0], [1], 1))]
    found = AdaptedOutputs(1, [0], None, parts)(out, z, GROUP)
    assert torch.equal(found, parts[1](parts[0](out, z, GROUP), z, GROUP))
