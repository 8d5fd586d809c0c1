import Foundation
import Glibc

/// Refuses IR text with a `ReadValue` or `Assign` that has no `variable_id`: the runtime's reader ends the process on one.
enum VariableCheck {
    /// Checks a file if it begins as XML does; one that is missing is left for the runtime to report.
    static func check(path: String) throws(OpenVINOError) {
        guard let text = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return }
        let failure: OpenVINOError? = text.withUnsafeBytes { (bytes) -> OpenVINOError? in
            guard XMLTags.looksLikeXML(bytes) else { return nil }
            do throws(OpenVINOError) { try check(bytes, model: path) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    /// - Parameter model: how messages call it.
    static func check(_ text: UnsafeRawBufferPointer, model: String) throws(OpenVINOError) {
        guard !XMLTags.isWide(text) else { throw .encoding(model: model) }
        // The name of the layer that still lacks its variable.
        var pending: String?
        var tags = XMLTags(text)
        while let tag = tags.next() {
            switch tag.name {
            case "data":
                if let id = tag["variable_id"], !id.isEmpty { pending = nil }
            case "layer", "/layer":
                if let pending { throw .missingVariableID(layer: pending, model: model) }
                guard tag.name == "layer", let type = tag["type"] else { continue }
                // A type that is written with character references can't be told here.
                if ["ReadValue", "Assign"].contains(type) || type.contains("&") { pending = tag["name"] ?? "" }
            default: break
            }
        }
        if let pending { throw .missingVariableID(layer: pending, model: model) }
    }
}

/// The tags of an XML text in their order, without comments and character data: enough to look for an attribute.
struct XMLTags {
    private let text: UnsafeRawBufferPointer
    private var position = 0

    /// - Parameter text: UTF-8, alive for as long as this value is used.
    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Whether the first character that is no white space is `<`, in any encoding.
    static func looksLikeXML(_ text: UnsafeRawBufferPointer) -> Bool {
        let skipped: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF] // white space and the byte order mark
        return isWide(text) || text.prefix(4096).first { !skipped.contains($0) } == UInt8(ascii: "<")
    }

    /// Whether the text begins as UTF-16 or UTF-32 does.
    static func isWide(_ text: UnsafeRawBufferPointer) -> Bool {
        let start = text.prefix(4)
        return start.starts(with: [0xFE, 0xFF]) || start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0, 0, 0xFE, 0xFF])
            || (start.contains(UInt8(ascii: "<")) && start.contains(0))
    }

    /// The next tag; nil at the end of the text, or where a tag has no end.
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

    /// Where the tag's `>` is that stands outside of quotes.
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

    /// What stands between `<` and `>`.
    struct Tag {
        private let text: String
        /// Such as `layer` or `/layer`.
        let name: Substring

        init(_ text: String) {
            self.text = text
            name = text.prefix { !$0.isWhitespace && !($0 == "/" && $0 != text.first) }
        }

        /// An attribute's value as it is written; nil where there is none of that name.
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
