"""Word errors of both sides by one normalizer and one counter: openai-whisper's and jiwer."""
import json

import jiwer
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer


# Their characters count as words, as in the paper on Whisper.
WITHOUT_SPACES = {"zh", "yue", "ja", "th", "lo", "my"}


def normalizer(language):
    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer(split_letters=language in WITHOUT_SPACES)


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def score(samples, normalize):
    """Percent: WER over all words, and accuracy, 100 less the WER averaged over samples; None where there are no words."""
    pairs = [(normalize(sample["reference"]), normalize(sample["hypothesis"])) for sample in samples]
    pairs = [pair for pair in pairs if pair[0].split()]
    if not pairs:
        return None, None
    overall = jiwer.wer(*[list(texts) for texts in zip(*pairs)])
    mean = sum(jiwer.wer(*pair) for pair in pairs) / len(pairs)
    return 100 * overall, 100 - 100 * mean


def character_difference(samples, baseline, normalize):
    """Percent of the baseline's characters that differ, and the words that do: (recording, baseline's, others)."""
    edits = characters = 0
    differences = []
    for sample, other in zip(samples, baseline, strict=True):
        ours, theirs = (normalize(record["hypothesis"]).split() for record in (sample, other))
        characters += len(" ".join(theirs))
        if ours == theirs:
            continue
        if not theirs or not ours:
            edits += len(" ".join(ours + theirs))
            differences.append((sample["audio"], " ".join(theirs), " ".join(ours)))
            continue
        counts = jiwer.process_characters(" ".join(theirs), " ".join(ours))
        edits += counts.substitutions + counts.deletions + counts.insertions
        for chunk in jiwer.process_words(" ".join(theirs), " ".join(ours)).alignments[0]:
            if chunk.type != "equal":
                differences.append((
                    sample["audio"], " ".join(theirs[chunk.ref_start_idx:chunk.ref_end_idx]),
                    " ".join(ours[chunk.hyp_start_idx:chunk.hyp_end_idx])))
    return (100 * edits / characters if characters else None), differences
