"""`smstrack providers` and `smstrack profile`: providers as data, profiles and their samples."""

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from smstrack_core.cli.output import print_line
from smstrack_core.profiles import check_profile, describe_providers

profile_app: Final = typer.Typer(
    help="Provider profiles: files that tell a gateway's format.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Loaded = Annotated[
    list[Path] | None,
    typer.Option(
        "--profiles", help="Provider profile, or a directory of them. May be repeated.",
        metavar="PATH",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def providers(
    name: Annotated[str | None, typer.Argument(help="One of them.", metavar="NAME")] = None,
    profiles: Loaded = None,
    as_json: AsJson = False,
) -> None:
    """List the providers whose requests can be read, or show one as data.

    Examples:
    - `smstrack providers`
    - `smstrack providers mmg --json`
    - `smstrack providers --profiles ./profiles`
    """
    found = describe_providers(profiles)
    if name is not None:
        chosen = [one for one in found if name == one["name"] or name in one["aliases"]]
        if not chosen:
            names = ", ".join(one["name"] for one in found)
            message = f"there is no provider {name!r}; known are {names}."
            raise typer.BadParameter(message, param_hint="NAME")
        if as_json:
            print_line(orjson.dumps(chosen[0]).decode())
        else:
            _print_one(chosen[0])
    elif as_json:
        print_line(orjson.dumps(found).decode())
    else:
        width = max(len(one["name"]) for one in found)
        for one in found:
            others = f" (also {', '.join(one['aliases'])})" if one["aliases"] else ""
            print_line(f"{one['name']:<{width}}  {one['title']}{others}")


def _print_one(facts: dict[str, Any]) -> None:
    answer = facts["answer"]
    said = f"{answer['status']} {answer['content_type']} {answer['body']}".rstrip()
    rows = {
        "name": facts["name"],
        "also": ", ".join(facts["aliases"]),
        "title": facts["title"],
        "told by": "this build" if facts["built_in"] else "a profile",
        "ids": ", ".join(facts["ids"]) or "as they are",
        "ids of a batch": "shared by its recipients" if facts["shares_ids"] else "",
        "country": "" if facts["country"] is None else f"+{facts['country']} for a leading zero",
        "clock": facts["clock"],
        "receipts": "one a part" if facts["parts"] == "each" else "one a message",
        "signatures": ", ".join(facts["signatures"]) or "none",
        "checked by": facts["scheme"] or "",
        "answer": said,
    }
    for key, value in rows.items():
        if value:
            print_line(f"{key}: {value}")
    for word in facts["states"]:
        print_line(f"status {word['word']}: {word['state']}{', final' if word['final'] else ''}")
    if facts.get("other_state"):
        print_line(f"any other status: {facts['other_state']}")
    for cause, codes in facts["errors"].items():
        print_line(f"errors {cause}: {', '.join(codes)}")


@profile_app.callback()
def profile() -> None:
    """Provider profiles: files that tell a gateway's format. See docs/add-a-provider.md."""


@profile_app.command(name="test")
def check_samples(
    file: Annotated[Path, typer.Argument(help="The profile.", metavar="FILE")],
    samples: Annotated[
        Path, typer.Argument(help="Raw requests and expected.jsonl.", metavar="SAMPLES_DIR")
    ],
    as_json: AsJson = False,
) -> None:
    """Decode a profile's samples and print where they differ from what is expected.

    Exit code 1 if one sample differs, or has no line in expected.jsonl.

    Example:
    - `smstrack profile test profiles/acme.toml profiles/acme`
    """
    result = check_profile(file, samples)
    differences = [
        {"file": one.file, "expected": one.expected, "found": one.found}
        for one in result.differences
    ]
    if as_json:
        summary = {"name": result.name, "samples": result.samples, "events": result.events}
        print_line(orjson.dumps({**summary, "differences": differences}).decode())
    else:
        for one in differences:
            print_line(f"{one['file']}: differs")
            for word in ("expected", "found"):
                for line in one[word].splitlines():
                    print_line(f"  {word:>8}: {line}")
        count = f"{result.samples} samples, {result.events} events"
        print_line(f"{result.name}: {count}, {len(differences) or 'no'} different")
    if differences:
        raise typer.Exit(1)
