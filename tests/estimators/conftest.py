"""What several tests of the estimators share."""

import pytest

from tests._adapting import REST, X, Y, small
from tests._inputs import numeric_table


@pytest.fixture
def table():
    """X and Y of 60 rows."""
    return numeric_table(60)


@pytest.fixture(scope="module")
def fitted():
    """An estimator that the tests of `adapt` start from."""
    return small().fit(X[REST], Y[REST])
