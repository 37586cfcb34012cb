"""The two commands: `python3 -m assess` sets up and serves, `python3 -m assess test` runs the whole test suite.

Uses the standard library alone until the environment stands, and a syntax that an old Python can read, so that it can
say plainly what is missing. Every other command is passed on to the `assess` command of the environment.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST = (3, 11)


class CannotStart(Exception):
    """Something outside assess must be mended first; the message is one line."""


def main(arguments):
    """Set the environment up if needed, then hand over to it."""
    if sys.version_info < OLDEST:
        raise CannotStart(
            "assess needs Python 3.11 or newer; this is {}.{}. Start it with a newer one, for example: "
            "python3.12 -m assess".format(*sys.version_info[:2])
        )
    if os.name != "posix":
        raise CannotStart("assess runs on Linux and macOS. On Windows, use the Windows Subsystem for Linux.")
    if not (ROOT / "pyproject.toml").exists():
        return hand_over(sys.executable, arguments)
    testing = arguments[:1] == ["test"]
    python = prepare("test" if testing else "")
    if testing:
        return run_tests(python, arguments[1:])
    return hand_over(python, arguments)


def prepare(extra):
    """Return the environment's Python; everything is installed unless that was done for these very files."""
    python = ENVIRONMENT / "bin" / "python"
    marker = ENVIRONMENT / (".ready-test" if extra else ".ready")
    state = fingerprint()
    if python.exists() and any(is_marked(ENVIRONMENT / name, state) for name in {marker.name, ".ready-test"}):
        return str(python)
    try:
        install(python, f"{ROOT}[{extra}]" if extra else str(ROOT))
        marker.write_text(state)
    except OSError as error:
        raise CannotStart(
            f"{error.filename or ENVIRONMENT} cannot be written ({error.strerror}). Give yourself write access, or "
            "copy the checkout to a folder of your own."
        ) from error
    return str(python)


def is_marked(marker, state):
    """Return whether an environment was finished for these very files."""
    return marker.exists() and marker.read_text() == state


def fingerprint():
    """Return what the environment depends on: the two files, and this Python."""
    content = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def install(python, package):
    """Make the environment and install into it: quickly by uv, by pip where uv cannot."""
    print(f"Setting up in {ENVIRONMENT} (the first time only) …", flush=True)
    if not os.access(str(ROOT), os.W_OK):
        raise PermissionError(13, "it is read-only", str(ROOT))
    if not python.exists() and run([sys.executable, "-m", "venv", str(ENVIRONMENT)]):
        raise CannotStart("This Python cannot make an environment. On Debian or Ubuntu: apt install python3-venv")
    wanted = ["--constraint", str(ROOT / "constraints.txt"), "--editable", package]
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode"]
    if not run([*pip, "install", "uv"]) and not run([*uv, *wanted]):
        return
    if run([*pip, "install", *wanted]):
        raise CannotStart(
            "The packages assess is built on could not be downloaded. Check the network (or the package index this "
            "machine is set to use) and start again; what was downloaded is kept."
        )


def run(command):
    """Run a step quietly and return its exit status."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def hand_over(python, arguments):
    """Become the assess command of the environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.execve(python, [python, "-m", "assess.cli", *arguments], environment)  # noqa: S606 no shell is the point


def run_tests(python, arguments):
    """Make sure there is a browser, then run the tests; the remaining arguments go to pytest."""
    browser = find_browser() or install_browser()
    environment = dict(os.environ, TEST_BROWSER=browser, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    return subprocess.run([python, "-m", "pytest", *arguments], cwd=str(ROOT), env=environment).returncode


def find_browser():
    """Return the path of a Chromium on this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    named = os.environ.get("TEST_BROWSER")
    return named or next(filter(None, map(shutil.which, names)), None) or (mac if Path(mac).exists() else None)


def install_browser():
    """Install Chromium: Debian's package for root, else the one Playwright fetches."""
    print("Installing Chromium for the browser tests …", flush=True)
    if shutil.which("apt-get") and os.geteuid() == 0:
        run(["apt-get", "update"])
        if not run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]):
            return find_browser()
    playwright = str(ENVIRONMENT / "bin" / "playwright")
    if not run([playwright, "install", "chromium"]):
        script = (
            "from playwright.sync_api import sync_playwright\n"
            "with sync_playwright() as tool: print(tool.chromium.executable_path)"
        )
        return subprocess.check_output([playwright.replace("playwright", "python"), "-c", script], text=True).strip()
    raise CannotStart("The browser tests need Chromium or Chrome. Install one, or name it in TEST_BROWSER.")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotStart as reason:
        sys.exit(f"assess: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
