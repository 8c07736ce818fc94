"""What several tests of the estimators share."""

import pytest

from tests._inputs import numeric_table


@pytest.fixture
def table():
    """X and Y of 60 rows."""
    return numeric_table(60)
