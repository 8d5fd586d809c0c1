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
        let found = Array("GIF89a\u{1}".utf8)
        #expect(
            "\(ImageError.notAPicture(file: "a.png", found: found))"
                == "'a.png' is neither PNG nor JPEG; it begins with 47 49 46 38 39 61 01 (GIF89a.).")
        #expect("\(ImageError.cannotWrite(file: "/a", errno: EACCES))" == "'/a' can't be written: Permission denied.")
    }
}
