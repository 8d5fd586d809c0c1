import Foundation
import TensorStore
import Testing

@Suite struct SafetensorsWriterTests {
    /// The file that the reference wrote, read and written again.
    @Test func writesTheReferencesBytes() throws {
        try withTemporaryFolder { folder in
            let golden = "types.safetensors".golden
            let checkpoint = try SafetensorsCheckpoint(path: golden)
            var writer = SafetensorsWriter(metadata: checkpoint.metadata)
            for (name, entry) in checkpoint.entries { try writer.add(name, try entry.tensor()) }
            try writer.write(to: folder + "/again")
            #expect(try content(folder + "/again") == content(golden))
        }
    }

    @Test func writesTensorsMadeLateOneByOne() throws {
        try withTemporaryFolder { folder in
            var made: [String] = []
            var writer = SafetensorsWriter()
            for name in ["b", "a"] {
                try writer.add(name, .f32, [2]) {
                    made.append(name)
                    return try Tensor([1, 2] as [Float], shape: [2])
                }
            }
            #expect(made.isEmpty)
            try writer.write(to: folder + "/file")
            #expect(made == ["a", "b"])
            #expect(try SafetensorsCheckpoint(path: folder + "/file").tensor(named: "b").elements() == [1, 2] as [Float])
        }
    }

    @Test func writesNoTensorsAndAwkwardText() throws {
        try withTemporaryFolder { folder in
            try SafetensorsWriter().write(to: folder + "/none")
            #expect(try content(folder + "/none") == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
            let metadata = ["b\"": "\u{1}\n\\", "a": "🦄"]
            try SafetensorsWriter(metadata: metadata).write(to: folder + "/text")
            #expect(try SafetensorsCheckpoint(path: folder + "/text").metadata == metadata)
        }
    }

    @Test func refusesWhatTheFormatCannotHold() throws {
        var writer = SafetensorsWriter()
        let tensor = try Tensor(zeros: [2])
        try writer.add("a", tensor)
        #expect(throws: SafetensorsError.unwritableName(tensor: "a")) { try writer.add("a", tensor) }
        #expect(throws: SafetensorsError.unwritableName(tensor: "__metadata__")) { try writer.add("__metadata__", tensor) }
        #expect(throws: SafetensorsError.unwritableType(tensor: "b", .u4)) {
            try writer.add("b", try Tensor(zeros: [2], of: .u4))
        }
        #expect(throws: SafetensorsError.unwritableType(tensor: "b", .f4e2m1)) {
            try writer.add("b", try Tensor(zeros: [3], of: .f4e2m1))
        }
    }

    @Test func leavesTheOldFileWhereATensorFails() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("file", "old")
            var writer = SafetensorsWriter()
            try writer.add("a", .f32, [2]) { try Tensor(zeros: [3]) }
            #expect(throws: SafetensorsError.notAsAnnounced(tensor: "a", expected: "f32 [2]", found: "f32 [3]")) {
                try writer.write(to: path)
            }
            #expect(try content(path) == Array("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }
    }
}
