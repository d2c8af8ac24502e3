"""The tables of programs are well formed, and their entries mean what they say."""

from __future__ import annotations

import pytest

from policy_engine.parsers.shell.programs import read_entry, table
from policy_engine.parsers.shell.sed_script import is_plain
from policy_engine.parsers.shell.styles import STYLES


def test_every_style_that_an_entry_names_exists() -> None:
    assert {entry.style for entry in table().values() if entry.style} <= set(STYLES)


def test_about_150_everyday_programs_are_known() -> None:
    assert len([name for name in table() if " " not in name]) >= 150


def test_every_wrapper_of_the_findings_is_in_the_table() -> None:
    wrappers = (
        "sudo su runuser doas env nice ionice nohup timeout setsid stdbuf xargs find parallel watch script flock busybox ssh docker podman "
        "kubectl chroot unshare nsenter systemd-run at bash sh dash zsh ksh python perl ruby node php lua awk sed vim less man git tar rsync rg"
    )
    assert set(wrappers.split()) <= set(table())


def test_sed_scripts_are_plain_only_without_commands_and_files() -> None:
    for script in (
        "s/a/b/",
        "s/a/b/g;s|x|y|2p",
        "1,5p",
        "/x/d",
        "$!N",
        "/a/,/b/{s/x/y/;p}",
        "y/ab/cd/",
        "5q",
        "2~3d",
        "s/\\//x/",
    ):
        assert is_plain(script), script
    for script in (
        "e",
        "1e id",
        "s/a/b/e",
        "s/a/b/w f",
        "w f",
        "r f",
        "R f",
        "W f",
        "s/a/b/gw x",
        "{",
        "}",
        "s/a",
        "F;e",
        "y/a/b/e",
        "/x/e id",
    ):
        assert not is_plain(script), script


@pytest.mark.parametrize("options", ["-abT:", "-ab=", "-ab+recursive", "-a+frobnicate", "-a:nothing", "a"])
def test_an_option_that_says_what_nobody_means_is_refused(options: str) -> None:
    with pytest.raises(ValueError, match="table entry `x`"):
        read_entry("x", {"does": "read", "options": options}, wrapper=False)
