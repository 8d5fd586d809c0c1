import CZlib
import Foundation
import TensorStore

extension BytePairVocabulary {
    /// OpenAI's vocabulary of 49,408 tokens, which nearly all CLIP text encoders use.
    ///
    /// It comes with the library (see Resources/clip-merges.LICENSE.txt) and is unpacked at each call, in a few milliseconds.
    /// - Throws: `.resource` where the library's file is damaged or missing.
    public static func clip() throws(TokenizerError) -> BytePairVocabulary {
        let name = "clip-merges.txt.gz"
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Resources") else {
            throw .resource(name, reason: "it is not among the library's resources")
        }
        let text: [UInt8]
        do {
            let file = try MappedFile(path: url.path)
            text = try withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) }
        } catch {
            throw .resource(name, reason: "\(error)")
        }
        let merges = text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard merges.count == 48_894 else { throw .resource(name, reason: "it has \(merges.count) merges") }
        return BytePairVocabulary(clipMerges: merges)
    }

    /// The vocabulary that merges make in CLIP's order: bytes, bytes that end a word, results of the merges, two markers.
    init(clipMerges merges: [String]) {
        let bytes = ByteAlphabet.listed.map { String(ByteAlphabet.scalars[Int($0)]) }
        self.init(
            tokens: bytes + bytes.map { "\($0)</w>" } + merges.map { $0.filter { $0 != " " } }
                + ["<|startoftext|>", "<|endoftext|>"],
            merges: merges)
    }
}

/// An error in a gzip file.
struct GzipError: Error, CustomStringConvertible {
    let description: String
}

/// The gzip format (RFC 1952), by zlib.
enum Gzip {
    /// The content of a file of one member.
    static func unpacked(_ bytes: UnsafeRawBufferPointer) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 to ask for gzip's header and check.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw GzipError(description: "zlib refuses to start")
        }
        defer { inflateEnd(&stream) }
        guard let count = UInt32(exactly: bytes.count) else { throw GzipError(description: "the file is too large") }
        // zlib does not write to its input.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = count

        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var status = Z_OK
        while status == Z_OK {
            let size = chunk.count
            let produced = chunk.withUnsafeMutableBufferPointer { chunk in
                stream.next_out = chunk.baseAddress
                stream.avail_out = UInt32(size)
                status = inflate(&stream, Z_NO_FLUSH)
                return size - Int(stream.avail_out)
            }
            content.append(contentsOf: chunk[..<produced])
        }
        guard status == Z_STREAM_END else { throw GzipError(description: "the file is damaged (zlib's status \(status))") }
        return content
    }
}
