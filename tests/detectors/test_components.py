from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.components import Components, PrincipalComponents

SLOTS = 800
TIMES = np.arange(SLOTS, dtype=np.int64) * 3_600_000_000_000


def group() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    common = np.sin(np.arange(SLOTS) / 9.0)[:, None]
    return np.asarray(20.0 + common * [3.0, -2.0, 1.5, 4.0] + rng.normal(0.0, 0.1, (SLOTS, 4)))


def test_ordinary_slots_stay_under_the_limit() -> None:
    score = PrincipalComponents(4, Components()).update(TIMES, group())

    assert np.isnan(score[:336]).all()
    assert (score[336:] >= 1.0).mean() < 0.01


def test_a_member_that_leaves_the_others_stands_out() -> None:
    columns = group()
    columns[700:, 2] -= 1.5
    components = PrincipalComponents(4, Components())

    score = components.update(TIMES, columns)

    assert (score[700:] >= 1.0).mean() > 0.9
    assert np.nanargmax(components.contributions()) == 2


def test_all_far_out_along_what_is_ordinary_is_told_by_t2() -> None:
    columns = group()
    columns[700:] += 8.0 * np.array([3.0, -2.0, 1.5, 4.0])

    assert PrincipalComponents(4, Components()).update(TIMES, columns)[701] >= 1.0


def test_an_absent_member_leaves_a_smaller_model() -> None:
    columns = group()
    columns[600:, 0] = np.nan
    columns[700:, 1] += 1.5
    components = PrincipalComponents(4, Components())

    score = components.update(TIMES, columns)

    assert (score[600:700] >= 1.0).mean() < 0.05
    assert (score[700:] >= 1.0).mean() > 0.9
    assert np.isnan(components.contributions()[0])


def test_components_that_explain_everything_are_refused() -> None:
    with pytest.raises(ValueError, match="kept"):
        Components(kept=1.0)
