"""Tokenizers and detokenizers as OpenVINO models: Whisper's (byte-level byte pairs) and one of WordPiece, with ids and texts by
openvino_tokenizers in Python.

Needs openvino-tokenizers==2026.4.1.0 and openvino==2026.4.1 beside ../../requirements.txt; where they are not installed, what is
there is left as it is.
"""
import json
import pathlib
import string
import sys

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = [
    "Hello there, don't!", "a smiling face with sunglasses", "", "  two  spaces ", "1234 tokens", "日本 é 🎉",
    "<|endoftext|> is text", "word " * 90]


def word_pieces():
    """A vocabulary of letters and some words, as BERT's."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list(string.ascii_lowercase + string.digits + string.punctuation)
    pieces += [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    pieces += ["hello", "there", "face", "with", "sun", "##glasses", "smil", "##ing", "word", "two", "space", "##s", "text", "token"]
    tokenizer = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", eos_token="[SEP]",
        mask_token="[MASK]")


def write(name, tokenizer):
    import openvino
    from openvino_tokenizers import convert_tokenizer
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    models = convert_tokenizer(tokenizer, with_detokenizer=True)
    compiled = []
    for model, kind in zip(models, ("tokenizer", "detokenizer")):
        openvino.save_model(model, folder / f"openvino_{kind}.xml")
        compiled.append(openvino.Core().compile_model(folder / f"openvino_{kind}.xml", "CPU"))
    cases = []
    for text in TEXTS:
        ids = compiled[0]([text])["input_ids"][0].tolist()
        cases.append({"text": text, "ids": ids, "decoded": compiled[1]([[*ids]])[0].tolist()[0] if ids else ""})
    (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False), "utf-8")


def main():
    sys.modules["torchvision"] = None
    try:
        import openvino_tokenizers  # noqa: F401
        from transformers import WhisperTokenizer
    except ImportError as error:
        print(f"left as it is: {error}")
        return
    write("whisper", WhisperTokenizer.from_pretrained(HERE.parent / "whisper" / "multilingual"))
    write("word-pieces", word_pieces())


if __name__ == "__main__":
    main()
