import Foundation
import TensorStore
import Testing

@Suite struct AtomicFileTests {
    @Test func appearsWhenComplete() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "old")
            let file = try AtomicFile(path: path)
            try file.write(Array("new".utf8))
            try file.write([])
            #expect(try content(path) == Array("old".utf8))
            try file.commit()
            #expect(try content(path) == Array("new".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func leavesNothingWhereItIsNotCompleted() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "old")
            try AtomicFile(path: path).write([1])
            #expect(try content(path) == Array("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func saysWhyItCannotBeWritten() throws {
        try withTemporaryFolder { folder in
            #expect(throws: FileError.missingFolder(path: folder + "/none/")) { try AtomicFile(path: folder + "/none/a") }
            let file = try AtomicFile(path: folder)
            #expect(throws: FileError.isDirectory(path: folder)) { try file.commit() }
        }
    }
}
