import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from mh_batch.cli import main
from mh_batch.contracts import load_contract
from mh_batch.datasets.preparation import (
    PreparationRecipe,
    load_preparation_recipe,
    prepare,
    shipped_preparation_recipes,
)
from mh_batch.datasets.preparation.deduplication import without_copies
from mh_batch.errors import LeakError, PreparationError, UsageError
from mh_batch.settings import PrepareSettings
from tests.datasets.preparation.sources import text, write_sources
from tests.texts import PLANTED, files_with

SPLITS = ("train", "validation", "test")
RULES = [{"when": {"mood": "low"}, "then": "yes"}, {"when": {"mood": "fine"}, "then": "no"}]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sources(tmp_path_factory.mktemp("data"))


def settings(output: Path, data: Path, **others: Any) -> PrepareSettings:
    return PrepareSettings(recipe="", output=output, data=data, **others)


def recipe(*sources: dict[str, Any], **others: Any) -> PreparationRecipe:
    content = {
        "name": "mine",
        "description": "Ours.",
        "task": "single_label",
        "labels": ["no", "yes"],
        "languages": ["en"],
    }
    listed = [{"labels": RULES, "values": {"language": "en"}, **source} for source in sources]
    return PreparationRecipe.model_validate({**content, "sources": listed, **others})


def posts(count: int, seed: int = 1, words: int = 30) -> list[str]:
    rng = random.Random(seed)
    return [text("en", "neutral", words, rng) for _ in range(count)]


def write_posts(folder: Path, texts: Sequence[str | None], name: str = "posts.parquet", **columns: Any) -> Path:
    frame = pd.DataFrame({"text": texts, "mood": ["low", "fine"] * (len(texts) // 2) + ["low"] * (len(texts) % 2)})
    frame = frame.assign(**columns)
    if name.endswith(".csv"):
        frame.to_csv(folder / name, index=False)
    else:
        frame.to_parquet(folder / name)
    return folder


def read(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in SPLITS], ignore_index=True)


def rejected(folder: Path) -> dict[str, int]:
    reasons: dict[str, int] = pq.read_table(folder / "rejected.parquet")["reason"].to_pandas().value_counts().to_dict()
    return reasons


@pytest.mark.parametrize("name", sorted(shipped_preparation_recipes()))
def test_shipped_recipes_make_sound_splits_with_a_card(name: str, sources: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    prepared = prepare(load_preparation_recipe(name), settings(output, sources))
    labels = load_preparation_recipe(name).labels
    for split in SPLITS:
        table = pq.read_table(output / f"{split}.parquet")
        assert table.schema.equals(load_contract("prepared").for_labels(labels).arrow_schema())
        assert set(table["split"].to_pylist()) == {split}
    rows = read(output)
    assert rows["doc_id"].is_unique
    assert len(rows) + sum(rejected(output).values()) == prepared.card["rows"]["read"]
    assert [prepared.card["splits"][split] for split in SPLITS] == rows["split"].value_counts()[list(SPLITS)].tolist()
    assert len(rows) * 0.7 == pytest.approx(prepared.card["splits"]["train"], abs=2)
    assert json.loads((output / "card.json").read_text()) == json.loads(json.dumps(prepared.card))
    page = (output / "README.md").read_text()
    assert f"| all | {len(rows):,} | 100.0% |" in page
    assert "Leak check over the written splits, with other hashes: 0 copies, 0 near-copies and 0 authors" in page


def test_the_full_recipe_reads_languages_labels_and_categories(sources: Path, tmp_path: Path) -> None:
    prepared = prepare(load_preparation_recipe("xlmr-depression"), settings(tmp_path / "out", sources))
    rows = read(tmp_path / "out")
    sentiments = rows[rows["source"] == "multilingual-sentiments"]
    assert set(sentiments["label"]) == {"not_depressed"}
    assert set(sentiments["label_depressed"]) == {0}
    assert set(sentiments["language"]) == {"en", "de", "fr", "it", "pt", "es"}
    assert {row["value"] for row in prepared.card["distributions"]["category"]} == {
        "Self-Worth", "Future Outlook", "Social Impact", "(none)"
    }  # fmt: skip


def test_copies_are_found_across_sources_and_splits(tmp_path: Path) -> None:
    first = posts(40)
    edited = [
        first[0].upper(),
        f"{first[1]} https://example.org/b",
        first[2].replace(".", "!!"),
        f"Okay, {first[3]}",
        " ".join(["zebra", *first[4].split()[1:]]),
    ]
    write_posts(tmp_path, first, "first.parquet")
    write_posts(tmp_path, [*posts(40, seed=2), *edited], "second.parquet")
    made = recipe({"name": "first", "path": "first.parquet"}, {"name": "second", "path": "second.parquet"})
    prepare(made, settings(tmp_path / "out", tmp_path))
    rows = read(tmp_path / "out")
    assert not set(edited) & set(rows["text"])
    assert set(first) <= set(rows["text"])
    assert rejected(tmp_path / "out") == {"copy": 3, "near_copy": 2}


def test_near_copies_that_are_kept_are_in_one_split(tmp_path: Path) -> None:
    first = posts(60)
    copies = [f"Okay, {one}" for one in first[:30]]
    write_posts(tmp_path, [*first, *copies], mood=["low"] * 60 + ["fine"] * 2 + ["low"] * 28)
    prepared = prepare(
        recipe({"name": "posts", "path": "posts.parquet"}), settings(tmp_path / "out", tmp_path, near_copies="keep")
    )
    rows = read(tmp_path / "out").set_index("text")
    assert len(rows) == 90
    assert prepared.card["conflicts"] == {"copies": 0, "near_copies": 2}
    for column in ("split", "cluster"):
        assert rows[column][first[:30]].tolist() == rows[column][copies].tolist()


def test_an_authors_texts_are_in_one_split_and_the_author_is_a_number(tmp_path: Path) -> None:
    write_posts(tmp_path, posts(90), author=[f"{PLANTED[0]} {n // 3}" if n < 60 else None for n in range(90)])
    prepared = prepare(recipe({"name": "posts", "path": "posts.parquet"}), settings(tmp_path / "out", tmp_path))
    rows = read(tmp_path / "out")
    assert rows.groupby("author")["split"].nunique().tolist() == [1] * 20
    assert prepared.card["authors"] == 20
    assert files_with(tmp_path / "out", PLANTED[:1]) == []


def test_texts_are_in_the_splits_and_nowhere_else(tmp_path: Path) -> None:
    texts = [f"{PLANTED[0]} {one}" for one in posts(20)]
    write_posts(tmp_path, [*texts, f"Okay, {texts[0]}", texts[1].upper()])
    prepare(recipe({"name": "posts", "path": "posts.parquet"}), settings(tmp_path / "out", tmp_path))
    found = {Path(file).name for file in files_with(tmp_path / "out", PLANTED[:1])}
    assert found == {"train.parquet", "validation.parquet", "test.parquet"}


def test_a_source_for_training_only_is_in_no_other_split(tmp_path: Path) -> None:
    write_posts(tmp_path, posts(60), "first.parquet")
    write_posts(tmp_path, posts(60, seed=2), "second.parquet")
    made = recipe(
        {"name": "first", "path": "first.parquet"}, {"name": "more", "path": "second.parquet", "use": "train"}
    )
    prepare(made, settings(tmp_path / "out", tmp_path))
    rows = read(tmp_path / "out")
    counts = rows[["source", "split"]].value_counts().to_dict()
    assert counts == {
        ("more", "train"): 60,
        ("first", "train"): 42,
        ("first", "validation"): 12,
        ("first", "test"): 6,
    }


def test_the_order_of_rows_and_the_format_of_the_file_change_nothing(tmp_path: Path) -> None:
    texts = [*posts(80), *[f"Okay, {one}" for one in posts(10)], 'A text, "quoted",\nover two lines']
    write_posts(tmp_path, texts, "posts.csv")
    pd.read_csv(tmp_path / "posts.csv").sample(frac=1, random_state=3).to_parquet(tmp_path / "posts.parquet")
    for kind in ("csv", "parquet"):
        prepare(recipe({"name": "posts", "path": f"posts.{kind}"}), settings(tmp_path / kind, tmp_path))
    for split in SPLITS:
        assert (tmp_path / "csv" / f"{split}.parquet").read_bytes() == (
            tmp_path / "parquet" / f"{split}.parquet"
        ).read_bytes()
    prepare(recipe({"name": "posts", "path": "posts.csv"}), settings(tmp_path / "other", tmp_path, seed=7))
    assert set(read_split(tmp_path / "other", "test")) != set(read_split(tmp_path / "csv", "test"))


def read_split(folder: Path, split: str) -> list[str]:
    ids: list[str] = pq.read_table(folder / f"{split}.parquet")["doc_id"].to_pylist()
    return ids


def test_rows_that_cannot_be_used_are_recorded_with_a_reason(tmp_path: Path) -> None:
    french = text("fr", "neutral", 30, random.Random(1))
    texts = [*posts(40), None, " \u200b\n", french, posts(1, seed=9)[0]]
    write_posts(tmp_path, texts, kind=["post"] * 43 + ["advert"], mood=["low"] * 40 + ["low"] * 3 + ["none"])
    made = recipe({"name": "posts", "path": "posts.parquet", "where": {"kind": "post"}, "values": {}})
    prepare(made, settings(tmp_path / "out", tmp_path))
    assert rejected(tmp_path / "out") == {"no_text": 2, "other_language": 1, "filtered": 1}


@pytest.mark.parametrize(
    ("given", "codes", "language"),
    [("en-GB", {}, "en"), ("EN", {}, "en"), ("english", {"english": "en"}, "en"), ("", {}, "en"), (None, {}, "en")],
)
def test_languages_are_read_in_all_spellings_and_detected_where_there_is_none(
    tmp_path: Path, given: str | None, codes: dict[str, str], language: str
) -> None:
    write_posts(tmp_path, posts(12), language=given)
    made = recipe({"name": "posts", "path": "posts.parquet", "values": {}, "language_codes": codes})
    prepare(made, settings(tmp_path / "out", tmp_path))
    assert read(tmp_path / "out")["language"].tolist() == [language] * 12


def test_texts_keep_their_own_spelling_and_ids_come_from_the_text_where_there_is_none(tmp_path: Path) -> None:
    write_posts(tmp_path, ["  Ｗｅ WALKED, and\nwalked!  ", *posts(20)])  # noqa: RUF001 - the wide letters stay
    prepare(recipe({"name": "posts", "path": "posts.parquet"}), settings(tmp_path / "out", tmp_path))
    rows = read(tmp_path / "out").set_index("text")
    # printf the text | sha256sum
    assert rows.loc["Ｗｅ WALKED, and\nwalked!", "doc_id"] == "posts/71233431a5334ef5"  # noqa: RUF001


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"columns": {"text": "txt"}}, "source 'posts' has no column 'txt': did you mean 'text'?"),
        ({"labels": [{"when": {"moods": "low"}, "then": "yes"}]}, "has no column 'moods': did you mean 'mood'?"),
        ({"labels": RULES[:1]}, "no rule gives 10 rows a label (mood: fine)"),
        ({"labels": [{"when": {"text": "x"}, "then": "yes"}]}, "(text: (no label word), ...)"),
        ({"path": "gone.parquet"}, "gone.parquet is not there; --data names the folder"),
        ({"path": "notes.txt"}, "is neither Parquet (.parquet) nor CSV (.csv)"),
        ({"path": "empty.parquet"}, "source 'posts' has no rows"),
        ({"path": "broken.parquet"}, "broken.parquet: it is damaged or no Parquet file"),
        ({"columns": {"text": "number"}}, "column 'number' holds int64, and not texts"),
        ({"path": None, "hub": {"name": "gone/gone", "revision": "0123456"}}, "check its name, revision and split,"),
        ({"values": {"language": "pl"}}, "no row of recipe 'mine' can be used: other_language 20"),
    ],
)
def test_a_source_that_is_not_as_the_recipe_says_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    write_posts(tmp_path, [f"{PLANTED[0]} {one}" for one in posts(20)], number=7)
    write_posts(tmp_path, [], "empty.parquet")
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "broken.parquet").write_text(PLANTED[0])
    with pytest.raises(UsageError) as error:
        prepare(recipe({"name": "posts", "path": "posts.parquet", **source}), settings(tmp_path / "out", tmp_path))
    assert message in str(error.value)
    assert PLANTED[0] not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_rows_without_a_rule_are_left_out_where_the_recipe_says_so(tmp_path: Path) -> None:
    write_posts(tmp_path, posts(20))
    made = recipe({"name": "posts", "path": "posts.parquet", "labels": RULES[:1], "unmatched": "leave_out"})
    prepare(made, settings(tmp_path / "out", tmp_path))
    assert rejected(tmp_path / "out") == {"no_label": 10}


def test_nothing_is_published_where_the_written_splits_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = posts(60)
    write_posts(tmp_path, [*first, *[f"Okay, {one}" for one in first]])
    blind = "mh_batch.datasets.preparation.preparing.without_near_copies"
    monkeypatch.setattr(blind, lambda rows, *others: without_copies(rows, ["label_yes"]))
    with pytest.raises(LeakError, match="near-copies"):
        prepare(recipe({"name": "posts", "path": "posts.parquet"}), settings(tmp_path / "out", tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["posts.parquet"]


def test_only_a_prepared_data_set_is_replaced_and_only_when_told(tmp_path: Path) -> None:
    write_posts(tmp_path, posts(20))
    made, output = recipe({"name": "posts", "path": "posts.parquet"}), tmp_path / "out"
    prepare(made, settings(output, tmp_path))
    with pytest.raises(UsageError, match="is there already"):
        prepare(made, settings(output, tmp_path))
    prepare(made, settings(output, tmp_path, overwrite=True, seed=2))
    assert json.loads((output / "card.json").read_text())["settings"]["seed"] == 2
    (output / "card.json").unlink()
    with pytest.raises(UsageError, match="holds no prepared data set"):
        prepare(made, settings(output, tmp_path, overwrite=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "posts.parquet"]


def test_a_data_set_of_the_hub_is_read_through_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    write_posts(folder, posts(20), "train.parquet")
    # The library reads a local folder by the same call as a name on the hub.
    made = recipe({"name": "posts", "hub": {"name": str(folder), "revision": "0123456"}})
    prepared = prepare(made, settings(tmp_path / "out", tmp_path))
    assert prepared.card["sources"][0]["digest"] == "revision:0123456"
    assert prepared.card["rows"]["used"] == 20


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("datasketch", {"path": "posts.parquet"}),
        ("datasets", {"hub": {"name": "a/b", "revision": "0123456"}}),
    ],
)
def test_a_missing_package_is_named_by_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, source: dict[str, Any]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    write_posts(tmp_path, posts(20))
    with pytest.raises(UsageError, match=r"pip install 'mh-batch\[prepare\]'"):
        prepare(recipe({"name": "posts", **source}), settings(tmp_path / "out", tmp_path))


def test_the_command_prepares_and_says_what_it_did(
    capsys: pytest.CaptureFixture[str], sources: Path, tmp_path: Path
) -> None:
    flags = ["--recipe", "xlmr-depression-mini", "--data", str(sources), "--output", str(tmp_path / "out")]
    assert main(["prepare", *flags, "--shares", "0.5", "0.3", "0.2"]) == 0
    printed = capsys.readouterr()
    assert "xlmr-depression-mini: 240 rows read" in printed.out
    assert "checking the written splits for leaks" in printed.err
    texts = pd.read_parquet(sources / "depression_six_languages.parquet")["text"]
    assert not any(one in printed.out + printed.err for one in texts)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--shares", "0.5", "0.5", "0.5"], "the shares must sum to 1, not 1.5"),
        (["--threshold", "0.3"], "bad value for 'threshold'"),
        (["--near-copies", "drop"], "bad value for 'near_copies'"),
    ],
)
def test_wrong_settings_are_named(capsys: pytest.CaptureFixture[str], flags: list[str], message: str) -> None:
    assert main(["prepare", "--recipe", "xlmr-depression-mini", "--output", "out", *flags]) == 2
    assert message in capsys.readouterr().err


def test_files_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="say with --data in which folder it lies"):
        prepare(load_preparation_recipe("xlmr-depression-mini"), PrepareSettings(recipe="", output=tmp_path / "out"))


def test_a_recipe_file_works_as_a_name_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_posts(tmp_path, posts(20))
    file = tmp_path / "mine.yaml"
    made = recipe({"name": "posts", "path": "posts.parquet"})
    file.write_text(yaml.safe_dump(made.model_dump(mode="json", exclude_defaults=True)))
    assert main(["prepare", "--recipe", str(file), "--data", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    assert "mine: 20 rows read, 20 used" in capsys.readouterr().out


def test_preparation_errors_are_errors_of_usage() -> None:
    assert PreparationError.exit_code == 2
