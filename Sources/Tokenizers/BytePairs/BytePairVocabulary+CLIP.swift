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
