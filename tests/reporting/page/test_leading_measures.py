import pyarrow as pa

from mh_batch.reporting.page.leading_measures import ANY_POSITIVE, PREVALENCE, SHARE, measures_of
from tests.reporting.page.synthetic_report import MODELS, prevalence


def test_the_prevalence_leads_where_it_is_known_and_the_share_elsewhere() -> None:
    table = prevalence()

    for model, labels in (
        (MODELS[1], {"depressed": PREVALENCE, "not_depressed": SHARE}),
        (MODELS[2], {"depressed": SHARE, "not_depressed": SHARE}),
    ):
        own = table.filter(pa.compute.field("model") == model["name"])
        assert measures_of(own, model["labels"], private=False) == labels
        assert set(measures_of(own, model["labels"], private=True).values()) == {ANY_POSITIVE}
