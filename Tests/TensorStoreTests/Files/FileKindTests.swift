import Foundation
import TensorStore
import TestSupport
import Testing

@Suite struct FileKindTests {
    /// Beginnings of files as they are found under names of weights.
    static let files: [(String, [UInt8], FileKind)] = [
        ("empty", [], .empty),
        (
            "pointer of Git LFS",
            Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1719183\n".utf8),
            .lfsPointer(byteCount: 1_719_183)
        ),
        ("pointer, cut", Array("version https://".utf8), .lfsPointer(byteCount: nil)),
        ("web page", Array("\n<!DOCTYPE html>\n<html lang=\"en\">".utf8), .webPage),
        ("web page with a mark", [0xEF, 0xBB, 0xBF] + "<HTML><head>".utf8, .webPage),
        ("answer of a server", Array("Entry not found".utf8), .text("Entry not found")),
        ("JSON", Array(#"{"error": "Access is restricted"}"#.utf8), .json),
        ("XML", Array("<?xml version=\"1.0\"?><net/>".utf8), .xml),
        ("pickle", [0x80, 0x02, 0x7D, 0x71], .pickle), ("pickle of protocol 4", [0x80, 0x04, 0x95], .pickle),
        ("torch.save", [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 26) + "archive/data.pkl".utf8, .torch),
        ("zip", [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 26) + "readme.txt".utf8, .archive("zip")),
        ("GGUF", Array("GGUF\u{3}\0\0\0".utf8), .gguf),
        ("CTranslate2", [6, 0, 0, 0, 12, 0] + "WhisperSpec\0".utf8, .cTranslate2),
        ("ONNX", [0x08, 0x08, 0x12, 0x07] + "pytorch".utf8, .onnx), ("HDF5", [0x89] + "HDF\r\n\u{1A}\n".utf8, .hdf5),
        ("NumPy", [0x93] + "NUMPY\u{1}\0".utf8, .numpy), ("gzip", [0x1F, 0x8B, 8, 0], .archive("gzip")),
        ("7z", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .archive("7z")),
        ("PNG", [0x89] + "PNG\r\n\u{1A}\n".utf8, .picture("PNG")),
        ("zeros", [UInt8](repeating: 0, count: 5000), .zeros),
        (
            "noise", [0xFE, 0x01, 0x9C, 0x33, 0x02, 0x81, 0xF0, 0xAA, 0xBB],
            .unknown([0xFE, 0x01, 0x9C, 0x33, 0x02, 0x81, 0xF0, 0xAA, 0xBB])
        ),
        ("safetensors", [2, 0, 0, 0, 0, 0, 0, 0] + "{}".utf8, .safetensors),
        ("safetensors, cut", [80, 0, 0, 0, 0, 0, 0, 0], .safetensors),
        ("safetensors, spaced", [9, 0, 0, 0, 0, 0, 0, 0] + " \n{}".utf8, .safetensors),
    ]

    @Test(arguments: files) func kinds(_ name: String, _ bytes: [UInt8], _ kind: FileKind) {
        #expect(FileKind(firstBytes: bytes) == kind)
    }

    @Test func explanations() {
        #expect(
            FileKind.lfsPointer(byteCount: 12).explanation
                == "it is a pointer of Git LFS to the real file of 12 bytes: run 'git lfs pull' in its folder, or download the file itself"
        )
        for (name, _, kind) in Self.files {
            #expect(kind.explanation.hasPrefix("it is "), "\(name)")
            #expect(!kind.advice.isEmpty && !kind.explanation.hasSuffix("."), "\(name)")
        }
    }

    // MARK: Readers

    /// Each kind under the name of a checkpoint is refused by what it is.
    @Test(arguments: files.filter { $0.2 != .safetensors }) func checkpoints(_ name: String, _ bytes: [UInt8], _ kind: FileKind)
        throws
    {
        let folder = try TemporaryFolder()
        let path = try folder.write("model.safetensors", bytes).path
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: path) }
        #expect(error == .kind(kind, file: path))
        #expect("\(SafetensorsError.kind(kind, file: path))".contains(kind.advice))
        #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        // As an index of shards.
        let index = try folder.write("model.safetensors.index.json", bytes).path
        #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: index) }
    }

    /// A file cut off anywhere says so.
    @Test func cutCheckpoints() throws {
        let folder = try TemporaryFolder()
        let whole = try Data(contentsOf: Goldens.url("TensorStore/types.safetensors"))
        for count in [8, 9, 100, whole.count / 2, whole.count - 1] {
            let path = try folder.write("cut.safetensors", whole.prefix(count)).path
            let error = #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: path) }
            #expect(
                error.map { "\($0)" }?.contains("cut off: download it again") == true, "\(count): \(String(describing: error))")
        }
    }

    /// The name says nothing.
    @Test(arguments: ["MODEL.SAFETENSORS", "model.ckpt", "model.bin", "model", "model.pth"]) func otherNames(_ name: String)
        throws
    {
        let folder = try TemporaryFolder()
        let path = try folder.write(name, Data(contentsOf: Goldens.url("TensorStore/types.safetensors"))).path
        #expect(try SafetensorsCheckpoint(path: path).entries.count == 19)
    }

    @Test func otherReaders() throws {
        let folder = try TemporaryFolder()
        let pointer = try folder.write("file", "version https://git-lfs.github.com/spec/v1\nsize 5\n").path
        let kind = FileKind.lfsPointer(byteCount: 5)
        #expect(throws: NumpyError.notNumpy(kind, file: pointer)) { try NumpyFile.read(pointer) }
        #expect(throws: TorchFileError.notAZip(kind, file: pointer)) { try TorchPickleFile(path: pointer) }
        for text in ["\(NumpyError.notNumpy(kind, file: pointer))", "\(TorchFileError.notAZip(kind, file: pointer))"] {
            #expect(text.contains("git lfs pull"))
        }
    }
}
