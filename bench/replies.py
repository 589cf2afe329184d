"""P7: labelling replies end to end, against the same rules as one `re` alternation."""

import argparse
import re
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, Final

# As a script, this folder would hide the standard library's http behind bench/http.py.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson

from bench import common

TARGETS: Final = {"end to end": 10.0, "scan alone": 50.0}
"""PERFORMANCE P7: times as many texts a second as the alternation."""
WORDS: Final = (
    "ok see you at the store tomorrow my order is late can we meet on friday instead of monday i "
    "like this one please send a photo what time running home now the blue shirt was great thank "
    "you so much gracias mañana por la tarde si no puedo esta bien"
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000, help="short texts a round")
    parser.add_argument(
        "--distinct", type=int, default=5_000, help="different texts among them: replies repeat"
    )
    parser.add_argument("--rounds", type=int, default=common.PAIRS_MIN, help="pairs")
    parser.add_argument("--sample", type=int, default=1_000, help="texts that the alternation gets")
    parser.add_argument("--seed", type=int, default=1, help="one seed gives one mix")
    parser.add_argument("--core", type=int, default=0, help="the core that all runs on")
    parser.add_argument("--json", action="store_true", help="one machine-readable line")
    return parser.parse_args()


def mix(count: int, distinct: int, seed: int) -> list[str]:
    """Short texts, so many of them different; one in five is heard."""
    random = Random(seed)
    heard = [
        orjson.loads(line)["text"]
        for file in sorted((common.ROOT / "tests" / "data" / "replies").glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    texts = []
    for number in range(min(distinct, count)):
        made = " ".join(random.choices(WORDS.split(), k=random.randint(1, 9)))
        chosen = random.choice(heard) if number % 5 == 0 else made
        texts.append(f"{chosen} {number}")
    return texts if len(texts) >= count else random.choices(texts, k=count)


def main() -> int:
    """Measures, checks, prints."""
    asked = arguments()
    from smstrack_core.replies.judge import Judge  # noqa: PLC0415 - after the command line is read
    from smstrack_core.replies.matcher import (  # noqa: PLC0415
        Matcher,
        default_cache,
        haystack,
    )
    from smstrack_core.replies.opinion import classifier  # noqa: PLC0415
    from smstrack_core.replies.rules import built_in  # noqa: PLC0415

    common.progress("compiling the rules")
    matcher = Matcher(built_in().rules, default_cache())
    texts = mix(asked.texts, asked.distinct, asked.seed)
    data = [haystack(text) for text in texts]
    alternation = re.compile(b"|".join(b"(?:%b)" % regex.encode() for _, regex in matcher.regexes))
    sample = data[:: max(1, len(data) // asked.sample)]
    rates: dict[str, list[float]] = {"re": [], "end to end": [], "scan alone": []}

    def run(name: str) -> None:
        began = time.perf_counter()
        if name == "re":
            for text in sample:
                alternation.search(text)
            done = len(sample)
        elif name == "scan alone":
            for text in data:
                matcher.scan(text)
            done = len(data)
        else:
            judge = Judge([matcher], None, classifier()).judge
            for text in texts:
                judge(text)
            done = len(texts)
        rates[name].append(done / (time.perf_counter() - began))

    with common.pinned(asked.core):
        for number in range(asked.rounds):
            common.progress(f"round {number + 1} of {asked.rounds}")
            for name in common.in_turn(list(rates), number):
                run(name)
    checks = common.Checks()
    differing = sum(bool(matcher.scan(text)) != bool(alternation.search(text)) for text in sample)
    checks.equal("texts on which the alternation and the scan differ", differing, 0)
    return report(asked, rates, checks, len(sample))


def report(
    asked: argparse.Namespace, rates: dict[str, list[float]], checks: common.Checks, sampled: int
) -> int:
    """Prints; 1 if an answer was wrong."""
    spreads = {name: common.Spread(tuple(values)) for name, values in rates.items()}
    found = {name: common.ratios(rates[name], rates["re"]) for name in TARGETS}
    lines = [f"{name:12} {spread} texts/s" for name, spread in spreads.items()]
    lines += [
        f"{name:12} {found[name]} times the alternation; target {target:g}"
        for name, target in TARGETS.items()
    ]
    lines += [
        f"{min(asked.distinct, asked.texts):,} of {asked.texts:,} texts are different",
        f"the alternation was measured on {sampled:,}",
        str(checks),
    ]
    result: dict[str, Any] = {
        "bench": "replies",
        "heading": common.heading(asked.seed),
        "rates": {name: spread.as_json() for name, spread in spreads.items()},
        "ratios": {name: spread.as_json() for name, spread in found.items()},
        "targets": TARGETS,
        "checks": checks.results,
        "valid": checks.is_ok,
    }
    common.emit(result, lines, as_json=asked.json)
    return 0 if checks.is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
