"""kubectl-redwal in a shell: completion, contexts, and what only a terminal gets to see."""

import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from lab.applier import environment
from lab.cli import BINARY, Cli, Terminal

CONTEXTS = """\
current: dc
contexts:
  dc: {brokers: "a.example:9092", redis: "r.example:6379"}
  dr: {brokers: "b.example:9092", sentinel: ["s1.example:26379", "s2.example:26379"]}
"""


@pytest.fixture
def shell(tmp_path):
    """Runs a script with the program, its completer for kubectl and two contexts at hand."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl-redwal").symlink_to(BINARY)
    completer = tmp_path / "bin" / "kubectl_complete-redwal"
    completer.write_text(Cli().run("--generate", "kubectl").out)
    completer.chmod(0o755)
    (tmp_path / "contexts.yaml").write_text(CONTEXTS)

    def run(shell, script):
        done = subprocess.run(
            [*shell, script], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
            env={**environment(), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
                 "HOME": str(tmp_path), "REDWAL_CONTEXT_FILE": str(tmp_path / "contexts.yaml")})
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


COMPLETIONS = [
    (["kubectl-redwal", "hist"], ["history"]),
    (["kubectl-redwal", "context", "use", ""], ["dc", "dr"]),
    (["kubectl-redwal", "--context", "dr", "tail", "--fol"], ["--follow"]),
    (["kubectl-redwal", "tail", "-o", "j"], ["json"]),
]


@pytest.mark.parametrize("words, candidates", COMPLETIONS)
def test_bash_completes(shell, words, candidates):
    quoted = " ".join(f"'{w}'" for w in words)
    out = shell(["bash", "--norc", "-c"], f"""
        source <(kubectl-redwal --generate bash)
        [ "$(complete -p kubectl-redwal)" = 'complete -F _kubectl_redwal_complete kubectl-redwal' ]
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
        _kubectl_redwal_complete
        printf '%s\\n' "${{COMPREPLY[@]}}" """)
    assert out.split() == candidates


@pytest.mark.parametrize("words, candidates", COMPLETIONS)
def test_zsh_completes(shell, words, candidates):
    quoted = " ".join(f"'{w}'" for w in words)
    out = shell(["zsh", "-f", "-c"], f"""
        compdef() {{ [[ "$*" == '_kubectl_redwal kubectl-redwal' ]] || exit 1 }}
        _describe() {{ print -rl -- ${{(P)2%%:*}} }}
        source =(kubectl-redwal --generate zsh)
        words=({quoted}); CURRENT={len(words)}
        _kubectl_redwal""")
    assert [line.split(":")[0] for line in out.splitlines()] == candidates


@pytest.mark.parametrize("words, candidates", COMPLETIONS)
def test_fish_completes(shell, words, candidates):
    out = shell(["fish", "--no-config", "-c"], f"""
        kubectl-redwal --generate fish | source
        complete -C '{" ".join(words)}' """)
    assert [line.split("\t")[0] for line in out.splitlines()] == candidates


def test_kubectl_finds_a_program_that_completes_its_plugin(shell):
    assert shell(["sh", "-c"], "kubectl_complete-redwal hist") == \
        "history\tShow each operation in the log on a key\n:4\n"


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
def test_kubectl_runs_and_completes_the_plugin(shell):
    assert shell(["sh", "-c"], "kubectl redwal context list --no-headers").split()[:2] == \
        ["yes", "dc"]
    assert "history\t" in shell(["sh", "-c"], "kubectl __complete redwal hist")


def test_contexts_are_listed_shown_and_chosen(shell):
    listed = json.loads(shell(["sh", "-c"], "kubectl-redwal context list -o json"))["contexts"]
    assert [(c["name"], c["current"]) for c in listed] == [("dc", True), ("dr", False)]
    shell(["sh", "-c"], "kubectl-redwal context use dr")
    shown = yaml.safe_load(shell(["sh", "-c"], "kubectl-redwal context show -o yaml"))
    assert shown == {"context": "dr", "brokers": "b.example:9092",
                     "sentinel": "s1.example:26379,s2.example:26379"}
    assert yaml.safe_load(shell(["cat"], "contexts.yaml"))["current"] == "dr"


def test_colour_is_for_terminals_that_want_it(tmp_path):
    path = tmp_path / "contexts.yaml"
    path.write_text(CONTEXTS)
    cli = Cli(context_file=path)
    assert "\033[" in cli.on_terminal("context", "list")
    assert "\033[" not in cli.on_terminal("context", "list", env={"NO_COLOR": "1"})
    assert "\033[" not in cli.on_terminal("context", "list", env={"TERM": "dumb"})
    assert "\033[" not in cli.run("context", "list").out
    assert "\033[" not in cli.on_terminal("context", "list", "-o", "json")


def test_progress_is_drawn_on_terminals_and_told_in_lines_elsewhere(lab):
    """The broker stands still in the midst of a scan: while the program waits until its first rows, more than a pipe
    takes, are read. What then is still to come is more than it reads ahead."""
    topic = lab.topic(partitions=1)
    rows, read_ahead = 1000, 8 << 20
    value = b'{"command":"SET","args":["%s"]}' % (b"x" * 200)
    for _ in range(rows):
        topic.write(value, b"wanted")
    others = 2 * read_ahead // len(value)
    for _ in range(others):
        topic.write(value, b"other")
    topic.flush()
    told = rf"[\d,]+ of {rows + others:,} records  \d+ %  [\d,]+/s"
    cli = Cli(brokers=lab.broker.plain, topic=topic.name)
    with Terminal(cli.argv("history", "wanted")) as terminal:
        terminal.await_("xxx")
        lab.broker.pause()
        try:
            terminal.await_(rf"\r\033\[K{told}")
        finally:
            lab.broker.resume()
        seen = terminal.finish()
        assert seen.endswith("\r\033[K"), "the line is taken away in the end"

    scanning = cli.start("history", "wanted", "-o", "json")
    with scanning:
        scanning.stdout.readline()
        lab.broker.pause()
        try:
            for _ in range(rows - 100):  # the rest fits into the pipe
                scanning.stdout.readline()
            line = scanning.stderr.readline()
        finally:
            lab.broker.resume()
        assert re.fullmatch(rf"{told}.*\n", line)
        assert "\033" not in scanning.communicate(timeout=60)[1]
