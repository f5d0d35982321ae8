"""Adjustment of what a classifier says to prevalence.

The share that it marks is adjusted for its errors, with an interval; for comparison, there is the base rate that
explains its probabilities best.
"""

from dataclasses import dataclass

import numpy as np

from mh_batch.reporting.estimation.draws import prevalence_interval, rate_draws
from mh_batch.reporting.estimation.uncertainty import Floats

_CELLS_AT_ONCE = 32
# Each halves the error: after 40 it is below 1e-12.
_HALVINGS = 40
_CELLS_OF_EM = 1000


@dataclass(frozen=True)
class Rates:
    """Error rates as model cards state them (`ErrorRate`), each array of shape (rates,).

    Attributes:
        sensitivity: Share of labelled positive documents that the model marked.
        specificity: Share of labelled negative documents that it did not mark.
        positives: Labelled positive documents behind the sensitivity.
        negatives: Labelled negative documents behind the specificity.
    """

    sensitivity: Floats
    specificity: Floats
    positives: Floats
    negatives: Floats


@dataclass(frozen=True)
class Mixture:
    """The mixture of error rates in each cell; the weights have shape (cells, rates), and those of a cell sum to 1.

    Attributes:
        rates: What is mixed.
        of_positives: Weights among the documents to which the label applies, for the sensitivity.
        of_negatives: Weights among the others, for the specificity.
    """

    rates: Rates
    of_positives: Floats
    of_negatives: Floats

    @property
    def sensitivity(self) -> Floats:
        """Sensitivity in each cell."""
        return _mixed(self.of_positives, self.rates.sensitivity)

    @property
    def specificity(self) -> Floats:
        """Specificity in each cell."""
        return _mixed(self.of_negatives, self.rates.specificity)


@dataclass(frozen=True)
class Adjusted:
    """Prevalences with their 95 % intervals, each array of shape (cells,)."""

    prevalence: Floats
    low: Floats
    high: Floats


def rogan_gladen(share: Floats, sensitivity: Floats, specificity: Floats) -> Floats:
    """Return the prevalence at which a classifier with these error rates marks that share, clipped to 0..1.

    Source: Rogan, W. J., & Gladen, B. (1978). Estimating prevalence from the results of a screening test. American
    Journal of Epidemiology 107, 71-76.

    Args:
        share: Shares of documents that the classifier marks, of any shape that broadcasts with the others.
        sensitivity: Shares of positive documents that it marks.
        specificity: Shares of negative documents that it does not mark.

    Returns:
        Prevalences; NaN where sensitivity and specificity together are at most 1, which tells nothing.
    """
    skill = sensitivity + specificity - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        prevalence: Floats = np.where(skill > 0, np.clip((share + specificity - 1) / skill, 0, 1), np.nan)
    return prevalence


def mix(documents: Floats, positives: Floats, rates: Rates) -> Mixture:
    """Weigh the error rates (of languages) as each cell mixes them.

    Unless clipped, the prevalence adjusted with the mixture is the mean, weighted by documents, of the prevalences
    that are adjusted language by language.

    Args:
        documents: Documents of each cell to which each rate belongs, of shape (cells, rates).
        positives: Those of them that the classifier marked. For shares of authors, give authors and sums of shares.
        rates: Error rates.

    Returns:
        The mixture; its weights are NaN where a cell has no documents.
    """
    with np.errstate(invalid="ignore"):
        counted = np.where(documents > 0, positives / documents, 0)
    prevalence = rogan_gladen(counted, rates.sensitivity, rates.specificity)
    # A rate that tells nothing tells nothing of the weights either.
    positive = documents * np.where(np.isnan(prevalence), counted, prevalence)
    return Mixture(rates, _weights(positive, documents), _weights(documents - positive, documents))


def _weights(parts: Floats, otherwise: Floats) -> Floats:
    parts = np.where(parts.sum(axis=1, keepdims=True) > 0, parts, otherwise)
    with np.errstate(invalid="ignore"):
        weights: Floats = parts / parts.sum(axis=1, keepdims=True)
    return weights


def adjust(share: Floats, effective: Floats, mixture: Mixture) -> Adjusted:
    """Adjust shares for the errors of the classifier, with intervals that carry the uncertainty of both.

    Draws of the share come from the confidence distribution of its Wilson interval, draws of the error rates from
    their posteriors; `draws.prevalence_interval` says what of them makes the interval.

    All cells share the draws, so that a cell has the same interval whatever is adjusted with it.

    Args:
        share: Share of documents, or mean share over authors, that the classifier marks; shape (cells,); may be NaN.
        effective: Independent documents that would be as informative, shape (cells,).
        mixture: The error rates in each cell.

    Returns:
        Prevalences and intervals; NaN where the share is, or where the error rates tell nothing.
    """
    prevalence = rogan_gladen(share, mixture.sensitivity, mixture.specificity)
    rates = mixture.rates
    sensitivity = rate_draws(rates.sensitivity, rates.positives, stream=0)
    specificity = rate_draws(rates.specificity, rates.negatives, stream=1)
    low, high = np.empty_like(prevalence), np.empty_like(prevalence)
    for start in range(0, len(prevalence), _CELLS_AT_ONCE):
        part = slice(start, start + _CELLS_AT_ONCE)
        found, passed = _mixed(mixture.of_positives[part], sensitivity), _mixed(mixture.of_negatives[part], specificity)
        low[part], high[part] = prevalence_interval(share[part], effective[part], found, passed)
    # Posteriors of rates measured as 0 or 1 lie to one side of them.
    return Adjusted(prevalence, np.minimum(low, prevalence), np.maximum(high, prevalence))


def _mixed(weights: Floats, rates: Floats) -> Floats:
    # Not `@`: its rounding depends on how many cells there are, and its threads get in the way of one another.
    mixed: Floats = np.einsum("cr,r...->c...", weights, rates)
    return mixed


def saerens_em(probability: Floats, documents: Floats, base_rate: float) -> Floats:
    """Return the prevalence to which expectation maximisation corrects calibrated probabilities for a new base rate.

    With two classes the likelihood that the algorithm climbs is concave in the prevalence, so its one maximum is found
    by halving on the slope: the same value as the iteration's, without hundreds of steps where classes overlap.

    Source: Saerens, M., Latinne, P., & Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori
    probabilities: a simple procedure. Neural Computation 14, 21-41.

    Args:
        probability: Mean probability of the label in each bin, of shape (cells, bins); of empty bins it may be NaN.
        documents: Documents in each bin, of the same shape.
        base_rate: Share of positives among the documents on which the probabilities are calibrated.

    Returns:
        Prevalences of shape (cells,): the base rate itself where the probabilities tell nothing, NaN where there are no
        documents.

    Raises:
        ValueError: the base rate does not lie between 0 and 1.
    """
    if not 0 < base_rate < 1:
        raise ValueError(f"the base rate must lie between 0 and 1, not {base_rate}")
    parts = [slice(start, start + _CELLS_OF_EM) for start in range(0, len(probability), _CELLS_OF_EM)]
    return np.concatenate([np.empty(0), *(_likeliest(probability[part], documents[part], base_rate) for part in parts)])


def _likeliest(probability: Floats, documents: Floats, base_rate: float) -> Floats:
    # Likelihoods of the label and of its absence, up to a common factor; an empty bin has no say.
    label = np.where(documents > 0, probability / base_rate, 1)
    other = np.where(documents > 0, (1 - probability) / (1 - base_rate), 1)
    low, high = np.zeros(len(documents)), np.ones(len(documents))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # Between 0 and 1 no bin has likelihood 0, not even one of probability 0 or 1.
        mixed = middle[:, None] * label + (1 - middle[:, None]) * other
        rising = (documents * (label - other) / mixed).sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    flat = np.isclose(label, other, rtol=1e-12, atol=0).all(axis=1)
    return np.where(documents.sum(axis=1) > 0, np.where(flat, base_rate, (low + high) / 2), np.nan)
