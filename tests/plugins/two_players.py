"""A domain method in two phases: a witness learns what tells domains apart, features unlearn it."""

import torch
from torch import nn

from sklearn_3mtl.core.terms import Phase
from sklearn_3mtl.transfer import DomainLoss


class TwoPlayers(DomainLoss[nn.Module]):
    """The witness is the direction in which the domains' mean features differ most.

    The main step moves the features so that the means are alike along it. A phase of its own
    turns the witness, so that it never follows the features' interest.

    Parameters
    ----------
    n_turns : int, default=1
        How many steps the witness takes for each step of the network.
    """

    trained_with_network = False

    def __init__(self, n_turns=1):
        self.n_turns = n_turns

    def init(self, n_features, n_domains, n_members, seed):
        """A witness for each member."""
        state = nn.Module()
        drawn = torch.randn(n_members, n_features, generator=seed.generator())
        state.direction = nn.Parameter(drawn / n_features**0.5)
        return state

    def step_loss(self, step, state):
        """The squared distance between the domains' means along the witness."""
        z = step.features.squeeze(1)
        return self._spread(z, step.domain, state.direction.detach())

    def phases(self, state):
        """Turn the witness to where the means differ most."""

        def loss(step):
            z = step.features.squeeze(1).detach()
            return -self._spread(z, step.domain, state.direction)

        return [Phase(loss, lambda network: [state.direction])] * self.n_turns

    def _spread(self, z, domain, direction):
        unit = direction / direction.norm(dim=-1, keepdim=True)
        along = (z * unit.unsqueeze(1)).sum(-1)
        means = torch.stack([along[:, domain == d].mean(1) for d in domain.unique()])
        return (means - means.mean(0)).square().sum()
