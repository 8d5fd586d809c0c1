import TensorStore
public enum PromptFile {
    public static func read(_ path: String) throws -> [String] {
        let file = try MappedFile(path: path)
        return file.withUnsafeBytes { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
    }
}
