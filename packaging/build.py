# SPDX-License-Identifier: Apache-2.0
"""Build what people install: a wheel for any system, a frozen program and a Debian package for this one.

Run by `make package` in an environment with exactly `requirements/package.txt`; everything that is built lands in
`dist/`. It builds from what lies in the checkout, fetches nothing and installs nothing.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LINUX: Final = ROOT / "packaging" / "linux"
DIST: Final = ROOT / "dist"
BUILD: Final = ROOT / "build"
FROZEN: Final = BUILD / "frozen" / "tiller"
PARTS: Final = ("wheel", "frozen", "deb")

# The system's libraries that Qt and numpy are linked with or load by name; everything else travels inside.
DEPENDS: Final = (
    "libc6 (>= 2.34)",
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libfreetype6",
    "libgcc-s1",
    "libgl1",
    "libglib2.0-0 | libglib2.0-0t64",
    "libgssapi-krb5-2",
    "libstdc++6",
    "libx11-6",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-render0",
    "libxcb-shape0",
    "libxcb-shm0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xkb1",
    "libxcb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
    "zlib1g",
)
RECOMMENDS: Final = ("libwayland-client0", "libwayland-cursor0", "libwayland-egl1")


def project() -> dict[str, str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        table = tomllib.load(file)["project"]
    return {key: str(table[key]) for key in ("name", "version", "description")}


def run(*command: str | Path, capture: bool = False) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE if capture else None)
    return (done.stdout or "").strip()


def commit_time() -> int:
    """Seconds since the epoch of the newest commit, so that the same commit builds the same package."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    if (ROOT / ".git").exists() and shutil.which("git"):
        return int(run("git", "log", "-1", "--format=%ct", capture=True))
    return int((ROOT / "CHANGELOG.md").stat().st_mtime)


# ---------------------------------------------------------------- wheel and frozen program


def build_wheel() -> Path:
    for old in DIST.glob("*.whl"):
        old.unlink()
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", DIST)
    return next(DIST.glob("*.whl"))


def build_frozen() -> Path:
    shutil.rmtree(FROZEN, ignore_errors=True)
    run(
        sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--workpath", BUILD / "pyinstaller", "--distpath", FROZEN.parent, ROOT / "packaging" / "tiller.spec",
    )  # fmt: skip
    return FROZEN / "tiller"


# ---------------------------------------------------------------- third parties


def locked_names() -> list[str]:
    lines = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8").splitlines()
    return [line.split("==")[0] for line in lines if re.match(r"[a-z0-9]", line)]


def licence_of(distribution: metadata.Distribution) -> str:
    fields = distribution.metadata
    if "License-Expression" in fields:
        return str(fields["License-Expression"])
    classifiers = [value for value in fields.get_all("Classifier", []) if value.startswith("License ::")]
    if classifiers:
        return ", ".join(value.rpartition(":: ")[2] for value in classifiers)
    return str(fields["License"]).splitlines()[0] if "License" in fields else "see its licence text"


def write_licences(folder: Path) -> None:
    """List every library inside the program with its licence, and put the licence texts beside the list."""
    rows = [f"Python {sys.version.split()[0]}: Python Software Foundation License"]
    for name in locked_names():
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # locked for another platform, so not inside this program
        rows.append(f"{distribution.metadata['Name']} {distribution.version}: {licence_of(distribution)}")
        for file in distribution.files or []:
            if file.suffix != ".py" and re.search(r"licen[cs]e|copying|notice", file.name, re.IGNORECASE):
                target = folder / "licenses" / name / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    (folder / "third-party.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- Debian package


def place(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def fill(template: Path, target: Path, values: dict[str, str]) -> None:
    text = template.read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def lay_out(tree: Path, about: dict[str, str], moment: datetime) -> None:
    shutil.copytree(FROZEN, tree / "opt" / "tiller", symlinks=True)
    link = tree / "usr" / "bin" / "tiller"
    link.parent.mkdir(parents=True)
    link.symlink_to("/opt/tiller/tiller")
    share = tree / "usr" / "share"
    place(LINUX / "tiller.desktop", share / "applications" / "tiller.desktop")
    place(ROOT / "resources" / "icons" / "tiller.svg", share / "icons/hicolor/scalable/apps/tiller.svg")
    fill(
        LINUX / "org.tiller.Terminal.metainfo.xml",
        share / "metainfo" / "org.tiller.Terminal.metainfo.xml",
        {"VERSION": about["version"], "DATE": f"{moment:%Y-%m-%d}"},
    )
    documents = share / "doc" / about["name"]
    place(LINUX / "copyright", documents / "copyright")
    write_licences(documents)
    changes = (ROOT / "CHANGELOG.md").read_bytes()
    (documents / "changelog.gz").write_bytes(gzip.compress(changes, mtime=int(moment.timestamp())))


def write_control(tree: Path, about: dict[str, str], architecture: str) -> None:
    kibibytes = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    control = (
        f"Package: {about['name']}\nVersion: {about['version']}\nArchitecture: {architecture}\n"
        f"Maintainer: The Tiller authors <tiller@localhost>\nInstalled-Size: {kibibytes}\n"
        f"Depends: {', '.join(DEPENDS)}\nRecommends: {', '.join(RECOMMENDS)}\n"
        f"Section: misc\nPriority: optional\nDescription: {about['description']}\n"
        " Charts, ladder, tape, option chain with Greeks, positions, risk and strategies\n"
        " in one window, over your own TWS or IB Gateway. Opens with a demo that needs no\n"
        " account. Live accounts are read-only in this version.\n"
    )
    folder = tree / "DEBIAN"
    folder.mkdir()
    (folder / "control").write_text(control, encoding="utf-8")
    for script in ("postinst", "postrm"):
        place(LINUX / script, folder / script, 0o755)


def normalise(tree: Path) -> None:
    """Modes that do not depend on the umask of whoever builds."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def build_deb() -> Path | None:
    if not shutil.which("dpkg-deb"):
        sys.stderr.write("dpkg-deb is not on this machine: no Debian package is built\n")
        return None
    about = project()
    architecture = run("dpkg", "--print-architecture", capture=True)
    moment = datetime.fromtimestamp(commit_time(), UTC)
    tree = BUILD / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    lay_out(tree, about, moment)
    write_control(tree, about, architecture)
    normalise(tree)
    target = DIST / f"{about['name']}_{about['version']}_{architecture}.deb"
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", tree, target)
    return target


# ---------------------------------------------------------------- command


def write_checksums() -> None:
    files = sorted(path for path in DIST.iterdir() if path.suffix in {".whl", ".deb"})
    rows = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(rows), encoding="utf-8")
    for path in files:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="build this part alone; may be repeated")
    parts = parser.parse_args().only or PARTS
    DIST.mkdir(exist_ok=True)
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(commit_time()))
    if "wheel" in parts:
        build_wheel()
    if "frozen" in parts:
        build_frozen()
    if "deb" in parts:
        build_deb()
    write_checksums()


if __name__ == "__main__":
    main()
