"""What corrections leave of the outputs that they correct."""

import torch

from sklearn_3mtl.core.adapted import GroupCorrection, SharedCorrection

OUT = torch.arange(24.0).view(2, 4, 3) + 1.0
FEATURES = torch.zeros(2, 4, 5)


def test_a_share_of_the_corrected_outputs_is_kept():
    layer = SharedCorrection(5, [1], 2)
    layer.kept.fill_(0.25)
    layer.bias.data.fill_(2.0)
    found = layer(OUT, FEATURES, None)
    torch.testing.assert_close(found[..., 1], 0.25 * OUT[..., 1] + 2.0)
    assert torch.equal(found[..., [0, 2]], OUT[..., [0, 2]])


def test_a_group_keeps_its_share_and_the_others_their_bits():
    layer = GroupCorrection(5, [0, 2], [3], 2)
    layer.kept.fill_(0.5)
    found = layer(OUT, FEATURES, torch.tensor([3, 0, -1, 3]))
    torch.testing.assert_close(found[:, [0, 3]][..., [0, 2]], 0.5 * OUT[:, [0, 3]][..., [0, 2]])
    assert torch.equal(found[:, [1, 2]], OUT[:, [1, 2]])
    assert torch.equal(found[..., 1], OUT[..., 1])
