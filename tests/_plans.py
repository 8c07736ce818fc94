"""Plans of estimators, made from their parameters."""

from sklearn_3mtl.data import Task
from sklearn_3mtl.fitting.auto import choose
from sklearn_3mtl.fitting.drawing import draw_episodes
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.meta import META
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method

NUMBER = {"y": Task("y", "regression")}


def settings_of(est):
    """The parameters of an estimator as settings."""
    return Settings.of(est.get_params(deep=False)).of_paradigm()


def plan_of(est, n_rows=100, tasks=NUMBER, has_ids=False):
    """The plan of an estimator for some rows."""
    return make_plan(settings_of(est), Facts(n_rows, tasks, has_ids))


def chosen_for(est, n_rows, uses_groups=False, tasks=NUMBER, has_episodes=False):
    """What "auto" becomes."""
    settings = settings_of(est)
    method = make_method(settings.meta, META) if has_episodes else None
    return choose(settings, Facts(n_rows, tasks), uses_groups, method)


def episodes_of(est, rows, n_tasks, seed):
    """The episodes that an estimator draws of some rows."""
    plan = plan_of(est, len(rows), has_ids=True)
    return draw_episodes(plan.episodes, plan.training, rows, n_tasks, seed)
