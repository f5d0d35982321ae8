from pathlib import Path

from mh_batch.output.layout import OutputRoot
from mh_batch.output.leases import Leases
from mh_batch.output.maintenance import remove_stale_files


def test_what_killed_writers_left_half_written_goes_and_what_is_whole_stays(tmp_path: Path) -> None:
    whole = [
        "store/model=m/run=compacted-1/part-0.parquet",
        "runs/r/manifest.json",
        "outbox/issued/1.parquet",
        "erased/one.parquet",
    ]
    left = [
        "store/model=m/run=compacted-2/_temporary/0/task_1/part-0.parquet",
        "runs/r/report/index.html.draft",
        "outbox/issued/2.parquet.draft",
        "erased/pending.json.draft",
        "work/killed/part-0.parquet",
    ]
    others = ["leases/run-of-somebody-who-starts.json.draft", "notes/letter.draft"]
    for name in (*whole, *left, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    root = OutputRoot.at(str(tmp_path))
    remove_stale_files(root, Leases(root.folder))
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {*whole, *others}
