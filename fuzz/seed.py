#!/usr/bin/env python3
"""Puts the providers' samples into the corpus of the target `decode`; knows nothing else.

That target's first byte chooses the provider, by its place in `Provider::ALL`; the highest bit
asks for a template.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "fuzz" / "corpus" / "decode"


def names() -> list[str]:
    """Names of the providers in the order of their enum."""
    source = (ROOT / "rust" / "engine" / "src" / "event.rs").read_text()
    block = source.split("    Provider {", 1)[1].split("\n    }\n", 1)[0]
    return re.findall(r"^        \w+ = \d+ \"([a-z0-9-]+)\",$", block, re.MULTILINE)


def main() -> None:
    """Writes one file for each sample, with a template and without."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    order = names()
    for sample in sorted((ROOT / "tests" / "data" / "providers" / "samples").glob("*/*")):
        place = order.index(sample.parent.name) if sample.parent.name in order else 0
        for bit in (0, 0x80):
            name = f"{sample.parent.name}-{sample.stem}-{bit}"
            (CORPUS / name).write_bytes(bytes([place | bit]) + sample.read_bytes())


if __name__ == "__main__":
    main()
