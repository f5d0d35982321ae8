"""Self-contained pages: their templates, and the charts' JavaScript."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import altair as alt
import jinja2
import vl_convert

from mh_batch.charts import formats

_SHARED = "mh_batch.charts"
_FILTERS = (
    formats.count,
    formats.percent,
    formats.percent_interval,
    formats.percentage_points,
    formats.plain,
    formats.moment,
    formats.day,
)


@cache
def template(name: str, package: str) -> jinja2.Template:
    """Return a page's template; what it interpolates is escaped, and a missing value is an error.

    Args:
        name: The template's file.
        package: Whose folder `templates` it lies in; what it includes may also lie in the one of this package.
    """
    folders = [files(place) / "templates" for place in (package, _SHARED)]
    environment = jinja2.Environment(
        # The package may lie in a zip file, where jinja2's own loader finds no templates.
        loader=jinja2.FunctionLoader(lambda wanted: _source(folders, wanted)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {filter_.__name__: filter_ for filter_ in _FILTERS}
    return environment.get_template(name)


def _source(folders: Sequence[Traversable], name: str) -> str | None:
    found = (folder / name for folder in folders)
    return next((path.read_text(encoding="utf-8") for path in found if path.is_file()), None)


@cache
def chart_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as JavaScript that needs no network, safe within a script element."""
    bundle: str = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=".".join(alt.SCHEMA_VERSION.split(".")[:2])
    )
    return bundle.replace("</script", r"<\/script")
