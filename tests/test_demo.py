"""The demo in small: real processes, real HTTP, a real SIGKILL, and every figure exact."""

from pathlib import Path

import orjson
import pytest

import smstrack_core as sms
from smstrack_core.cli.demoing import print_demo
from smstrack_core.demo import run_demo
from smstrack_core.demo.compare import Check


@pytest.mark.slow
def test_every_figure_agrees_with_the_ledger(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    moved: list[tuple[int, int]] = []
    result = run_demo(seed, 2_000, tmp_path / "kept", said.append,
                      lambda done, total: moved.append((done, total)))  # fmt: skip
    assert result.differences == [], f"seed {seed}"
    assert len(result.checks) > 100
    assert result.figures["resent"] > 0, "the kill must cut requests off"
    assert any("SIGKILL" in line for line in said)
    assert moved[-1] == (result.figures["callbacks"],) * 2
    assert result.exported.path.exists()
    with sms.open(tmp_path / "kept" / "data", create=False) as engine:
        assert len(engine.campaign("spring").non_responders) == result.non_responders
    assert print_demo(result, as_json=False) == 0
    assert "exact" in capsys.readouterr().out
    assert print_demo(result, as_json=True) == 0
    line = orjson.loads(capsys.readouterr().out)
    assert line["exact"] is True
    assert line["seed"] == seed
    result.checks.append(Check("planted", 1, 2))
    assert print_demo(result, as_json=False) == 1
    assert "planted" in capsys.readouterr().out
