"""How well distances tell whether two images show one identity, and which of several.

Letters: N images, F features. Distances are squared, of vectors of length 1: 0 to 4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

SAME = 1e-3  # squared distance: so near lie copies of one image, and two that it parts no more are equally near
GALLERIES = 10  # drawn for the numbers of identification
IMPOSTORS = 0.5  # share of the people who are not enrolled, in the open set
ALARMS = 0.05  # share of them who may be taken for somebody


def squared_distances(one: Float[np.ndarray, "N F"], other: Float[np.ndarray, "M F"]) -> Float[np.ndarray, "N M"]:
    """Of each vector of the one from each of the other."""
    apart: Float[np.ndarray, "N M"] = one @ other.T  # in place from here on: of 13,000 images it fills 1.4 GB
    apart *= -2
    apart += 2
    return np.clip(apart, 0, 4, out=apart)


def pair_distances(
    distance: Float[np.ndarray, "N N"], who: Sequence[str]
) -> tuple[Float[np.ndarray, " P"], Float[np.ndarray, " Q"]]:
    """Of all pairs of one identity, and of all pairs of two."""
    upper = np.triu(np.ones(distance.shape, bool), 1)
    same = np.array(who)[:, None] == np.array(who)
    return distance[same & upper], distance[~same & upper]


def threshold_at(other: Float[np.ndarray, " Q"], rate: float) -> float:
    """The largest distance at which at most this share of the pairs of two identities are taken for one."""
    allowed = int(rate * len(other) + 1e-9)
    return float(np.nextafter(np.sort(other)[allowed], -np.inf)) if allowed < len(other) else 4.0


def confused(
    distance: Float[np.ndarray, "N N"], who: Sequence[str], threshold: float, most: int = 3
) -> list[tuple[int, int]]:
    """The nearest images of two identities, where these leave a threshold that tells no two images of one identity, or
    copies of an image alone.

    Args:
        threshold: As `threshold_at` chose it on these distances.
        most: Pairs that are named, an image once: what is near its copy is near it, too.

    Examples:
        >>> confused(np.array([[0.0, 0.2, 0.0], [0.2, 0.0, 0.2], [0.0, 0.2, 0.0]]), ["a", "a", "b"], -5e-324)
        [(0, 2)]
    """
    same, _ = pair_distances(distance, who)
    if threshold > SAME and (same <= threshold).any():
        return []
    near = max(SAME, float(np.nextafter(threshold, np.inf)))
    names = np.array(who)
    one, two = np.nonzero(np.triu(distance <= near, 1) & (names[:, None] != names))
    pairs: list[tuple[int, int]] = []
    named: set[int] = set()
    for n in np.argsort(distance[one, two], kind="stable"):
        pair = int(one[n]), int(two[n])
        if len(pairs) < most and named.isdisjoint(pair):
            pairs.append(pair)
            named.update(pair)
    return pairs


def verification(same: Float[np.ndarray, " P"], other: Float[np.ndarray, " Q"]) -> dict[str, float]:
    """`eer`, where as many pairs of one identity are refused as pairs of two are taken for one; `auc`; and the share of
    pairs of one identity that are told at false accept rates of 1% and 0.1% (`tar_at_far1`, `tar_at_far01`).

    Examples:
        >>> verification(np.array([0.1, 0.2]), np.array([0.3, 0.9]))["eer"]
        0.0
    """
    same, other = np.sort(same), np.sort(other)
    beside = np.searchsorted(other, same, side="right"), np.searchsorted(other, same, side="left")
    auc = 1 - float((beside[0] + beside[1]).mean()) / (2 * len(other))
    rates = {f"tar_at_far{name}": float((same <= threshold_at(other, rate)).mean())
             for name, rate in (("1", 0.01), ("01", 0.001))}  # fmt: skip
    return {"eer": _equal_error(same, other), "auc": auc, **rates}


def _equal_error(same: Float[np.ndarray, " P"], other: Float[np.ndarray, " Q"]) -> float:
    """The mean of both shares of mistakes at the cut where they are most alike. Both are sorted: with every cut fewer
    are refused and more are taken, so that halving finds it without an array of all cuts."""

    def mistakes(cut: float) -> tuple[float, float]:
        refused = 1 - np.searchsorted(same, cut, side="right") / len(same)
        return float(refused), float(np.searchsorted(other, cut, side="right") / len(other))

    def crossed(cut: float) -> bool:
        return mistakes(cut)[0] <= mistakes(cut)[1]

    beside: list[float] = []
    for pairs in (same, other):
        first = bisect_left(pairs, True, key=crossed)
        beside += pairs[max(0, first - 1) : first + 1].tolist()
    refused, taken = min(map(mistakes, sorted(beside)), key=lambda pair: abs(pair[0] - pair[1]))
    return (refused + taken) / 2


def by_identity(distance: Float[np.ndarray, "N N"], who: Sequence[str], threshold: float) -> dict[str, dict[str, int]]:
    """Of each identity its images, the pairs of them and how many are told by the threshold, and how many pairs with an
    image of another are taken for one; the worst told first, and those without a pair last.

    Examples:
        >>> by_identity(np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), ["a", "a", "b"], 0.5)["a"]
        {'images': 2, 'pairs': 1, 'told': 0, 'mistaken': 1}
    """
    names, near = np.array(who), distance <= threshold
    rows = {}
    for person in np.unique(names):
        mine = names == person
        images, own = int(mine.sum()), near[np.ix_(mine, mine)]
        told, pairs = int(np.triu(own, 1).sum()), images * (images - 1) // 2
        mistaken = int(near[np.ix_(mine, ~mine)].sum())
        rows[str(person)] = {"images": images, "pairs": pairs, "told": told, "mistaken": mistaken}
    return dict(sorted(rows.items(), key=lambda row: _how_well(row[1])))


def _how_well(row: dict[str, int]) -> tuple[bool, float, int]:
    """Small where an identity is told badly; those of whom nothing could be told come behind all others."""
    return row["pairs"] == 0, row["told"] / max(1, row["pairs"]), -row["mistaken"]


def identification(vectors: Float[np.ndarray, "N F"], who: Sequence[str], seed: int = 0) -> dict[str, float]:
    """`rank1`, the share of images whose nearest of a gallery with one image a person is of the right one; and
    `dir_at_fa5`, the share that is named rightly where half of the people (those with one image among them) are not
    enrolled and one in twenty images of these may be taken for somebody. Means over ten galleries, drawn from the seed.

    Args:
        who: Two people or more, one of them with two images at least.
    """
    rng = np.random.default_rng(seed)
    names = np.array(who)
    people, count = np.unique(names, return_counts=True)
    askable, alone = np.flatnonzero(count > 1), np.flatnonzero(np.isin(names, people[count == 1]))
    rank, named = [], []
    for _ in range(GALLERIES):
        first = np.array([rng.choice(np.flatnonzero(names == person)) for person in people])
        probes = np.setdiff1d(np.arange(len(names)), first)
        enrolled = np.sort(rng.permutation(askable)[: max(1, round((1 - IMPOSTORS) * len(people)))])
        nearest = squared_distances(vectors[probes], vectors[first]).argmin(1)
        rank.append(float((people[nearest] == names[probes]).mean()))
        shown = np.concatenate([probes, alone])
        distance = squared_distances(vectors[shown], vectors[first[enrolled]])
        named.append(_open_set(distance, people[enrolled], names[shown]))
    return {"rank1": float(np.mean(rank)), "dir_at_fa5": float(np.mean(named))}


def _open_set(distance: Float[np.ndarray, "N M"], gallery: np.ndarray, names: np.ndarray) -> float:
    known: Bool[np.ndarray, " N"] = np.isin(names, gallery)
    nearest, right = distance.min(1), gallery[distance.argmin(1)] == names
    return float((right & (nearest <= threshold_at(nearest[~known], ALARMS)))[known].mean())


def folds_accuracy(
    distance: Float[np.ndarray, " P"], same: Bool[np.ndarray, " P"], fold: Int[np.ndarray, " P"]
) -> dict[str, float]:
    """Accuracy of listed pairs, the threshold of each fold chosen on all others (LFW's protocol, Huang et al. 2007):
    `folds_accuracy`, the mean over the folds, two or more, and `folds_sd`. Of thresholds that are equally right on the
    others the middle of the widest gap is taken, which is as far from their pairs on both sides."""
    accuracy = []
    for number in np.unique(fold):
        others = fold != number
        threshold = _best_threshold(distance[others], same[others])
        accuracy.append(float(((distance[fold == number] <= threshold) == same[fold == number]).mean()))
    return {"folds_accuracy": float(np.mean(accuracy)), "folds_sd": float(np.std(accuracy))}


def _best_threshold(distance: Float[np.ndarray, " P"], same: Bool[np.ndarray, " P"]) -> float:
    """Up to which distance a pair is of one, so that most pairs are right.

    Examples:
        >>> _best_threshold(np.array([0.1, 0.2, 0.8]), np.array([True, True, False]))
        0.5
    """
    cuts = np.unique(distance)
    right = np.array([((distance <= cut) == same).sum() for cut in cuts])
    best = np.flatnonzero(right == right.max())
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)  # of cuts side by side, between which nothing changes
    gaps = [(cuts[run[0]], cuts[min(run[-1] + 1, len(cuts) - 1)]) for run in runs]
    low, high = max(gaps, key=lambda gap: gap[1] - gap[0])
    return float((low + high) / 2)
