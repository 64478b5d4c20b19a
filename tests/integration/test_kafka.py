"""The broker of the tests, where nothing has been fetched yet."""

from lab import kafka


def test_what_maven_says_is_no_answer(tmp_path, monkeypatch, capfd):
    """`--prepare` prints shell assignments, and a quiet Maven still prints escape codes."""
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\nprintf '\\033[0m'\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("REDWAL_CACHE", str(tmp_path / "cache"))
    assert kafka.jars().is_dir()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "\033[0m")
