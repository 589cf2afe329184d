"""The command line as a person or a program meets it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

import smstrack_core as sms
from smstrack_core._core import parse_request

from fiction import number, numbers

RECEIPT = "MessageSid=SM1&MessageStatus=delivered&To=%2B" + number(3)[1:]
COMMANDS = ("serve", "demo", "decode", "providers", "verify", "report", "segment", "check")


def smstrack(*arguments: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "smstrack_core", *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with sms.open(tmp_path / "data") as engine:
        blast = engine.campaign("spring").blast("b1", audience=numbers(0, 5), tags={"a": "b"})
        blast.sent([(number(i), f"SM{i}") for i in range(4)], provider="twilio")
        engine.ingest(
            "twilio", [f"MessageSid=SM{i}&MessageStatus=delivered".encode() for i in (0, 1)]
        )
        engine.suppress([number(1)])
    return tmp_path / "data"


def http_file(directory: Path, name: str, body: str) -> Path:
    file = directory / name
    head = "POST /hooks/twilio\nContent-Type: application/x-www-form-urlencoded\n\n"
    file.write_bytes((head + body).encode())
    return file


@pytest.mark.slow
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_a_sentence_and_an_example(command: str) -> None:
    done = smstrack(*([command] if command else []), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    if command:
        assert f"smstrack {command} " in done.stdout
    else:
        for name in COMMANDS:
            assert name in done.stdout


@pytest.mark.slow
def test_version() -> None:
    assert smstrack("--version").stdout.strip() == f"smstrack {sms.__version__}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"], ["report"], ["decode", "-p", "pigeon", "x"],
        ["serve", "x", "--port", "99999"], ["decode", "-p", "kannel", "--template", "[]", "x"],
        ["demo", "--contacts", "1"],
    ],
)  # fmt: skip
def test_a_command_that_is_not_understood_is_exit_code_2(arguments: list[str]) -> None:
    done = smstrack(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_decode_prints_events_as_json_lines_and_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    good = http_file(tmp_path, "good.http", RECEIPT)
    bad = http_file(tmp_path, "bad.http", f"{RECEIPT}%ZZ")
    done = smstrack("decode", "--provider", "twilio", good, bad, tmp_path / "none.http", good)
    assert done.returncode == 1
    events = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert [event["file"] for event in events] == [str(good)] * 2
    assert events[0]["contact"] == number(3)
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        str(bad), str(tmp_path / "none.http"),
    ]  # fmt: skip
    assert "percent_invalid" in done.stderr


@pytest.mark.slow
def test_decode_reads_standard_input_and_templates() -> None:
    request = "GET /hooks/kannel?myId=473902&type=1\n\n"
    template = '{"myId": "client_ref", "type": "dlr"}'
    done = smstrack("decode", "-p", "kannel", "--template", template, "-", stdin=request)
    assert done.returncode == 0, done.stderr
    event = orjson.loads(done.stdout)
    assert (event["file"], event["state"], event["client_ref"]) == ("-", "delivered", "473902")


def test_a_raw_request_is_read_byte_for_byte() -> None:
    request = parse_request(b"POST /x?a=1 HTTP/1.1\r\nA: b: c\r\nD:e\r\n\r\nbody\n\n\xff")
    assert (request.method, request.target, request.body) == ("POST", "/x?a=1", b"body\n\n\xff")
    assert request.headers == [("A", "b: c"), ("D", "e")]
    assert parse_request(b"SMPP deliver_sm\nsource_addr: 1\n\nid:1").method == "SMPP"
    for raw in (b"", b"\n\n", b"hello", b"GET\n\n", b"GET /x\nno header\n\n"):
        with pytest.raises(sms.InputError) as caught:
            parse_request(raw)
        assert caught.value.code == "value_invalid"


@pytest.mark.slow
def test_report_for_people_and_for_programs(data: Path) -> None:
    done = smstrack("report", data, "spring")
    assert done.returncode == 0, done.stderr
    assert "delivery rate             40.00% (2 of 5 sent)" in done.stdout
    plain = orjson.loads(smstrack("report", data, "spring", "--json").stdout)
    assert plain["sets"]["delivered"] == 2
    assert plain["balance"]["difference"] == 0


@pytest.mark.slow
def test_segment_counts_lists_and_exports(data: Path, tmp_path: Path) -> None:
    expression = "spring.delivered"
    assert smstrack("segment", data, expression, "--count").stdout == "2\n"
    assert smstrack("segment", data, expression).stdout == f"{number(0)}\n"
    listed = smstrack("segment", data, expression, "--include-suppressed").stdout
    assert listed.split() == numbers(0, 2)
    file = tmp_path / "out.csv"
    done = smstrack("segment", data, expression, "--export", file, "--json")
    assert orjson.loads(done.stdout) == {
        "expression": expression, "count": 2, "path": str(file), "written": 1, "suppressed": 1,
    }  # fmt: skip
    assert file.read_text().splitlines() == ['"contact"', f'"{number(0)}"']


@pytest.mark.slow
def test_check_says_what_it_found(data: Path) -> None:
    done = smstrack("check", data)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "sound")
    assert orjson.loads(smstrack("check", data, "--json").stdout)["ok"] is True


@pytest.mark.slow
def test_failures_are_one_line_and_exit_code_1(data: Path, tmp_path: Path) -> None:
    with sms.open(data):
        for arguments in (("report", data, "spring"), ("segment", data, "contacts")):
            done = smstrack(*arguments)
            assert (done.returncode, done.stdout) == (1, "")
            assert "One engine per directory" in done.stderr
            assert "[already_open]" in done.stderr
            assert len(done.stderr.splitlines()) == 1
    for arguments, code in (
        (("report", data, "winter"), "unknown_name"),
        (("segment", data, "spring.delivered &"), "query_invalid"),
        (("report", tmp_path / "nowhere", "spring"), ""),
    ):
        done = smstrack(*arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert code in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_its_address_and_ends_in_order(tmp_path: Path, ending: signal.Signals) -> None:
    command = [
        sys.executable,
        "-m",
        "smstrack_core",
        "serve",
        str(tmp_path / "data"),
        "--port",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        os.kill(process.pid, ending)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == "stopped; everything answered is kept"


def test_what_is_no_data_directory_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").touch()
    for name in ("missing", "empty", "file", "foreign"):
        done = smstrack("check", tmp_path / name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"error: {tmp_path / name} is not a data directory\n"
    assert not (tmp_path / "missing").exists()


def test_problems_are_told_in_words(data: Path) -> None:
    (data / "IDENTITY").write_bytes(b"nonsense")
    done = smstrack("check", data)
    assert done.returncode == 1
    assert "problem: IDENTITY" in done.stdout
    assert "{" not in done.stdout
    assert done.stdout.endswith("DAMAGED\n")


def test_an_unknown_role_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    template = 'kannel={"id":"message_id","x":"nonsense"}'
    done = smstrack("serve", tmp_path / "data", "--port", "0", "--template", template)
    assert done.returncode == 2
    words = " ".join(done.stderr.replace("│", " ").split())
    assert "nonsense" in words
    assert "dlr, client_ref, message_id, contact" in words
    assert not (tmp_path / "data").exists()


def test_a_segment_as_json_holds_its_numbers(data: Path) -> None:
    whole = orjson.loads(smstrack("segment", data, "spring.delivered", "--json").stdout)
    assert (whole["count"], whole["numbers"]) == (2, [number(0)])
    counted = smstrack("segment", data, "spring.delivered", "--json", "--count")
    assert "numbers" not in orjson.loads(counted.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("after", ["making", "serving on"])
def test_ctrl_c_ends_the_demo_and_leaves_nothing(tmp_path: Path, after: str) -> None:
    command = [sys.executable, "-m", "smstrack_core", "demo", "--contacts", "20000"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith(after):
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
