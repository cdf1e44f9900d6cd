"""The recordings of other people's sensors are not in this repository: nothing here is collected without them."""

from tests.conftest import DATA

collect_ignore_glob = [] if DATA else ["test_*.py"]
