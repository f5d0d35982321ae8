from mh_batch.benchmark.device.fresh import FreshTexts
from mh_batch.benchmark.device.samples import Samples
from mh_batch.benchmark.device.tokenizing import TokenizingProcesses
from mh_batch.benchmark.peak import operations
from mh_batch.inference.tokenization import load_tokenizer
from mh_batch.models import Model
from mh_batch.models.checkpoint import read_config


def test_work_is_counted_window_by_window_or_up_to_the_models_longest_input(xlmr_mini: Model) -> None:
    tokenizer, config = load_tokenizer(xlmr_mini), read_config(xlmr_mini.folder)
    texts = ["rain and soup", "a day", "rain " * 40]
    frame = tokenizer.frame(12, 2)
    lengths = tokenizer.encode(texts).lengths.tolist()
    assert lengths[0] <= 10 < lengths[2]
    with TokenizingProcesses(xlmr_mini.tokenizer_folder, 1) as processes:
        samples = Samples(FreshTexts(texts), processes, config, frame)
        sample = samples.of_ids(3)
    cut, whole = samples.cut_off(sample), samples.in_windows(sample)
    assert cut.texts == whole.texts == 3
    assert cut.tokens == sum(min(length, 10) + 2 for length in lengths)
    assert cut.operations == sum(operations(config, min(length, 10) + 2, min(length, 10) + 2) for length in lengths)
    # Each further window of ten brings eight new tokens.
    windows = 1 + -(-(lengths[2] - 10) // 8)
    assert whole.tokens == sum(length + 2 for length in lengths[:2]) + windows * 12
