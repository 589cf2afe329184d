"""The second opinion on replies: what it may decide, and what it never does."""

import math
import operator
import struct
from pathlib import Path
from random import Random

import pytest

import smstrack_core as sms
from smstrack_core._core import Classifier
from smstrack_core.replies import opinion
from smstrack_core.replies.judge import Judge
from smstrack_core.replies.label import labeller
from smstrack_core.replies.matcher import Matcher
from smstrack_core.replies.rules import load

RULES = """
[[rule]]
id = "own-list"
label = "opt_out"
language = "en"
pattern = "see you"
match = ["see you then"]
"""


@pytest.fixture(scope="module")
def alone() -> Judge:
    """The model without a single rule beside it."""
    return Judge([], None, opinion.classifier())


@pytest.mark.parametrize(
    "text",
    [
        "I would be so grateful not to hear from your store ever again",
        "kindly forget that you ever had my number",
        "que no me vuelvan a mandar nada, gracias",
        "bitte verschont mich mit diesen nachrichten",
    ],
)
def test_wordings_that_no_rule_has_are_likely_opt_outs(alone: Judge, text: str) -> None:
    found = alone.judge(text)
    assert (found.labels, found.grade) == (("opt_out",), "likely")
    assert found.rules == ("model:opt_out",)


@pytest.mark.parametrize(
    "text",
    [
        "see you on friday",
        "is the blue one back in stock?",
        "gracias, nos vemos",
        "ok",
        "",
        "\ud800",
    ],
)
def test_ordinary_replies_stay_what_they_are(alone: Judge, text: str) -> None:
    assert "opt_out" not in alone.judge(text).labels


def test_it_never_overrules_a_keyword_or_a_rule_of_ones_own(tmp_path: Path) -> None:
    never = Classifier(Classifier.file([0] * 256, 1.0, -50.0, 1.0, []))
    file = tmp_path / "own.toml"
    file.write_text(RULES)
    judge = Judge([Matcher([]), Matcher(load([file]).rules)], None, never)
    assert judge.judge("STOP").grade == "certain"
    assert judge.judge("stop, please. thanks for everything").labels[0] == "opt_out"
    assert judge.judge("see you then").labels == ("opt_out",)


def test_a_built_in_rule_can_be_doubted(tmp_path: Path) -> None:
    never = Classifier(Classifier.file([0] * 256, 1.0, -50.0, 1.0, []))
    file = tmp_path / "own.toml"
    file.write_text(RULES)
    found = Judge([Matcher(load([file]).rules)], None, never).judge("see you then")
    assert (found.labels, found.rules) == (("other",), ("model:doubts",))


@pytest.mark.parametrize("change", ["cut", "flip", "empty"])
def test_a_damaged_model_judges_nothing(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bytearray(opinion.MODEL.read_bytes())
    file[len(file) // 2] ^= change == "flip"
    kept = {"cut": bytes(file[:-1]), "flip": bytes(file), "empty": b""}[change]
    damaged = tmp_path / "model.bin"
    damaged.write_bytes(kept)
    monkeypatch.setattr(opinion, "MODEL", damaged)
    opinion.classifier.cache_clear()
    try:
        with pytest.raises(sms.InputError, match="model of replies") as refused:
            labeller()
        assert refused.value.code == "self_test_failed"
    finally:
        opinion.classifier.cache_clear()


def _tiny_network(random: Random) -> tuple[bytes, dict[str, list[list[float]]]]:
    """A network's bytes and its numbers: 3 wide, 4 channels, 2 heads, 5 hidden."""
    table = [[random.randint(-9, 9) for _ in range(3)] for _ in range(256)]
    shapes = {"first": (9, 4), "second": (12, 4), "attention": (4, 2), "hidden": (16, 5)}
    layers = {
        # The last row is what is added to the sums.
        name: [[random.uniform(-1, 1) for _ in range(outputs)] for _ in range(inputs + 1)]
        for name, (inputs, outputs) in {**shapes, "last": (5, 1)}.items()
    }
    bytes_ = struct.pack("<5If", 8, 3, 4, 2, 5, 0.25)
    bytes_ += b"".join(struct.pack("<3b", *row) for row in table)
    for rows in layers.values():
        bytes_ += b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    return bytes_, {"table": [[0.25 * value for value in row] for row in table], **layers}


def _layer(rows: list[list[float]], inputs: list[float]) -> list[float]:
    return [
        rows[-1][at] + sum(value * row[at] for value, row in zip(inputs, rows, strict=False))
        for at in range(len(rows[0]))
    ]


def _by_hand(net: dict[str, list[list[float]]], text: bytes) -> float:
    pieces = struct.iter_unpack("<12I", Classifier.pieces(text, 8))
    words = []
    for word in pieces:
        mine = [net["table"][piece] for piece in word if piece]
        words.append([sum(column) / math.sqrt(len(mine)) for column in zip(*mine, strict=True)])

    def near(rows: list[list[float]], name: str) -> list[list[float]]:
        edge = [[0.0] * len(rows[0])]
        trios = zip(edge + rows[:-1], rows, rows[1:] + edge, strict=True)
        return [[max(0.0, v) for v in _layer(net[name], [*a, *b, *c])] for a, b, c in trios]

    first = near(words, "first")
    second = [
        [a + b for a, b in zip(*rows, strict=True)]
        for rows in zip(first, near(first, "second"), strict=True)
    ]
    pooled = [max(column) for rows in (first, second) for column in zip(*rows, strict=True)]
    for head in range(2):
        shares = [math.exp(_layer(net["attention"], row)[head]) for row in second]
        pooled += [
            sum(map(operator.mul, column, shares)) / sum(shares)
            for column in zip(*second, strict=True)
        ]
    hidden = [max(0.0, value) for value in _layer(net["hidden"], pooled)]
    return _layer(net["last"], hidden)[0]


def _odds(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize("text", ["one", "leave me out of it", "退订 please", "a " * 60])
def test_a_network_is_what_its_file_says(text: str, seed: int) -> None:
    random = Random(seed)
    bytes_, net = _tiny_network(random)
    read = text.encode()
    first = _by_hand(net, read)
    alone = Classifier(Classifier.file([0] * 256, 1.0, 0.0, 0.0, [bytes_]))
    assert alone.score(read) == pytest.approx(_odds(first), abs=1e-4)
    other, net = _tiny_network(random)
    both = Classifier(Classifier.file([0] * 256, 1.0, 2.0, 0.5, [bytes_, other]))
    wanted = 0.5 * 2.0 + 0.5 * (first + _by_hand(net, read)) / 2
    assert both.score(read) == pytest.approx(_odds(wanted), abs=1e-4)
    with pytest.raises(ValueError, match="shorter than its networks"):
        Classifier.file([0] * 256, 1.0, 0.0, 0.0, [bytes_[:-1]])
