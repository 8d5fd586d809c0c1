import Foundation
import Glibc

/// Refuses IR text with a `ReadValue` or `Assign` without `variable_id`, on which the runtime's reader terminates the process.
enum VariableCheck {
    /// Checks a file that looks like XML. A missing file is left to the runtime to report.
    static func check(path: String) throws(OpenVINOError) {
        guard let text = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return }
        let failure: OpenVINOError? = text.withUnsafeBytes { (bytes) -> OpenVINOError? in
            guard XMLTags.looksLikeXML(bytes) else { return nil }
            do throws(OpenVINOError) { try check(bytes, model: path) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// - Parameter model: the model's name in messages.
    /// - Throws: `.missingVariableID`, `.encoding`.
    static func check(_ text: UnsafeRawBufferPointer, model: String) throws(OpenVINOError) {
        guard !XMLTags.isWide(text) else { throw .encoding(model: model) }
        // Name of the current layer, if it needs a variable and none was found yet.
        var pending: String?
        var tags = XMLTags(text)
        while let tag = tags.next() {
            switch tag.name {
            case "data":
                if let id = tag["variable_id"], !id.isEmpty { pending = nil }
            case "layer", "/layer":
                if let pending { throw .missingVariableID(layer: pending, model: model) }
                guard tag.name == "layer", let type = tag["type"] else { continue }
                // A type written with character references is not decoded here, so it is treated as one of the two.
                if ["ReadValue", "Assign"].contains(type) || type.contains("&") { pending = tag["name"] ?? "" }
            default: break
            }
        }
        if let pending { throw .missingVariableID(layer: pending, model: model) }
    }
}

/// Iterates over the tags of an XML text and skips comments and character data.
struct XMLTags {
    private let text: UnsafeRawBufferPointer
    private var position = 0

    /// - Parameter text: UTF-8; must outlive this value.
    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Whether the first character after white space is `<`, in any encoding.
    static func looksLikeXML(_ text: UnsafeRawBufferPointer) -> Bool {
        let skipped: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF] // white space and the byte order mark
        return isWide(text) || text.prefix(4096).first { !skipped.contains($0) } == UInt8(ascii: "<")
    }

    /// Whether the text is UTF-16 or UTF-32, by its first bytes.
    static func isWide(_ text: UnsafeRawBufferPointer) -> Bool {
        let start = text.prefix(4)
        return start.starts(with: [0xFE, 0xFF]) || start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0, 0, 0xFE, 0xFF])
            || (start.contains(UInt8(ascii: "<")) && start.contains(0))
    }

    /// The next tag; nil at the end of the text or at a tag that is not closed.
    mutating func next() -> Tag? {
        while let start = find("<", from: position) {
            if matches("<!--", at: start) {
                position = find("-->", from: start + 4).map { $0 + 3 } ?? text.count
            } else if matches("<![CDATA[", at: start) {
                position = find("]]>", from: start + 9).map { $0 + 3 } ?? text.count
            } else {
                guard let end = endOfTag(from: start + 1) else { return nil }
                position = end + 1
                return Tag(String(decoding: text[(start + 1)..<end], as: UTF8.self))
            }
        }
        return nil
    }

    /// Offset of the tag's closing `>`, which is outside quotes.
    private func endOfTag(from start: Int) -> Int? {
        var quote: UInt8?
        for index in start..<text.count {
            let byte = text[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return index
            }
        }
        return nil
    }

    private func find(_ word: StaticString, from start: Int) -> Int? {
        guard let base = text.baseAddress else { return nil }
        var start = start
        while start < text.count, let hit = memchr(base + start, Int32(word.utf8Start.pointee), text.count - start) {
            start = UnsafeRawPointer(hit) - base
            if matches(word, at: start) { return start }
            start += 1
        }
        return nil
    }

    private func matches(_ word: StaticString, at start: Int) -> Bool {
        guard text.count - start >= word.utf8CodeUnitCount, let base = text.baseAddress else { return false }
        return memcmp(base + start, word.utf8Start, word.utf8CodeUnitCount) == 0
    }

    /// The text between `<` and `>`.
    struct Tag {
        private let text: String
        /// Such as `layer` or `/layer`.
        let name: Substring

        init(_ text: String) {
            self.text = text
            name = text.prefix { !$0.isWhitespace && !($0 == "/" && $0 != text.first) }
        }

        /// An attribute's value as written, without decoding; nil if there is no such attribute.
        subscript(attribute: String) -> String? {
            var rest = text.dropFirst(name.count)
            while let equals = rest.firstIndex(of: "=") {
                let key = rest[..<equals].split(whereSeparator: \.isWhitespace).last
                let value = rest[rest.index(after: equals)...].drop(while: \.isWhitespace)
                guard let quote = value.first, quote == "\"" || quote == "'",
                    let end = value.dropFirst().firstIndex(of: quote)
                else { return nil }
                if let key, key == attribute { return String(value[value.index(after: value.startIndex)..<end]) }
                rest = value[value.index(after: end)...]
            }
            return nil
        }
    }
}
