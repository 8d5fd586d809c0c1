import Foundation
import Imaging
import Testing

struct FileReadingTests {
    @Test(arguments: ["/nowhere/a.png", "/dev/null/a.png", ""])
    func aMissingFileIsNamed(path: String) {
        #expect(throws: ImageError.missing(file: path)) { try ImageFile(path: path) }
    }

    @Test func aFolderCannotBeRead() {
        #expect(throws: ImageError.cannotRead(file: "/tmp", errno: EISDIR)) { try ImageFile(path: "/tmp") }
    }

    @Test func aPathWithNULNamesNoOtherFile() throws {
        let path = Fixtures.path("rgb8.png") + "\0.png"
        #expect(throws: ImageError.cannotRead(file: path, errno: EINVAL)) { try ImageFile(path: path) }
    }

    @Test func anEndlessFileThatIsNoPictureEndsAtItsFirstBytes() {
        #expect(throws: ImageError.notAPicture(file: "/dev/zero", found: Array(repeating: 0, count: 16))) {
            try ImageFile(path: "/dev/zero")
        }
        #expect(throws: ImageError.notAPicture(file: "/dev/null", found: [])) { try ImageFile(path: "/dev/null") }
    }

    @Test func aLongFileIsRefused() throws {
        var limits = ImageLimits()
        let path = Fixtures.path("rgb8.png")
        limits.fileBytes = try Fixtures.bytes("rgb8.png").count
        _ = try ImageFile(path: path, limits: limits)
        limits.fileBytes -= 1
        #expect(throws: ImageError.fileTooLarge(file: path, limit: limits.fileBytes)) {
            try ImageFile(path: path, limits: limits)
        }
    }

    @Test func aFileOfManyBlocksIsReadWhole() throws {
        try Fixtures.withFolder { folder in
            let image = try Fixtures.noise(width: 512, height: 400)
            try image.write(to: "\(folder)/a.png", as: .png(.none))
            #expect(try ImageFile(path: "\(folder)/a.png").image == image)
        }
    }

    @Test func errorsSayWhatWasFound() {
        let found = Array("GIF88a\u{1}".utf8)
        #expect(
            "\(ImageError.notAPicture(file: "a.png", found: found))"
                == "'a.png' is not a picture of a known kind (PNG, JPEG, WebP, TIFF, GIF, BMP); it begins with "
                + "47 49 46 38 38 61 01 (GIF88a.).")
        let pointer = Array("version https://git-lfs.github.com/spec/v1".utf8.prefix(16))
        #expect("\(ImageError.notAPicture(file: "a.png", found: pointer))".contains("git lfs pull"))
        #expect("\(ImageError.notAPicture(file: "a.png", found: Array("<!DOCTYPE html>\n".utf8)))".contains("a web page"))
        #expect("\(ImageError.cannotWrite(file: "/a", errno: EACCES))" == "'/a' can't be written: Permission denied.")
    }
}

struct FileWritingTests {
    private func entries(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func nothingButTheFileIsLeft() throws {
        try Fixtures.withFolder { folder in
            try writeAtomically([1, 2, 3], to: "\(folder)/a")
            try writeAtomically([4, 5], to: "\(folder)/a")
            try writeAtomically([], to: "\(folder)/empty")
            #expect(try entries(folder) == ["a", "empty"])
            #expect([UInt8](try Data(contentsOf: URL(filePath: "\(folder)/a"))) == [4, 5])
        }
    }

    @Test func aFailureLeavesTheFolderAsItWas() throws {
        try Fixtures.withFolder { folder in
            // Only the last step fails: the name is longer than file systems allow.
            let long = "\(folder)/" + String(repeating: "n", count: 256)
            #expect(throws: ImageError.cannotWrite(file: long, errno: ENAMETOOLONG)) { try writeAtomically([1], to: long) }
            #expect(throws: ImageError.cannotWrite(file: "\(folder)/no/a", errno: ENOENT)) {
                try writeAtomically([1], to: "\(folder)/no/a")
            }
            #expect(throws: ImageError.cannotWrite(file: folder, errno: EISDIR)) { try writeAtomically([1], to: folder) }
            #expect(throws: ImageError.cannotWrite(file: "\(folder)/a/", errno: EISDIR)) {
                try writeAtomically([1], to: "\(folder)/a/")
            }
            #expect(throws: ImageError.cannotWrite(file: "", errno: ENOENT)) { try writeAtomically([1], to: "") }
            #expect(throws: ImageError.cannotWrite(file: "\(folder)/a\0b", errno: EINVAL)) {
                try writeAtomically([1], to: "\(folder)/a\0b")
            }
            let left = try entries(folder)
            #expect(left == [])
        }
    }

    /// `/dev/full` behaves like a full disk.
    @Test func aFullDiskIsSaid() {
        #expect(throws: ImageError.cannotWrite(file: "/dev/full", errno: ENOSPC)) { try writeAtomically([1], to: "/dev/full") }
    }

    @Test func devicesAreWrittenToAndNotReplaced() throws {
        try writeAtomically([1, 2, 3], to: "/dev/null")
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func linksAreFollowedAndPermissionsKept() throws {
        try Fixtures.withFolder { folder in
            try writeAtomically([1], to: "\(folder)/target")
            #expect(chmod("\(folder)/target", 0o640) == 0)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "target")
            try writeAtomically([2], to: "\(folder)/link")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "target")
            #expect([UInt8](try Data(contentsOf: URL(filePath: "\(folder)/target"))) == [2])
            #expect(try mode("\(folder)/target") == 0o640)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/lost", withDestinationPath: "gone")
            #expect(throws: ImageError.cannotWrite(file: "\(folder)/lost", errno: ENOENT)) {
                try writeAtomically([2], to: "\(folder)/lost")
            }
            #expect(try entries(folder) == ["link", "lost", "target"])
        }
    }

    @Test func checkingLeavesNothing() throws {
        try Fixtures.withFolder { folder in
            try checkWritable(path: "\(folder)/new.png")
            #expect(try entries(folder) == [])
            try writeAtomically([7], to: "\(folder)/old.png")
            try checkWritable(path: "\(folder)/old.png")
            #expect([UInt8](try Data(contentsOf: URL(filePath: "\(folder)/old.png"))) == [7])
            #expect(throws: ImageError.cannotWrite(file: "\(folder)/no/a.png", errno: ENOENT)) {
                try checkWritable(path: "\(folder)/no/a.png")
            }
            #expect(throws: ImageError.cannotWrite(file: folder, errno: EISDIR)) { try checkWritable(path: folder) }
        }
        try checkWritable(path: "/dev/null")
    }
}
