"""What all tests share."""

import pytest
import torch
from hypothesis import settings

from tests._adapting import REST, X, Y, small
from tests._inputs import numeric_table

# The nets are tiny: threads would spend their time waiting for each other.
torch.set_num_threads(1)

# The same examples on every run; nothing is said about time.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


@pytest.fixture
def table():
    """X and Y of 60 rows."""
    return numeric_table(60)


@pytest.fixture(scope="module")
def fitted():
    """An estimator that the tests of `adapt` start from."""
    return small().fit(X[REST], Y[REST])
