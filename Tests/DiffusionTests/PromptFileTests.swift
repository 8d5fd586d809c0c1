import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

@Suite struct PromptFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String) throws -> [String] { try PromptFile.read(folder.write("prompts.txt", text).path) }

    @Test func aPromptOnEachLine() throws {
        #expect(try read("a cat\na dog\n") == ["a cat", "a dog"])
        #expect(try read("a cat\na dog") == ["a cat", "a dog"])
        #expect(try read("une crème brûlée 🍮\n雪") == ["une crème brûlée 🍮", "雪"])
    }

    @Test func blanksAndCommentsArePassedOver() throws {
        #expect(try read("\n  \n# a comment\n  # another\n\t a cat  \n\n") == ["a cat"])
        #expect(try read("a cat # with a number sign\n") == ["a cat # with a number sign"])
    }

    @Test func whatEditorsOfOtherSystemsWrite() throws {
        #expect(try read("\u{FEFF}a cat\r\n\r\n# a comment\r\na dog\r\n") == ["a cat", "a dog"])
        #expect(try read("\u{FEFF}# a comment\na dog") == ["a dog"])
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "\u{FEFF}"]) func noPrompts(_ text: String) throws {
        let path = try folder.write("prompts.txt", text).path
        let error = #expect(throws: PromptFileError.empty(file: path)) { try PromptFile.read(path) }
        #expect(error?.description.contains("no prompts") == true)
    }

    @Test func bytesThatAreNoText() throws {
        let path = try folder.write("prompts.txt", [0x61, 0x0A, 0x0A, 0xFF, 0x0A] as [UInt8]).path
        #expect(throws: PromptFileError.notUTF8(file: path, line: 3)) { try PromptFile.read(path) }
    }

    @Test func missingFilesAndFolders() throws {
        let path = folder.path + "/none.txt"
        #expect(throws: FileError.missing(path: path)) { try PromptFile.read(path) }
        #expect(throws: FileError.self) { try PromptFile.read(folder.path) }
    }

    /// A file of that many bytes, none of them on disk.
    @Test func filesThatAreTooLarge() throws {
        let url = try folder.write("prompts.txt", "")
        let handle = try FileHandle(forWritingTo: url)
        try handle.truncate(atOffset: (16 << 20) + 1)
        try handle.close()
        #expect(throws: PromptFileError.tooLarge(file: url.path, byteCount: (16 << 20) + 1)) { try PromptFile.read(url.path) }
    }
}
