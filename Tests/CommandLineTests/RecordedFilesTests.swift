import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// `--from` finds the files of a picture again.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct RecordedFilesTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        let files = FileManager.default
        for folder in ["work", "models", "elsewhere"] {
            try files.createDirectory(atPath: place.path(folder), withIntermediateDirectories: true)
        }
        try files.copyItem(atPath: Program.smallModel, toPath: place.path("models/small"))
        try RGBImage(width: 32, height: 40, filledWith: RGBPixel(red: 20, green: 90, blue: 200)).write(
            to: place.path("work/photo.png"))
        #expect(
            try run("work", "a cat", "--image", "photo.png", "--model", "../models/small", "--seed", "1", "--output", "a.png")
                .status == 0)
    }

    /// Runs `glint generate` in a folder.
    private func run(_ folder: String, _ arguments: String...) throws -> ProgramRun {
        try place.run(["generate"] + arguments, in: folder)
    }

    private func move(_ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: place.path(from), toPath: place.path(to))
    }

    /// Draws `work/a.png` again in another folder.
    private func redraw(_ picture: String = "../work/a.png") throws -> (same: Bool, notes: String) {
        let run = try run("elsewhere", "--from", picture, "--output", "b.png")
        #expect(run.status == 0, "\(run.errors)")
        let original = URL(filePath: place.path("elsewhere")).appending(path: picture).path
        return (try ImageFile(path: original).image == place.picture("elsewhere/b.png").image, run.errors)
    }

    @Test func fromAnotherFolder() throws {
        #expect(try redraw().same)
        // Another file of that name here is not the one.
        try RGBImage(width: 32, height: 40).write(to: place.path("elsewhere/photo.png"))
        #expect(try redraw().same)
    }

    @Test func recipesKeepNamesAsGiven() throws {
        let recipe = try place.recipe("work/a.png")
        #expect(recipe["image"] == "photo.png" && recipe["model"] == "../models/small")
        let files = try #require(recipe["files"]?.array)
        #expect(files.map { $0.array?[0] } == ["../models/small", "photo.png"])
        #expect(
            files.map { $0.array?[1].string?.hasSuffix($0.array?[0] == "photo.png" ? "/work/photo.png" : "/models/small") } == [
                true, true,
            ])
    }

    @Test func modelsThatMovedAreFoundByTheirContent() throws {
        try move("models/small", "models/renamed")
        let found = try redraw()
        #expect(
            found.same && found.notes.contains("models/small is now") && found.notes.contains("models/renamed"), "\(found.notes)")
        // Beside the picture, with another model of the old name in the old place.
        try move("models/renamed", "work/own")
        try FileManager.default.copyItem(atPath: Program.model("ssd"), toPath: place.path("models/small"))
        #expect(try redraw().same)
    }

    @Test func picturesThatMoveWithTheirPhotograph() throws {
        try move("work", "moved")
        #expect(try redraw("../moved/a.png").same)
    }

    @Test func contentsThatChangedAreNamed() throws {
        try RGBImage(width: 32, height: 40).write(to: place.path("work/photo.png"))
        let found = try redraw()
        #expect(
            !found.same && found.notes.contains("note: ") && found.notes.contains("work/photo.png has changed since"),
            "\(found.notes)")
        try FileManager.default.removeItem(atPath: place.path("work/photo.png"))
        let run = try run("elsewhere", "--from", "../work/a.png")
        #expect(
            run.status == 1 && run.errors.contains("There is no file '/") && run.errors.contains("/work/photo.png'"),
            "\(run.errors)")
        // An option in its place needs no search.
        try RGBImage(width: 32, height: 40).write(to: place.path("elsewhere/other.png"))
        let other = try self.run("elsewhere", "--from", "../work/a.png", "--image", "other.png", "--output", "c.png")
        #expect(other.status == 0 && !other.errors.contains("changed"), "\(other.errors)")
    }
}
