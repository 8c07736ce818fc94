"""What `adapt` of an estimator with an inner loop does, and what it says."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import MetaRegressor, ThreeMTLRegressor, load_estimator
from tests._small_tasks import QUICK, STEPS, slopes

X, Y = slopes()
NEW, NEW_Y = slopes(n_tasks=1, seed=5, first=99)


@pytest.fixture(scope="module")
def fitted():
    return MetaRegressor(task="store", **STEPS).fit(X, Y)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_support_leaves_no_shrinkage(seed):
    # Two tasks are held out: what they ask for at a few rows is nothing for a thousand.
    random = np.random.default_rng(seed)
    stores = np.repeat(np.arange(12), 150)
    table = pd.DataFrame({"a": random.normal(size=1800), "store": stores})
    y = random.normal(size=12)[stores] * table["a"] + random.normal(size=1800)
    new = pd.DataFrame({"a": random.normal(size=2000)})
    truth = 1.5 * new["a"] + random.normal(size=2000)
    est = MetaRegressor(task="store", max_epochs=10, random_state=0).fit(table, y)
    found = est.adapt(new[:1000], truth[:1000]).predict(new[1000:])
    assert np.polyfit(new["a"][1000:], found, 1)[0] == pytest.approx(1.5, abs=0.2)


def test_steps_may_be_set_after_fit(fitted):
    before = fitted.predict(X)
    adapted = fitted.adapt(NEW, NEW_Y)
    try:
        fitted.set_params(adapt_steps=0)
        prior = fitted.predict(X)
        assert not np.allclose(prior, before)
        both = fitted.adapt(NEW, NEW_Y)
        assert np.array_equal(both.predict(X), prior)
        fitted.set_params(adapt_steps="auto", adapt_lr=1e6)
        with pytest.raises(ValueError, match=r"diverged.*1e\+06.*`adapt_lr`"):
            fitted.predict(X)
    finally:
        fitted.set_params(adapt_steps="auto", adapt_lr="auto")
    assert np.array_equal(fitted.predict(X), before)
    assert np.array_equal(adapted.predict(X), before)


def test_forgetting_is_told_of_other_tasks(fitted):
    assert fitted.adapt(NEW, NEW_Y).forgetting_ == {"sales": 0.0}
    assert fitted.adapt(X, Y).forgetting_ == {}


def test_a_second_support_without_ids_is_more_of_the_first(fitted):
    new = NEW.drop(columns="store")
    twice = fitted.adapt(new[:8], NEW_Y[:8]).adapt(new[8:], NEW_Y[8:])
    np.testing.assert_allclose(
        twice.predict(new), fitted.adapt(new, NEW_Y).predict(new), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    "parameters",
    [{"strategy": "fine_tune"}, {"strategy": "extract"}, {"adapt_parts": "all"}],
    ids=str,
)
def test_ways_of_adapting_beside_meta_are_refused(parameters, tmp_path):
    settings = {"task": "store", **QUICK}
    (name, value), *_ = parameters.items()
    message = f"meta='ridge' and {name}={value!r} contradict each other"
    with pytest.raises(ValueError, match=message):
        ThreeMTLRegressor(**settings, **parameters).fit(X, Y)
    est = ThreeMTLRegressor(**settings).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        est.set_params(**parameters).adapt(NEW, NEW_Y)


@pytest.mark.parametrize("rate", [10.0, 1000.0])
def test_steps_that_leave_all_sense_are_a_divergence(rate):
    options = {**STEPS, "meta": "anil", "inner_lr": rate}
    with pytest.raises(ValueError, match=rf"diverged.*'sales'.*`inner_lr` \(it is {rate}\)"):
        MetaRegressor(task="store", **options).fit(X, Y)


def test_a_chosen_rate_is_kept_in_a_file(fitted, tmp_path):
    fitted.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    assert loaded.chosen_["inner_lr"] == fitted.chosen_["inner_lr"] == 0.03
    assert np.array_equal(loaded.predict(X), fitted.predict(X))
