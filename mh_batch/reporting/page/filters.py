"""What readers can choose on the page, and the classes that show or hide what a choice concerns."""

from collections.abc import Sequence
from dataclasses import dataclass

from mh_batch.reporting.page.charts.style import Look, look_of
from mh_batch.reporting.page.names import group_name
from mh_batch.reporting.page.views import ModelView


@dataclass(frozen=True)
class Filters:
    """The labels and languages of the report.

    Attributes:
        indicators: The labels that can be chosen, in the order that gives them their colours.
        labels: These and the labels that mean none of them.
        languages: Languages that can be chosen.
        suppressed: Languages that cannot, since their figures are suppressed.
    """

    indicators: tuple[str, ...]
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    suppressed: tuple[str, ...]

    @property
    def looks(self) -> dict[str, Look]:
        """How the indicators look in the charts."""
        return look_of(self.indicators)

    def of_label(self, label: str) -> str:
        """Return the class of what concerns one label."""
        return f"L{self.labels.index(label)}"

    def of_language(self, language: str) -> str:
        """Return the classes of what concerns one language, or all together."""
        return f"G G{self.languages.index(language)}" if language in self.languages else "G"


def filters_of(views: Sequence[ModelView]) -> Filters:
    """Return what can be chosen among all models' labels and languages."""
    indicators = dict.fromkeys(label for view in views for label in view.indicators)
    labels = dict.fromkeys([*indicators, *(label for view in views for label in view.labels)])
    languages = dict.fromkeys(name for view in views for name in view.languages.open)
    suppressed = dict.fromkeys(name for view in views for name in view.languages.suppressed if name not in languages)
    return Filters(tuple(indicators), tuple(labels), tuple(languages), tuple(sorted(suppressed, key=_name)))


def _name(language: str) -> str:
    return group_name("language", language)
