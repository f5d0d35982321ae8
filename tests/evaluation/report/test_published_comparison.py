import pytest

from mh_batch.errors import SettingsError
from mh_batch.evaluation.report.published_comparison import published_table, published_tables
from mh_batch.models import load_cards

# As printed in the second seed's README: accuracy, precision, recall, F1, ROC-AUC, mean time, its deviation.
FORMS = {
    "PyTorch": (0.9867, 0.9799, 0.9827, 0.9813, 0.0927, 145.00, 2.78),
    "ONNX": (0.9867, 0.9799, 0.9827, 0.9813, 0.0927, 146.90, 3.08),
    "ONNX quantised": (0.9871, 0.9811, 0.9827, 0.9819, 0.0679, 74.49, 7.80),
}
BENCHMARK = {
    "mrjunos/depression-reddit-distilroberta-base": (0.7604, 0.6937, 0.9360, 0.7968),
    "malexandersalazar/xlm-roberta-base-cls-depression": (0.7841, 0.8458, 0.6967, 0.7640),
    "ShreyaR/finetuned-distil-bert-depression": (0.7135, 0.6475, 0.9419, 0.7674),
    "ShreyaR/finetuned-roberta-depression": (0.6820, 0.6164, 0.9701, 0.7538),
    "mrm8488/distilroberta-base-finetuned-suicide-depression": (0.5663, 0.5605, 0.6291, 0.5928),
}


def test_the_three_forms_stand_as_printed_and_the_roc_auc_under_what_it_is() -> None:
    found = {
        row.form: (
            *(row.accuracy, row.precision_of_label, row.recall, row.f1),
            *(row.roc_auc_by_predicted_class, row.latency_mean, row.latency_sd),
        )
        for row in published_table("xlmr-depression-test").figures
    }
    assert found == FORMS
    assert all(row.roc_auc is None for table in published_tables() for row in table.figures)


def test_the_benchmark_of_five_models_stands_as_printed() -> None:
    rows = published_table("depression-detection").figures
    hubs = {name: card.hub.name for name, card in load_cards().items() if card.hub}
    assert {hubs[row.model]: (row.accuracy, row.precision_of_label, row.recall, row.f1) for row in rows} == BENCHMARK


def test_a_table_that_nobody_published_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="did you mean 'depression-detection'"):
        published_table("depresion-detection")
