"""Fits one of the networks that read a reply's words in order: labelled lines -> its bytes.

What it looks like and how it is written is what `rust/engine/src/classifier/network.rs` reads.
Beside the opt-out it learns the other labels: they tell it what the words are about. Words are
misspelt and left out at random, so that it does not hang on single ones.
"""

import struct
import sys
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from smstrack_core._core import Classifier

BITS: Final = 15
WIDTH: Final = 48
CHANNELS: Final = 96
HEADS: Final = 4
HIDDEN: Final = 64
WORDS_MAX: Final = 48
PIECES_MAX: Final = 12
EPOCHS: Final = 10
BATCH: Final = 128
LABELS: Final = (
    "opt_out",
    "opt_in",
    "help",
    "affirmative",
    "negative",
    "question",
    "wrong_number",
    "auto_reply",
    "abusive",
    "survey",
    "coupon",
    "other",
    "trap",
)
OTHERS: Final = 3.0
"""How much the other labels count together, against the opt-out."""
_MISSPELT: Final = 0.35
_NO_BLANKS: Final = "\u2e80"

Weights = dict[str, Array]


class Line(NamedTuple):
    """A reply as the model reads it, and 1, 0 or -1 (nobody said) for each of `LABELS`."""

    read: bytes
    labels: tuple[int, ...]


@cache
def _pieces(read: bytes) -> np.ndarray:
    found = np.frombuffer(Classifier.pieces(read, BITS), dtype="<u4")
    return found.reshape(-1, PIECES_MAX).astype(np.int32)


def _rows(texts: Sequence[bytes]) -> np.ndarray:
    rows = np.zeros((len(texts), WORDS_MAX, PIECES_MAX), np.int32)
    for row, text in zip(rows, texts, strict=True):
        found = _pieces(text)
        row[: len(found)] = found
    return rows


def _misspelt(word: str, random: np.random.Generator) -> str:
    at, how = int(random.integers(len(word) - 1)), int(random.integers(4))
    if how == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if how == 1:
        return word[:at] + word[at + 1 :]
    if how == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + chr(97 + int(random.integers(26))) + word[at + 1 :]


def _noisy(text: bytes, random: np.random.Generator) -> bytes:
    """Some words misspelt, as thumbs do."""
    words = text.decode().split()
    for at in random.integers(0, len(words), size=1 + len(words) // 8) if words else ():
        word = words[at]
        if len(word) >= 4 and word.isalpha() and word < _NO_BLANKS:
            words[at] = _misspelt(word, random)
    return " ".join(words).encode()


def _epoch(texts: Sequence[bytes], whole: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows = whole.copy()
    for at in np.flatnonzero(random.random(len(texts)) < _MISSPELT):
        found = np.frombuffer(Classifier.pieces(_noisy(texts[at], random), BITS), dtype="<u4")
        rows[at] = 0
        rows[at].reshape(-1)[: len(found)] = found
    return rows


def _begin(key: Array) -> Weights:
    keys = iter(jax.random.split(key, 8))

    def some(*shape: int, scale: float) -> Array:
        return jax.random.normal(next(keys), shape) * scale

    pooled = (2 + HEADS) * CHANNELS
    return {
        "table": some(1 << BITS, WIDTH, scale=0.1),
        "first": some(3 * WIDTH, CHANNELS, scale=(3 * WIDTH) ** -0.5),
        "first_bias": jnp.zeros(CHANNELS),
        "second": some(3 * CHANNELS, CHANNELS, scale=(3 * CHANNELS) ** -0.5),
        "second_bias": jnp.zeros(CHANNELS),
        "attention": some(CHANNELS, HEADS, scale=0.1),
        "hidden": some(pooled, HIDDEN, scale=pooled**-0.5),
        "hidden_bias": jnp.zeros(HIDDEN),
        "last": some(HIDDEN, len(LABELS), scale=0.1),
        "last_bias": jnp.zeros(len(LABELS)),
    }


def _near(words: Array) -> Array:
    """Each word with the one before and the one after it."""
    edge = jnp.zeros_like(words[:, :1])
    before = jnp.concatenate([edge, words[:, :-1]], 1)
    after = jnp.concatenate([words[:, 1:], edge], 1)
    return jnp.concatenate([before, words, after], -1)


def _logits(weights: Weights, rows: Array, key: Array | None = None) -> Array:
    """One logit for each label; with a key some pieces, words and channels are left out."""
    is_there = rows > 0
    table = weights["table"][rows] * is_there[..., None]
    if key is not None:
        of_pieces, of_words, of_channels = jax.random.split(key, 3)
        table *= jax.random.bernoulli(of_pieces, 0.85, rows.shape)[..., None]
        table *= jax.random.bernoulli(of_words, 0.93, rows.shape[:2])[..., None, None]
    words = table.sum(2) / jnp.sqrt(jnp.maximum(1, is_there.sum(2)))[..., None]
    mask = is_there[:, :, :1]
    first = jax.nn.relu(_near(words) @ weights["first"] + weights["first_bias"]) * mask
    second = jax.nn.relu(_near(first) @ weights["second"] + weights["second_bias"])
    second = (first + second) * mask
    shares = jax.nn.softmax(jnp.where(mask, second @ weights["attention"], -1e9), 1)
    means = [(second * shares[..., head : head + 1]).sum(1) for head in range(HEADS)]
    pooled = jnp.concatenate([first.max(1), second.max(1), *means], -1)
    if key is not None:
        pooled *= jax.random.bernoulli(of_channels, 0.7, pooled.shape) / 0.7
    hidden = jax.nn.relu(pooled @ weights["hidden"] + weights["hidden_bias"])
    return hidden @ weights["last"] + weights["last_bias"]


def _loss(weights: Weights, rows: Array, labels: Array, key: Array) -> Array:
    wanted = jnp.maximum(labels, 0) * 0.97 + 0.015
    each = optax.sigmoid_binary_cross_entropy(_logits(weights, rows, key), wanted) * (labels >= 0)
    return each[:, 0].mean() + OTHERS * each[:, 1:].mean()


def fit(lines: Sequence[Line], seed: int) -> Weights:
    """Some minutes; the same lines and seed give the same network on the same machine."""
    random = np.random.default_rng(seed)
    texts = [line.read for line in lines]
    labels = np.array([line.labels for line in lines], np.float32)
    whole = _rows(texts)
    steps = len(lines) // BATCH
    pace = optax.warmup_cosine_decay_schedule(0, 2e-3, 200, EPOCHS * steps)
    optimizer = optax.adamw(pace, weight_decay=0.02)
    key, begin = jax.random.split(jax.random.PRNGKey(seed))
    weights = _begin(begin)
    state = optimizer.init(weights)

    @jax.jit
    def step(
        weights: Weights, state: optax.OptState, rows: Array, labels: Array, key: Array
    ) -> tuple[Weights, optax.OptState, Array]:
        loss, slope = jax.value_and_grad(_loss)(weights, rows, labels, key)
        change, state = optimizer.update(slope, state, weights)
        return optax.apply_updates(weights, change), state, loss

    for epoch in range(EPOCHS):
        rows, order, sum_ = _epoch(texts, whole, random), random.permutation(len(lines)), 0.0
        for at in range(steps):
            key, now = jax.random.split(key)
            some = order[at * BATCH : (at + 1) * BATCH]
            weights, state, loss = step(weights, state, rows[some], labels[some], now)
            sum_ += float(loss)
        print(f"network {seed}, round {epoch + 1}: {sum_ / steps:.3f}", file=sys.stderr, flush=True)
    return weights


def file_of(weights: Weights) -> bytes:
    """The bytes of a network: its shape, its table in bytes, the rest in 32-bit floats."""
    table = np.asarray(weights["table"])
    scale = float(np.abs(table).max()) / 127
    bytes_ = struct.pack("<5If", BITS, WIDTH, CHANNELS, HEADS, HIDDEN, scale)
    bytes_ += np.rint(table / scale).astype(np.int8).tobytes()
    layers = [
        (weights["first"], weights["first_bias"]),
        (weights["second"], weights["second_bias"]),
        (weights["attention"], np.zeros(HEADS)),
        (weights["hidden"], weights["hidden_bias"]),
        # Of the opt-out alone. The others helped to learn it; a machine's guess opts nobody in.
        (weights["last"][:, :1], weights["last_bias"][:1]),
    ]
    for rows, bias in layers:
        bytes_ += np.asarray(rows, "<f4").tobytes() + np.asarray(bias, "<f4").tobytes()
    return bytes_
