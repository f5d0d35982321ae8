"""`mh-batch report`: the report of a published run, written again from its scores."""

from mh_batch.commands.base import Command
from mh_batch.commands.run_summary import drift_code, summarize_run
from mh_batch.settings import ReportSettings


def _run(settings: ReportSettings) -> int:
    from mh_batch import open_run
    from mh_batch.output import MANIFEST, Leases, OutputRoot, output_access
    from mh_batch.reporting import write_report
    from mh_batch.spark import command_session, run_settings

    run, root = open_run(settings.output, settings.run), OutputRoot.at(settings.output)
    root.compared(settings.against, run.manifest["previous"])  # a wrong run id is said at once
    lease = Leases(root.folder).held("run", f"report of {run.run_id}")
    with command_session("mh-batch report") as spark, run_settings(spark), output_access(root), lease:
        manifest = run.manifest  # not before: an erasure may have changed it
        compared = root.compared(settings.against, manifest["previous"])
        entry = write_report(spark, run.folder, manifest, settings, compared)
        (run.folder / MANIFEST).write_json({**manifest, "report": entry})
    print(summarize_run(run))
    return drift_code(entry, settings)


COMMAND = Command("report", ReportSettings, _run, "write the report of a published run again")
