import Foundation
import TensorStore
import Testing

@Suite struct MappedFileTests {
    @Test func mapsBytesAndKnowsTheFile() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "hello")
            let file = try MappedFile(path: path)
            #expect(file.path == path)
            #expect(file.byteCount == 5)
            #expect(file.withUnsafeBytes { Array($0) } == Array("hello".utf8))
            #expect(file.identity == (try MappedFile(path: path)).identity)
            #expect(file.identity.byteCount == 5)
            file.dropPages()
            #expect(file.withUnsafeBytes { Array($0) } == Array("hello".utf8))
        }
    }

    @Test func mapsAnEmptyFile() throws {
        try withTemporaryFolder { folder in
            let file = try MappedFile(path: try folder.write("empty", ""))
            #expect(file.byteCount == 0)
            file.dropPages()
            try file.checkUnchanged()
        }
    }

    @Test func saysWhyAFileCannotBeMapped() throws {
        try withTemporaryFolder { folder in
            #expect(throws: FileError.missing(path: folder + "/none")) { try MappedFile(path: folder + "/none") }
            let file = try folder.write("a", "")
            #expect(throws: FileError.missing(path: file + "/b")) { try MappedFile(path: file + "/b") }
            #expect(throws: FileError.missing(path: file + "\0b")) { try MappedFile(path: file + "\0b") }
            #expect(throws: FileError.isDirectory(path: folder)) { try MappedFile(path: folder) }
            #expect(throws: FileError.notRegular(path: "/dev/null")) { try MappedFile(path: "/dev/null") }
            #expect(mkfifo(folder + "/pipe", 0o600) == 0)
            #expect(throws: FileError.notRegular(path: folder + "/pipe")) { try MappedFile(path: folder + "/pipe") }
            // Root may read everything.
            if geteuid() != 0 {
                chmod(file, 0)
                #expect(throws: FileError.noPermission(path: file)) { try MappedFile(path: file) }
            }
        }
    }

    @Test func noticesThatTheFileChanged() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "hello")
            let file = try MappedFile(path: path)
            try file.checkUnchanged()
            #expect(truncate(path, 2) == 0)
            let error = #expect(throws: FileError.self) { try file.checkUnchanged() }
            guard case .changed(path, let expected, let found) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(expected.byteCount == 5)
            #expect(found.byteCount == 2)
        }
    }

    @Test func aFilePutInItsPlaceDoesNoHarm() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("a", "hello")
            let file = try MappedFile(path: path)
            #expect(rename(try folder.write("b", "other"), path) == 0)
            // Losing its name changes the status of the old file, not its content.
            try file.checkUnchanged()
            #expect(file.withUnsafeBytes { Array($0) } == Array("hello".utf8))
        }
    }
}
