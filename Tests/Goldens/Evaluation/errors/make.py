"""Word and character error rates as jiwer counts them, over random texts of few words."""
import gzip
import json
import pathlib
import random

import jiwer

random.seed(7)
WORDS = ["a", "be", "sea", "één", "řeka", "don't", "7"]
cases = []
for _ in range(120):
    reference = [random.choice(WORDS) for _ in range(random.randint(1, 9))]
    hypothesis = [word for word in reference if random.random() > 0.2]
    for _ in range(random.randint(0, 3)):
        hypothesis.insert(random.randint(0, len(hypothesis)), random.choice(WORDS))
    texts = " ".join(reference), " ".join(hypothesis)
    words, characters = jiwer.process_words(*texts), jiwer.process_characters(*texts)
    cases.append([*texts, [sum([output.substitutions, output.deletions, output.insertions]) for output in (words, characters)],
                  words.wer, characters.cer])
whole = [[case[column] for case in cases] for column in (0, 1)]
content = {"cases": cases, "wer": jiwer.wer(*whole), "cer": jiwer.cer(*whole)}
path = pathlib.Path(__file__).parent / "rates.json.gz"
path.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False).encode(), 9, mtime=0))
