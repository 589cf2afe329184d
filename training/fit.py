"""Fits the second opinion on replies: labelled lines -> the model that the package carries.

A logistic regression over the features that the core finds in a folded reply. Needs what
`training/requirements.txt` names and nothing that users install; `make model` runs it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from smstrack_core._core import Classifier
from smstrack_core.replies.opinion import MODEL, read_as

BITS: Final = 18
"""2 to the power of this many weights: collisions cost nothing measurable, the file is 512 KiB."""
STRENGTH: Final = 100.0
"""Inverse of the penalty; a third or three times as much changes nothing that could be seen."""
_HERE: Final = Path(__file__).parent
_SOURCES: Final = (_HERE / "replies", _HERE.parent / "tests" / "data" / "replies")


def lines(files: Sequence[Path]) -> Iterator[tuple[str, bool]]:
    """Texts and whether each is an opt-out; a text that comes twice counts once."""
    seen = set()
    for file in files:
        for line in file.read_text().splitlines():
            row = json.loads(line)
            if row["text"] not in seen:
                seen.add(row["text"])
                yield row["text"], row.get("opt_out", "opt_out" in row.get("labels", ()))


def matrix(texts: Sequence[str]) -> csr_matrix:
    """One row a text: its features, each one over the root of how many there are."""
    ends, columns, values = [0], [], []
    for text in texts:
        found = np.frombuffer(Classifier.features(read_as(text), BITS), dtype="<u4")
        columns.append(found)
        values.append(np.full(len(found), 1 / np.sqrt(max(1, len(found)))))
        ends.append(ends[-1] + len(found))
    whole = (np.concatenate(values), np.concatenate(columns), ends)
    return csr_matrix(whole, shape=(len(texts), 1 << BITS))


def main() -> None:
    """Writes the model; says on stderr what it was made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL, help="where it is written")
    out: Path = parser.parse_args().out
    rows = list(lines(sorted(file for place in _SOURCES for file in place.glob("*.jsonl"))))
    fitted = LogisticRegression(C=STRENGTH, max_iter=1_000)
    fitted.fit(matrix([text for text, _ in rows]), [is_out for _, is_out in rows])
    weights = fitted.coef_[0]
    scale = float(np.abs(weights).max()) / 32_767
    whole = np.rint(weights / scale).astype(int).tolist()
    out.write_bytes(Classifier.file(whole, scale, float(fitted.intercept_[0])))
    outs = sum(is_out for _, is_out in rows)
    print(f"{len(rows):,} replies, {outs:,} of them opt-outs -> {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
