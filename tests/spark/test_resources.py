import pytest
from pyspark.sql import SparkSession

from mh_batch.errors import UsageError
from mh_batch.spark import inference_profile

pytestmark = pytest.mark.spark


def test_local_tasks_have_one_core_and_no_profile(spark: SparkSession) -> None:
    assert inference_profile(spark, "auto", None) is None
    with pytest.raises(UsageError, match="--task-cores needs a cluster"):
        inference_profile(spark, "auto", 2)
