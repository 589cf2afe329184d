"""Fits the second opinion on replies: labelled lines -> the model that the package carries.

A logistic regression over the features that the core finds in a folded reply, and networks that
read its words in order (`network.py`). Needs what `training/requirements.txt` names and nothing
that users install; `make model` runs it, for a quarter of an hour.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from network import LABELS, Line, file_of, fit
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from smstrack_core._core import Classifier
from smstrack_core.replies.opinion import MODEL, read_as

BITS: Final = 18
"""2 to the power of this many weights: collisions cost nothing measurable, the file is 512 KiB."""
STRENGTH: Final = 100.0
"""Inverse of the penalty; a third or three times as much changes nothing that could be seen."""
SEEDS: Final = (1, 2)
"""A network each; what two agree on is more often right."""
SHARE: Final = 0.4
"""How much the linear model counts beside the networks."""
_HERE: Final = Path(__file__).parent
_SOURCES: Final = (_HERE / "replies", _HERE.parent / "tests" / "data" / "replies")


def lines(files: Sequence[Path]) -> list[Line]:
    """All replies; one that comes twice counts once."""
    found: dict[str, Line] = {}
    for file in files:
        for text in file.read_text().splitlines():
            row = json.loads(text)
            if row["text"] not in found:
                found[row["text"]] = Line(read_as(row["text"]), _labels(row))
    return list(found.values())


def _labels(row: dict[str, object]) -> tuple[int, ...]:
    said = row.get("labels")
    if not isinstance(said, list):
        return (int(bool(row["opt_out"])), *[-1] * (len(LABELS) - 1))
    said = [*said, *["trap"] * bool(row.get("trap"))]
    return tuple(int(label in said) for label in LABELS)


def matrix(rows: Sequence[Line]) -> csr_matrix:
    """One row a text: its features, each one over the root of how many there are."""
    ends, columns, values = [0], [], []
    for row in rows:
        found = np.frombuffer(Classifier.features(row.read, BITS), dtype="<u4")
        columns.append(found)
        values.append(np.full(len(found), 1 / np.sqrt(max(1, len(found)))))
        ends.append(ends[-1] + len(found))
    whole = (np.concatenate(values), np.concatenate(columns), ends)
    return csr_matrix(whole, shape=(len(rows), 1 << BITS))


def main() -> None:
    """Writes the model; says on stderr what it was made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL, help="where it is written")
    out: Path = parser.parse_args().out
    rows = lines(sorted(file for place in _SOURCES for file in place.glob("*.jsonl")))
    is_out = [row.labels[0] for row in rows]
    fitted = LogisticRegression(C=STRENGTH, max_iter=1_000)
    fitted.fit(matrix(rows), is_out)
    weights = fitted.coef_[0]
    scale = float(np.abs(weights).max()) / 32_767
    whole = np.rint(weights / scale).astype(int).tolist()
    networks = [file_of(fit(rows, seed)) for seed in SEEDS]
    out.write_bytes(Classifier.file(whole, scale, float(fitted.intercept_[0]), SHARE, networks))
    print(f"{len(rows):,} replies, {sum(is_out):,} of them opt-outs -> {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
