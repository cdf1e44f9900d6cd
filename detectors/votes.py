"""m of the last n scores: a level counts when so many of a row's newest judgements reach it.

The m-th largest of the last n scores reaches a threshold exactly when m of them do, so one number stands for all
levels and for their deadbands. Scores that say nothing (NaN) are not counted; before m have been seen there is no
opinion. Voting "m out of n" is that of redundant sensors (IEC 61508-6, annex B), here of one sensor over time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.contract import Floats, Rows, State, Times
from detectors.walking import Round, Table, columns, walk

MOST_VOTES = 16
_SEEN = "seen"


class Votes:
    """The last scores of each row, and what m of n of them agree on.

    >>> votes = Votes([(2, 3)])
    >>> score = np.array([0.1, 2.0, 0.2, 1.5, 1.2, 0.3, 0.2])
    >>> votes.update(np.zeros(7, np.intp), np.arange(7), score).tolist()
    [nan, 0.1, 0.2, 1.5, 1.2, 1.2, 0.3]
    """

    def __init__(self, votes: Sequence[tuple[int, int]]) -> None:
        if any(not 1 <= m <= n <= MOST_VOTES for m, n in votes):
            raise ValueError(f"votes must be m of n with 1 <= m <= n <= {MOST_VOTES}, got {sorted(set(votes))}")
        self._most = max((n for _, n in votes), default=1)
        names = (_SEEN, *(f"score_{age}" for age in range(self._most)))
        needed, of = (np.array([vote[part] for vote in votes], np.float64) for part in (0, 1))
        self._table = Table(names, columns(len(votes), needed, of))

    def update(self, rows: Rows, time_ns: Times, score: Floats) -> Floats:
        """Take scores (per row in time order); return for each what m of the last n agree on."""
        return walk(self._table, _step, rows, time_ns, score)

    def state(self) -> State:
        """Return each row's last scores, the newest first, and how many it has."""
        return self._table.state()

    def restore(self, state: State, rows: Rows) -> None:
        """Take over the given rows' state, as far as it goes; what was never kept has not been seen."""
        table = self._table
        if _SEEN not in state:
            return
        kept = sum(name.startswith("score_") for name in state)
        for name in table.names:
            if name in state:
                table.column(name)[rows] = state[name]
        table.column(_SEEN)[rows] = np.minimum(state[_SEEN], kept)
        table.time_ns[rows] = state["time_ns"]


def _step(state: Floats, parameters: Floats, samples: Round) -> Floats:
    seen, scores = state[0], state[1:]
    needed, of = parameters
    scores[1:] = scores[:-1].copy()
    scores[0] = samples.value
    seen += 1.0
    np.minimum(seen, of, out=seen)
    is_there = np.arange(len(scores))[:, None] < seen
    ranked = np.sort(np.where(is_there, scores, -np.inf), axis=0)[::-1]
    agreed: Floats = ranked[needed.astype(np.intp) - 1, np.arange(len(seen))]
    np.copyto(agreed, np.nan, where=seen < needed)
    return agreed
