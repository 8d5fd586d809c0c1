"""Writes the table of canonical decompositions that transformers' tokenizers library normalizes by (Unicode 9.0).

Run by hand; the result is Sources/Tokenizers/Encoding/CanonicalDecompositions.swift.
"""
import pathlib
import unicodedata

from tokenizers import normalizers

ROOT = pathlib.Path(__file__).resolve().parents[4]
TARGET = ROOT / "Sources/Tokenizers/Encoding/CanonicalDecompositions.swift"
HEADER = '''/// The canonical decompositions of Unicode 9.0, one step each (UnicodeData.txt, field 5), without Hangul's.
///
/// `@X` sets the code point of the next entry; each entry then moves on by one. An entry is one scalar or two with a `+`;
/// a `!` marks those that are never composed again. Numbers are hexadecimal. Unicode's stability policy keeps all of these
/// as they are. Made by `Tests/Goldens/Tokenizers/tokenizer/decompositions.py`.
enum CanonicalDecompositions {
    static let text = """
'''


def entries():
    """(code point, entry) of all that the library decomposes."""
    compose, decompose = normalizers.NFC(), normalizers.NFD()
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or 0xAC00 <= code <= 0xD7A3:
            continue
        letter = chr(code)
        if decompose.normalize_str(letter) == letter:
            continue
        parts = unicodedata.decomposition(letter).split()
        assert parts and not parts[0].startswith("<")
        never = len(parts) == 2 and compose.normalize_str(letter) != letter
        yield code, "+".join(f"{int(part, 16):X}" for part in parts) + "!" * never


def main():
    words, expected = [], None
    for code, entry in entries():
        if code != expected:
            words.append(f"@{code:X}")
        words.append(entry)
        expected = code + 1
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > 120:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines.append(line)
    text = "".join(f"        {line}\n" for line in lines)
    TARGET.write_text(f'{HEADER}{text}        """\n}}\n')


main()
