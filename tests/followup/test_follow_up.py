import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.cli import main
from mh_batch.consent import SCOPES
from mh_batch.errors import UsageError
from mh_batch.followup import Outbox, Policy, follow_up
from mh_batch.followup.outbox_rows import Evidence, OutboxRow
from mh_batch.output import OutputRoot
from mh_batch.pseudonyms import author_key
from tests.consent.histories import AUTHORS, Event, frame, moment
from tests.followup.policies import KEY, due, granted, ledger_of, policy, rule
from tests.reporting.scored_corpus import write_run

pytestmark = pytest.mark.spark

MODEL = "one-of-two"
POLICY = policy(
    rule(model=MODEL),
    rule(name="one-very-sure", model=MODEL, threshold=0.97, documents=1, within_days=1, action="other"),
    rule(name="three", model=MODEL, documents=3, scope="notify_therapist", action="notify", cool_down_days=5),
)


def draw_documents(seed: int, days: int = 40, number: int = 150) -> dict[str, list[Evidence]]:
    draw, drawn = random.Random(seed), dict[str, list[Evidence]]()
    for i in range(number):
        at = moment(draw.randrange(days * 24) / 24)
        drawn.setdefault(draw.choice([*AUTHORS, "dan", "eve"]), []).append(Evidence(at, f"doc-{i}", draw.random()))
    return drawn


def draw_events(seed: int, days: int = 40, number: int = 60) -> list[Event]:
    draw = random.Random(seed)
    subjects = [("author_id", name) for name in AUTHORS] + [("doc_id", f"doc-{i}") for i in range(300)]
    events = {
        Event(draw.choice(subjects), draw.choice(SCOPES), draw.choice(["granted", "withdrawn"]), draw.randrange(days))
        for _ in range(number)
    }
    return [*(granted(author, scope) for author in AUTHORS for scope in SCOPES[1:]), *events]


def write_scores(root: Path, documents: dict[str, list[Evidence]]) -> None:
    rows = pd.DataFrame(
        [
            {"doc_id": one.doc_id, "author_key": author_key(KEY, author), "created_at": one.created_at, "p": one.p}
            for author, own in documents.items()
            for one in own
        ]
    )
    loose = pd.DataFrame(
        {"doc_id": ["nobody", "undated"], "author_key": [None, rows["author_key"][0]], "created_at": [moment(1), None]}
    ).assign(p=0.99)
    loose["created_at"] = pd.to_datetime(loose["created_at"], utc=True)
    rows = pd.concat([rows, loose], ignore_index=True)
    rows = rows.assign(p_depressed=rows["p"], p_not_depressed=1 - rows["p"], language="en", source=None, region=None)
    top = pd.Series(["depressed" if p >= 0.5 else "not_depressed" for p in rows["p"]])
    rows = rows.assign(labels=top.map(lambda label: [label]), top_label=top, n_tokens=9, n_windows=1, content_key="k")
    write_run(root / "runs" / "20260210T020000Z-aaaaaa", {MODEL: rows})


def followed(spark: SparkSession, root: Path, made: Policy, events: list[Event], day: float) -> tuple[OutboxRow, ...]:
    @contextmanager
    def session() -> Iterator[SparkSession]:
        yield spark

    run, output = open_run(str(root)), OutputRoot.at(str(root))
    return follow_up(session, output, run, made, ledger_of(events), KEY, issued_by="tester", moment=moment(day)).rows


def test_spark_finds_what_a_look_at_every_document_finds_and_issues_it_once(
    spark: SparkSession, tmp_path: Path
) -> None:
    documents, events = draw_documents(seed=2, number=300), draw_events(seed=3)
    write_scores(tmp_path, documents)
    expected = due(POLICY, documents, events, 38)
    assert {row.rule for row in expected} == {one.name for one in POLICY.rules}
    rows = followed(spark, tmp_path, POLICY, events, 38)
    key = [(row.rule, row.author_key, row.occasion_at, [one.doc_id for one in row.evidence]) for row in rows]
    assert key == [(r.rule, r.author_key, r.occasion_at, [one.doc_id for one in r.evidence]) for r in expected]
    assert followed(spark, tmp_path, POLICY, events, 38) == ()
    assert len(Outbox(OutputRoot.at(str(tmp_path))).rows()) == len(expected)


def test_a_policy_for_scores_that_the_run_lacks_is_refused(tmp_path: Path) -> None:
    write_scores(tmp_path, draw_documents(seed=1, number=5))
    for changes, message in [
        ({"model": "one-of-tow"}, "rule 'two-in-three-days': .* did you mean 'one-of-two'"),
        ({"model": MODEL, "label": "depresed"}, "has no label 'depresed': did you mean 'depressed'"),
    ]:
        with pytest.raises(UsageError, match=message):
            follow_up(
                pytest.fail,
                OutputRoot.at(str(tmp_path)),
                open_run(str(tmp_path)),
                policy(rule(**changes)),
                ledger_of([]),
                KEY,
            )


def test_the_commands_issue_and_deliver_and_name_nobody(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    documents = {
        name: [Evidence(now - timedelta(hours=i), f"secret-{name}-{i}", 0.95) for i in (1, 2, 3)] for name in AUTHORS
    }
    root = tmp_path / "root"
    write_scores(root, documents)
    (root / "pseudonym.key").write_text(KEY.links[0].hex())
    (tmp_path / "policy.yaml").write_text(
        POLICY.model_copy(update={"rules": POLICY.rules[:1]}).model_dump_json(), encoding="utf-8"
    )
    frame([granted("ada"), granted("bob")]).to_parquet(tmp_path / "ledger.parquet")
    common = ["--output", str(root), "--consent", str(tmp_path / "ledger.parquet")]
    issue = ["followup", *common, "--policy", str(tmp_path / "policy.yaml"), "--issued-by", "night shift"]

    assert main([*issue, "--dry-run"]) == 0
    assert "met by 2 consenting authors (self_help); 2 would be issued" in capsys.readouterr().out
    assert not (root / "outbox").exists()
    assert main(issue) == 0
    assert "2 issued" in capsys.readouterr().out
    (file,) = (root / "outbox" / "issued").iterdir()
    rows = pq.read_table(file).to_pylist()
    assert [row["issued_by"] for row in rows] == ["night shift"] * 2

    assert main(["deliver", *common, "--dry-run"]) == 0
    assert capsys.readouterr().out == "to_send: 2\n"
    frame([granted("ada"), granted("bob"), Event(("author_id", "bob"), "self_help", "withdrawn", 1)]).to_parquet(
        tmp_path / "ledger.parquet"
    )
    assert main(["deliver", *common]) == 0
    printed = capsys.readouterr()
    assert printed.out == "delivered: 1\nwithheld: 1\n"
    assert not any(word in printed.out + printed.err for word in ("secret-", "ada", rows[0]["author_key"]))
    assert main(["deliver", *common, "--sink", "webhook"]) == 2
    assert "--sink webhook needs --webhook-url" in capsys.readouterr().err
