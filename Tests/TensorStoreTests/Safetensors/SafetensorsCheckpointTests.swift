import Foundation
import TensorStore
import Testing

@Suite struct SafetensorsCheckpointTests {
    /// Written by `Tests/Goldens/TensorStore/make.py`: the numbers 0…5 in every type.
    @Test(
        arguments: [
            ("float32", .f32), ("float16", .f16), ("bfloat16", .bf16), ("float64", .f64), ("int8", .i8), ("int16", .i16),
            ("int32", .i32), ("int64", .i64), ("uint8", .u8), ("uint16", .u16), ("uint32", .u32), ("uint64", .u64),
        ] as [(String, ElementType)])
    func readsNumbers(_ name: String, _ type: ElementType) throws {
        let checkpoint = try SafetensorsCheckpoint(path: "types.safetensors".golden)
        let tensor = try checkpoint.tensor(named: name)
        #expect(tensor.elementType == type)
        #expect(tensor.shape == [2, 3])
        #expect(try tensor.converted(to: .f32).elements() == [0, 1, 2, 3, 4, 5] as [Float])
    }

    @Test func readsUnusualTensors() throws {
        let checkpoint = try SafetensorsCheckpoint(path: "types.safetensors".golden)
        #expect(checkpoint.metadata == ["format": "pt"])
        #expect(checkpoint.entries.count == 19)
        #expect(try checkpoint.tensor(named: "scalar").elements() == [2.5] as [Float])
        #expect(try checkpoint.tensor(named: "scalar").shape == [])
        #expect(try checkpoint.tensor(named: "empty").shape == [0, 4])
        #expect(try checkpoint.tensor(named: "odd").elements() == [0, 1, 2] as [UInt8])
        #expect(try checkpoint.tensor(named: "na\"me\\ é\n").elements() == [0, 1, 2, 3] as [Float])
        #expect(try bytes(checkpoint.tensor(named: "bool")) == [0, 1, 1, 1, 1, 1])
        // 0…5 in e4m3 and e5m2, the upper byte of which is that of f16.
        #expect(try bytes(checkpoint.tensor(named: "float8_e4m3fn")) == [0, 0x38, 0x40, 0x44, 0x48, 0x4A])
        #expect(try bytes(checkpoint.tensor(named: "float8_e5m2")) == [0, 0x3C, 0x40, 0x42, 0x44, 0x45])
        #expect(checkpoint.entries["float8_e4m3fn"]?.elementType == .f8e4m3)
        #expect(checkpoint.entries["float8_e5m2"]?.elementType == .f8e5m2)
        let file = "types.safetensors".golden
        #expect(throws: SafetensorsError.missingTensor("none", file: file)) { try checkpoint.tensor(named: "none") }
    }

    @Test func tensorsKeepTheFileMapped() throws {
        let tensor = try SafetensorsCheckpoint(path: "types.safetensors".golden).tensor(named: "int64")
        #expect(try tensor.elements() == [0, 1, 2, 3, 4, 5] as [Int64])
    }

    @Test func readsShards() throws {
        let checkpoint = try SafetensorsCheckpoint(path: "sharded/model.safetensors.index.json".golden)
        #expect(checkpoint.files.count == 3)
        #expect(checkpoint.entries.keys.sorted() == (0..<5).map { "layer.\($0).weight" })
        for index in 0..<5 {
            let tensor = try checkpoint.tensor(named: "layer.\(index).weight")
            #expect(try tensor.elements() == [Float](repeating: Float(index), count: 32))
        }
    }

    @Test func saysWhatIsWrongWithAFile() throws {
        try withTemporaryFolder { folder in
            let missing = folder + "/none.safetensors"
            #expect(throws: SafetensorsError.file(.missing(path: missing))) { try SafetensorsCheckpoint(path: missing) }
            let short = try folder.write("short.safetensors", "abc")
            let error = SafetensorsError.kind(.text("abc"), file: short)
            #expect(throws: error) { try SafetensorsCheckpoint(path: short) }
        }
    }

    @Test func saysWhatIsWrongWithShards() throws {
        try withTemporaryFolder { folder in
            try writeShard(folder, "1", ["a", "b"])
            try writeShard(folder, "2", ["c"])
            try writeShard(folder, "3", ["b"])

            // A tensor that the index leaves out is there all the same.
            let good = try folder.write("good.json", index(["a": "1", "c": "2"]))
            #expect(try SafetensorsCheckpoint(path: good).entries.keys.sorted() == ["a", "b", "c"])

            let missing = try folder.write("missing.json", index(["a": "1", "x": "4"]))
            #expect(throws: SafetensorsError.missingShard("4", index: missing)) { try SafetensorsCheckpoint(path: missing) }
            let elsewhere = try folder.write("elsewhere.json", index(["a": "1", "b": "2"]))
            #expect(throws: SafetensorsError.missingFromShard(tensor: "b", shard: "2", index: elsewhere)) {
                try SafetensorsCheckpoint(path: elsewhere)
            }
            let twice = try folder.write("twice.json", index(["a": "1", "b": "3"]))
            #expect(throws: SafetensorsError.inTwoShards(tensor: "b", shards: [folder + "/1", folder + "/3"])) {
                try SafetensorsCheckpoint(path: twice)
            }
        }
    }

    @Test(arguments: ["", ".", "..", "../1", "/etc/passwd", "sub/1", #"sub\\1"#, #"1\u0000"#])
    func refusesShardsOutsideOfTheFolder(_ shard: String) throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("index.json", index(["a": shard]))
            let error = #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: path) }
            guard case .index(_, file: path) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func refusesWhatIsNoIndex() throws {
        try withTemporaryFolder { folder in
            for text in ["[]", "{}", #"{"weight_map": []}"#, #"{"weight_map": {"a": 1}}"#] {
                let path = try folder.write("index.json", text)
                let error = #expect(throws: SafetensorsError.self) { try SafetensorsCheckpoint(path: path) }
                #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("\(path) is not a valid index: "))
            }
            let twice = try folder.write("index.json", #"{"weight_map": {"a": "1", "a": "2"}}"#)
            let json = JSONError(reason: .duplicateKey("a"), offset: 26)
            #expect(throws: SafetensorsError.indexJSON(json, file: twice)) { try SafetensorsCheckpoint(path: twice) }
        }
    }

    private func writeShard(_ folder: String, _ name: String, _ tensors: [String]) throws {
        var writer = SafetensorsWriter()
        for tensor in tensors { try writer.add(tensor, try Tensor([1] as [Float], shape: [1])) }
        try writer.write(to: folder + "/" + name)
    }

    private func index(_ map: [String: String]) -> String {
        let members = map.map { "\"\($0.key)\": \"\($0.value)\"" }.sorted()
        return #"{"metadata": {"total_size": 4}, "weight_map": {\#(members.joined(separator: ", "))}}"#
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }
}
