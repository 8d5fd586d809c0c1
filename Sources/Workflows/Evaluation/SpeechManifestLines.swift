import Foundation

/// Samples and errors, collected line by line.
struct SpeechManifestLines {
    private(set) var samples: [SpeechManifest.Sample] = []
    private(set) var errors: [SpeechManifestLineError] = []
    private let limit: Int
    /// The index of a recording's sample; by bytes, since names that `String` takes for equal can be different files.
    private var indices: [[UInt8]: Int] = [:]
    private var repeatedCount = 0

    init(limit: Int?) { self.limit = limit ?? .max }

    var isFull: Bool { samples.count >= limit }

    var notes: [String] {
        repeatedCount == 0 ? [] : ["\(repeatedCount) lines repeat a recording and its text; each recording counts once."]
    }

    private var isStopped = false

    mutating func stop() { isStopped = true }

    /// Calls `body` for each line that has more than white space, without its end.
    mutating func forEachLine(
        _ bytes: [UInt8], _ list: String, _ body: (inout SpeechManifestLines, ArraySlice<UInt8>, Int) -> Void
    ) {
        isStopped = false
        for (index, var line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if isFull || isStopped { return }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
            guard String(validating: line, as: UTF8.self) != nil else {
                fail(list, index + 1, .notUTF8)
                continue
            }
            body(&self, line, index + 1)
        }
    }

    mutating func fail(_ list: String, _ line: Int, column: Int? = nil, _ reason: SpeechManifestLineError.Reason) {
        errors.append(SpeechManifestLineError(file: list, line: line, column: column, reason: reason))
    }

    /// - Parameters:
    ///   - folders: from the list's folder, in the order in which the recording is looked for; each ends in a slash.
    ///   - prefix: what the sample's name begins with.
    mutating func add(
        audio: String, text: String, folders: [String], _ list: String, _ line: Int, prefix: String = ""
    ) {
        guard !audio.isEmpty else { return fail(list, line, .noRecording) }
        let candidates = folders.map { audio.hasPrefix("/") ? audio : Self.folder(of: list) + $0 + audio }
        guard !audio.utf8.contains(0), let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            return fail(list, line, .missingRecording(path: candidates[0]))
        }
        let key = Array(URL(filePath: path).standardizedFileURL.path.utf8)
        if let index = indices[key] {
            guard samples[index].text.utf8.elementsEqual(text.utf8) else {
                return fail(list, line, .otherText(audio: audio, line: samples[index].line))
            }
            repeatedCount += 1
            return
        }
        indices[key] = samples.count
        samples.append(SpeechManifest.Sample(audio: prefix + audio, path: path, text: text, line: line))
    }

    /// With the slash at its end; empty for the working folder.
    static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }
}
