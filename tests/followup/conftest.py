from pathlib import Path

import pytest

from mh_batch.followup import Outbox
from tests.followup.deliveries import issued


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return issued(tmp_path)
