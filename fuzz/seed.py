#!/usr/bin/env python3
"""Makes the corpora that fuzzing begins with, in `fuzz/corpus`.

They are the providers' samples, the signature vectors and the profiles of the tests, and what
earlier runs found (`fuzz/found.tar.xz`).

The first byte of an input of `decode` chooses the provider, by its place in `Provider::ALL`; the
highest bit asks for a template. That of `verify` chooses the scheme, by its place in
`Scheme::names()`. An input of `profile` is a profile, a NUL and a request.
"""

import json
import re
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "fuzz" / "corpus"
ENGINE = ROOT / "rust" / "engine" / "src"
DATA = ROOT / "tests" / "data"
FOUND = ROOT / "fuzz" / "found.tar.xz"


def put(target: str, name: str, content: bytes) -> None:
    """Writes one input."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def names(file: str, start: str, line: str) -> list[str]:
    """Names in the order of their enum."""
    block = (ENGINE / file).read_text().split(start, 1)[1].split("\n    }\n", 1)[0]
    found = re.findall(line, block, re.MULTILINE)
    if not found:
        raise SystemExit(f"{file} has no names where they are looked for")
    return found


def samples() -> None:
    """Each sample for its provider, with a template and without; JSON for `json`, too."""
    order = names("provider.rs", "    Provider {", r'^        \w+ = \d+ "([a-z0-9-]+)",$')
    for sample in sorted((DATA / "providers" / "samples").glob("*/*")):
        place = order.index(sample.parent.name)
        content = sample.read_bytes()
        for bit in (0, 0x80):
            name = f"{sample.parent.name}-{sample.stem}-{bit}"
            put("decode", name, bytes([place | bit]) + content)
        body = content.partition(b"\n\n")[2]
        if body.lstrip()[:1] in (b"{", b"["):
            put("json", f"{sample.parent.name}-{sample.stem}", body)


def vectors() -> None:
    """Each vector as a request for its scheme."""
    order = names("verify/scheme.rs", "const NAMES", r'^    \("([a-z0-9-]+)", Scheme::\w+\),$')
    for line in (DATA / "signatures" / "vectors.jsonl").read_text().splitlines():
        vector = json.loads(line)
        target = "/" + vector["url"].split("/", 3)[3]
        headers = "".join(f"{name}: {value}\n" for name, value in vector["headers"].items())
        head = f"{vector['method']} {target}\n{headers}\n"
        content = bytes([order.index(vector["scheme"])]) + (head + vector["body"]).encode()
        put("verify", vector["id"], content)
        if pem := vector.get("certificate_pem"):
            place = order.index("sns") | 0x80
            put("verify", f"{vector['scheme']}-pem", bytes([place]) + pem.encode())


def profiles() -> None:
    """The profiles of the page and of the tests, each before a request."""
    page = (ROOT / "docs" / "add-a-provider.md").read_text()
    texts = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    tests = (ROOT / "rust" / "engine" / "tests" / "profiles.rs").read_text()
    texts += re.findall(r'r#"\n?(.*?)"#', tests, re.DOTALL)
    folder = DATA / "providers" / "samples"
    requests = [folder / name for name in ("mmg/dlr-01.http", "gupshup/dlr-02.http")]
    for number, text in enumerate(texts):
        for request in requests:
            put("profile", f"{number}-{request.stem}", text.encode() + b"\0" + request.read_bytes())


def main() -> None:
    """Writes all of them."""
    samples()
    vectors()
    profiles()
    if FOUND.exists():
        with tarfile.open(FOUND) as archive:
            archive.extractall(CORPUS, filter="data")


if __name__ == "__main__":
    main()
