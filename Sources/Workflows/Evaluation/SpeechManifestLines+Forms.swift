import TensorStore

extension SpeechManifestLines {
    mutating func readJSONLines(_ bytes: [UInt8], list: String) {
        forEachLine(bytes, list) { lines, line, number in
            let value: JSONValue
            do throws(JSONError) { value = try JSONValue(parsing: line) } catch {
                return lines.fail(list, number, column: error.offset + 1, .json(error))
            }
            guard let object = value.object else { return lines.fail(list, number, .notAnObject(found: value.kind)) }
            var texts: [String] = []
            for key in ["audio", "text"] {
                guard let member = object[key] else {
                    return lines.fail(list, number, .missingMember(key, found: object.keys))
                }
                guard let text = member.string else { return lines.fail(list, number, .notText(key, found: member.kind)) }
                texts.append(text)
            }
            lines.add(audio: texts[0], text: texts[1], folders: [""], list, number)
        }
    }

    /// Tabs separate columns, and quotation marks are characters like others, as Mozilla writes its lists.
    mutating func readCommonVoice(_ bytes: [UInt8], list: String) {
        var columns: (path: Int, sentence: Int, count: Int)?
        forEachLine(bytes, list) { lines, line, number in
            let cells = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard let known = columns else {
                let places = ["path", "sentence"].map { cells.firstIndex(of: $0) }
                guard let path = places[0], let sentence = places[1] else {
                    lines.fail(list, number, .missingColumn(places[0] == nil ? "path" : "sentence", found: cells))
                    return lines.stop()
                }
                columns = (path, sentence, cells.count)
                return
            }
            guard cells.count == known.count else {
                return lines.fail(list, number, .columnCount(expected: known.count, found: cells.count))
            }
            lines.add(audio: cells[known.path], text: cells[known.sentence], folders: ["clips/", ""], list, number)
        }
    }

    /// - Parameter root: the folder that names begin from; nil for the list's own.
    mutating func readLibriSpeech(_ bytes: [UInt8], list: String, root: String?) {
        let folder = root.map { String(Self.folder(of: list).dropFirst($0.count + 1)) } ?? ""
        forEachLine(bytes, list) { lines, line, number in
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: parts[0], as: UTF8.self)
            guard !name.isEmpty else { return lines.fail(list, number, column: 1, .noRecording) }
            let text = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
            lines.add(audio: "\(name).flac", text: text, folders: [""], list, number, prefix: folder)
        }
    }
}

extension JSONValue {
    /// The value's kind, for messages.
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .double: "a number"
        case .string: "text"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
