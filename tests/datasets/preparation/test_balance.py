import numpy as np
import pandas as pd

from mh_batch.datasets.preparation.balance import balanced


def rows_of(counts: dict[str, int], languages: tuple[str, ...] = ("en",)) -> pd.DataFrame:
    bands = [band for band, count in counts.items() for _ in range(count)]
    return pd.DataFrame(
        {
            "doc_id": [f"s/{place}" for place in range(len(bands))],
            "source": "s",
            "length_band": bands,
            "language": [languages[place % len(languages)] for place in range(len(bands))],
        }
    )


def test_the_second_seeds_external_set_comes_out_in_its_published_size() -> None:
    # Bands of its 18,198 rows, counted in words; its README says that 11,469 were integrated.
    rows = rows_of({"1-2": 124, "3-8": 3_277, "9-15": 6_781, "16-35": 8_016})
    drawn, drawn_out = balanced(rows, 42)
    assert len(drawn) == 11_469
    assert drawn["length_band"].value_counts().to_dict() == {"16-35": 6_554, "3-8": 3_277, "9-15": 1_638}
    assert len(drawn) + len(drawn_out) == 18_198


def test_the_scarcest_band_decides() -> None:
    rows = rows_of({"3-8": 500, "9-15": 500, "16-35": 500, "36-60": 500, "61-90": 10})
    drawn, _ = balanced(rows, 1)
    wanted = {"3-8": 20, "9-15": 10, "16-35": 40, "36-60": 20, "61-90": 10}
    assert drawn["length_band"].value_counts().to_dict() == wanted


def test_each_language_keeps_its_share() -> None:
    drawn, _ = balanced(rows_of({"3-8": 300, "9-15": 600}, ("en", "de", "fr")), 1)
    assert set(drawn.groupby(["length_band", "language"]).size().unstack().loc["9-15"]) == {50}


def test_the_draw_follows_the_seed_and_not_the_order_of_rows() -> None:
    rows = rows_of({"3-8": 300, "9-15": 600})
    shuffled = rows.sample(frac=1, random_state=np.random.RandomState(5)).reset_index(drop=True)
    first, again, other = (set(balanced(*draw)[0]["doc_id"]) for draw in ((rows, 1), (shuffled, 1), (rows, 2)))
    assert first == again != other


def test_nothing_is_drawn_where_no_text_has_a_length_of_the_bands() -> None:
    drawn, drawn_out = balanced(rows_of({"91+": 5}), 1)
    assert (len(drawn), len(drawn_out)) == (0, 5)
    assert balanced(rows_of({}), 1)[0].empty
