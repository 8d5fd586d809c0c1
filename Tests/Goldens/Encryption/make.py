"""Makes encrypted files as docs/security.md describes them, with the package `cryptography` in place of the program's own code.

    python3 make.py        # needs: pip install cryptography
"""
import hashlib
import hmac
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FOLDER = pathlib.Path(__file__).parent
KEY = bytes(range(32))
CHUNK_EXPONENT = 12


def derived(salt, info, length=32):
    return HKDF(SHA256(), length, salt, info.encode()).derive(KEY)


def encrypted(plain, cipher, name):
    number, kind = {"aes": (1, AESGCM), "chacha": (2, ChaCha20Poly1305)}[cipher]
    salt = hashlib.sha256(cipher.encode()).digest()
    head = b"glint-encrypted\n" + bytes([1, number, CHUNK_EXPONENT, 0]) + len(plain).to_bytes(8, "big")
    head += derived(b"", "glint encryption key id", 8) + salt + len(name).to_bytes(2, "big") + name.encode()
    head += hmac.new(derived(salt, "glint encrypted file 1: header"), head, hashlib.sha256).digest()
    aead = kind(derived(salt, "glint encrypted file 1: chunks"))
    size = 1 << CHUNK_EXPONENT
    chunks = [plain[start:start + size] for start in range(0, len(plain), size)] or [b""]
    for index, chunk in enumerate(chunks):
        nonce = index.to_bytes(11, "big") + bytes([index == len(chunks) - 1])
        head += aead.encrypt(nonce, chunk, None)
    return head


plain = bytes(index % 251 for index in range(5000))
(FOLDER / "aes.bin").write_bytes(encrypted(plain, "aes", ""))
(FOLDER / "chacha.bin").write_bytes(encrypted(plain, "chacha", "Encryption/chacha.bin"))
(FOLDER / "empty.bin").write_bytes(encrypted(b"", "aes", ""))
