// libFuzzer over the parsers: `PARSER=json fuzz-parsers CORPUS… [-max_total_time=60 …]`. Anything but a typed error ends the
// process, and the bytes are kept in a file.

import Adapters
import Audio
import Encryption
import Foundation
import Imaging
import ModelGraph
import TensorStore
import Tokenizers

/// Each reads bytes that may be anything.
let parsers: [String: @Sendable ([UInt8]) throws -> Void] = [
    "json": { bytes in
        _ = try? JSONValue(parsingPython: bytes)
        _ = try JSONValue(parsing: bytes)
    },
    "safetensors": { bytes in
        let checkpoint = try SafetensorsCheckpoint(path: try file(bytes))
        for name in checkpoint.entries.keys { _ = try checkpoint.tensor(named: name) }
    },
    "lora": { bytes in _ = try LoRA(path: try file(bytes)) },
    "embedding": { bytes in _ = try TextualInversion(path: try file(bytes), token: "a") },
    "torch": { bytes in
        let checkpoint = try TorchPickleFile(path: try file(bytes))
        for name in checkpoint.entries.keys { _ = try checkpoint.tensor(named: name) }
    },
    "ctranslate2": { bytes in
        let checkpoint = try CTranslate2File(path: try file(bytes))
        for entry in checkpoint.entries { _ = try checkpoint.tensor(named: entry.name) }
    },
    "sound": { bytes in
        // Formats that libsndfile reads: others start a process.
        let marks = ["RIFF", "fLaC", "OggS", "ID3", "FORM", ".snd"]
        guard bytes.first == 0xFF || marks.contains(where: { bytes.starts(with: $0.utf8) }) else { return }
        let reader = try AudioReader(bytes: bytes, name: "fuzz")
        var count = 0
        while count < 1 << 18, let block = try reader.next() { count += block.count }
    },
    "encrypted": { bytes in
        // The goldens' key, so that some inputs are authentic to the end.
        let key = try EncryptionKey(
            hexadecimal: (0..<32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined().utf8, source: "fuzz")
        _ = try? EncryptedHeader(parsing: bytes)
        guard let content = try Keyring(keys: [key]).content(of: MappedFile(stored: try file(bytes))) else { return }
        var plain = [UInt8](repeating: 0, count: content.byteCount)
        try plain.withUnsafeMutableBytes { try content.fill($0) }
    },
    "npy": { bytes in _ = try NumpyFile.read(try file(bytes)) },
    "ir": { bytes in _ = try bytes.withUnsafeBytes { try IRReader.read($0, file: "fuzz.xml", weights: nil) } },
    "picture": { bytes in
        var limits = ImageLimits()
        limits.pixels = 1 << 16
        _ = try ImageFile(bytes: bytes, file: "fuzz", limits: limits)
    },
    "prompt": { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (ScheduledPrompt(parsing: text), PromptTags(parsing: text), WeightedPrompt(parsing: text))
    },
]

/// The bytes as a file, for parsers that map files; in memory.
func file(_ bytes: [UInt8]) throws -> String {
    let path = "/dev/shm/glint-fuzz-\(getpid())"
    try Data(bytes).write(to: URL(filePath: path))
    return path
}

private let parser: @Sendable ([UInt8]) throws -> Void = {
    let kind = ProcessInfo.processInfo.environment["PARSER"] ?? ""
    guard let parser = parsers[kind] else {
        fatalError("PARSER is '\(kind)'; it must be one of \(parsers.keys.sorted().joined(separator: ", "))")
    }
    return parser
}()

/// Called by libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // The input is copied: a parser that reads beyond its end is found by the checks of Swift's arrays.
    try? parser(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
