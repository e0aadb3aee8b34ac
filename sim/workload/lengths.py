"""How long prompts and answers are: distributions, as equally likely lengths or drawn."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.catalog import row
from sim.scenario.schema.service import RequestLengths, TokenLength

Column = NDArray[np.float64]

POINTS: Final = 48
"""Equally likely lengths that stand for a distribution."""

_WITHIN: Final = 20


class Lengths(NamedTuple):
    """Equally likely lengths of prompts, and of answers; each of shape (n_points,)."""

    prompt_tokens: Column
    output_tokens: Column


def length_specs(spec: str | RequestLengths) -> tuple[TokenLength, TokenLength]:
    """Return the distributions of prompts and of answers.

    Parameters
    ----------
    spec : str or RequestLengths
        A name in the catalog's ``request_shapes``, or the distributions themselves.

    Returns
    -------
    tuple of TokenLength
        Prompts and answers.

    Raises
    ------
    ValueError
        If the catalog has no such row.
    """
    if isinstance(spec, RequestLengths):
        return spec.prompt, spec.output
    facts = row("request_shapes", spec)
    prompt, output = (
        TokenLength(
            median_tokens=float(facts[f"{what}_median_tokens"]),
            sigma=float(facts[f"{what}_sigma"]),
            max_tokens=float(facts[f"{what}_max_tokens"]),
        )
        for what in ("prompt", "output")
    )
    return prompt, output


def likely_lengths(spec: str | RequestLengths) -> Lengths:
    """Return equally likely lengths: the means of equal parts of each distribution."""
    middle = (np.arange(POINTS * _WITHIN) + 0.5) / (POINTS * _WITHIN)
    points = [_bounded(one, ndtri(middle)) for one in length_specs(spec)]
    return Lengths(*(tokens.reshape(POINTS, _WITHIN).mean(axis=1) for tokens in points))


def drawn_tokens(spec: TokenLength, rng: np.random.Generator, count: int) -> Column:
    """Draw lengths, rounded to whole tokens.

    Parameters
    ----------
    spec : TokenLength
        Their distribution.
    rng : Generator
        Random stream.
    count : int
        How many. [-]

    Returns
    -------
    ndarray of float, shape (count,)
        Lengths, at least 1. [-]
    """
    return np.rint(_bounded(spec, rng.standard_normal(count)))


def binned_lengths(tokens: Column) -> Column:
    """Return lengths by the means of `POINTS` equal parts, shortest to longest. [-]."""
    if not len(tokens):
        return np.ones(POINTS)
    # Of few, each stands for several parts.
    many = np.repeat(np.sort(tokens), -(-POINTS // len(tokens)))
    return np.array([part.mean() for part in np.array_split(many, POINTS)])


def _bounded(spec: TokenLength, score: Column) -> Column:
    return np.clip(spec.median_tokens * np.exp(spec.sigma * score), 1.0, spec.max_tokens)
