import Foundation
import TestSupport
import Testing

@testable import TensorStore

@Suite struct CTranslate2FileTests {
    private static let model: CTranslate2Model = {
        var model = CTranslate2Model([
            .init("decoder/embeddings/weight", [3, 2], [1, -2, 3, 127, -128, 0] as [Int8]),
            .init("decoder/embeddings/weight_scale", [3], [1, 2, 4] as [Float]),
            .init("decoder/num_heads", [], [6] as [Int16]), .init("decoder/pre_norm", [], [-1] as [Int8]),
            .init("empty", [0, 4], [] as [Float]), .init("half", [2], type: 4, [0, 0x3C, 0, 0xC0]),
            .init("brain", [1], type: 5, [0x80, 0x3F]), .init("whole", [1], type: 3, [0xFE, 0xFF, 0xFF, 0xFF]),
        ])
        model.aliases = [("decoder/projection/weight", "decoder/embeddings/weight")]
        return model
    }()

    private func read(_ change: (inout CTranslate2Model) -> Void = { _ in }) throws -> CTranslate2File {
        var model = Self.model
        change(&model)
        return try CTranslate2File(model.file())
    }

    @Test(arguments: [4, 5, 6] as [UInt32]) func tensorsAndAliases(_ version: UInt32) throws {
        let file = try read { $0.version = version }
        #expect(file.version == Int(version) && file.specification == "WhisperSpec" && file.revision == 3)
        #expect(file.entries.map(\.name) == Self.model.variables.map(\.name))
        #expect(file.entries.map(\.elementType) == [.i8, .f32, .i16, .i8, .f32, .f16, .bf16, .i32])
        #expect(file.entries[0].shape == [3, 2] && file.entries[2].shape == [] && file.entries[4].shape == [0, 4])
        #expect(try file.tensor(named: "decoder/projection/weight").elements() == [1, -2, 3, 127, -128, 0] as [Int8])
        // The scale goes with the weight.
        #expect(try file.tensor(named: "decoder/projection/weight_scale").elements() == [1, 2, 4] as [Float])
        #expect(try file.tensor(named: "half").converted(to: .f32).elements() == [1, -2] as [Float])
        #expect(try file.tensor(named: "brain").converted(to: .f32).elements() == [1] as [Float])
        #expect(file.integer("decoder/num_heads") == 6 && file.integer("decoder/pre_norm") == -1 && file.integer("whole") == -2)
        #expect(file.integer("half") == nil && file.integer("decoder/embeddings/weight") == nil && file.integer("none") == nil)
        #expect(throws: CTranslate2Error.missingTensor("none", file: "model.bin")) { try file.tensor(named: "none") }
    }

    // MARK: Refusals

    private func expect(_ error: CTranslate2HeaderError, _ change: (inout CTranslate2Model) -> Void) {
        #expect(throws: CTranslate2Error.header(error, file: "model.bin")) { try read(change) }
    }

    @Test func wrongHeaders() {
        expect(.version(7)) { $0.version = 7 }
        expect(.version(3)) { $0.version = 3 }
        // 4 + (2 + 12) + 4 + 4 bytes come before the first tensor, whose name takes 28, rank and shape 9.
        expect(.elementType(tensor: "decoder/embeddings/weight", 6, offset: 63)) { $0.variables[0].type = 6 }
        expect(.size(tensor: "decoder/embeddings/weight", .i8, [3, 2], expected: 6, found: 7, offset: 64)) {
            $0.variables[0].byteCount = 7
        }
        expect(
            .size(
                tensor: "decoder/embeddings/weight", .i8, [4_294_967_295, 4_294_967_295, 4_294_967_295], expected: nil, found: 6,
                offset: 68)
        ) { $0.variables[0].shape = [.max, .max, .max] }
        expect(.sameName("decoder/embeddings/weight", offset: 74)) { $0.variables[1].name = "decoder/embeddings/weight" }
        let aliases = Self.model.bytes.count - (28 + 28)
        expect(.aliasOfNothing("a", tensor: "b", offset: aliases)) { $0.aliases = [("a", "b")] }
        expect(.sameName("half", offset: aliases)) { $0.aliases = [("half", "brain")] }
        expect(.sameName("a", offset: aliases + 11)) { $0.aliases = [("a", "half"), ("a", "brain")] }
        expect(.unterminated("the name of a tensor", offset: 26)) { $0.variables[0].name = "a\0b" }
        expect(.trailingBytes(56, offset: aliases)) { $0.counts.aliases = 0 }
        expect(.truncated("an alias", offset: aliases + 56, expected: 2, found: 0)) { $0.counts.aliases = 4_000_000_000 }
    }

    @Test func everyCutIsRefused() throws {
        let bytes = Self.model.bytes
        for count in 8..<bytes.count {
            let file = try MappedFile(inMemory: "cut.bin", byteCount: count) { $0.copyBytes(from: bytes[..<count]) }
            let error = #expect(throws: CTranslate2Error.self) { try CTranslate2File(file) }
            guard case .header(.truncated(_, _, let expected, let found), "cut.bin")? = error, expected > found else {
                Issue.record("\(count): \(String(describing: error))")
                return
            }
        }
    }

    @Test func otherFiles() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("model.bin", "<!DOCTYPE html><html></html>")
            #expect(throws: CTranslate2Error.kind(.webPage, file: path)) { try CTranslate2File(path: path) }
            let missing = folder + "/none.bin"
            #expect(throws: CTranslate2Error.file(.missing(path: missing))) { try CTranslate2File(path: missing) }
            let model = try folder.write("right.bin", Self.model.bytes)
            #expect(try CTranslate2File(path: model).entries.count == 8)
            #expect(FileKind(try MappedFile(path: model)) == .cTranslate2)
            #expect(throws: SafetensorsError.kind(.cTranslate2, file: model)) { try SafetensorsCheckpoint(path: model) }
        }
    }
}

/// Models with wrong values where right ones were: every description stays as long as it says, so that it is read on.
@Suite struct CTranslate2FuzzTests {
    /// Rounds; `GLINT_FUZZ_ROUNDS` asks for more.
    private static let rounds = ProcessInfo.processInfo.environment["GLINT_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 5_000

    @Test func wrongValuesAreRefusedOrDescribeBytesThatAreThere() throws {
        var generator = SplitMix64(state: 2026)
        // Nothing is read past the end, where an unreadable page lies.
        let guarded = try #require(GuardedMemory(byteCount: 1 << 16))
        var refusals: [String: Int] = [:]
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = guarded.place(Self.model(&generator))
            do throws(CTranslate2HeaderError) {
                let header = try CTranslate2Header(parsing: bytes)
                accepted += 1
                for tensor in header.tensors {
                    let count = tensor.shape.checkedElementCount.flatMap { tensor.elementType.byteCount(of: $0) }
                    guard count == tensor.byteCount, tensor.offset >= 0, tensor.offset + tensor.byteCount <= bytes.count else {
                        Issue.record("round \(round): \(Array(bytes))")
                        return
                    }
                }
            } catch {
                guard !"\(error)".isEmpty else { Issue.record("round \(round)"); return }
                refusals[Mirror(reflecting: error).children.first?.label ?? "", default: 0] += 1
            }
        }
        #expect(accepted > Self.rounds / 20)
        // All kinds, most of them often: otherwise little would have been tried.
        #expect(refusals.count == 9, "\(refusals)")
    }

    private static func model(_ generator: inout some RandomNumberGenerator) -> [UInt8] {
        func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }
        let numbers: [UInt32] = [0, 1, 2, 3, 255, 256, 65535, 65536, 1 << 31, .max - 1, .max]
        let names = ["a", "b", "c/weight", "c/weight_scale", "", "é", "x\0y"]
        func name() -> String { names.randomElement(using: &generator) ?? "" }
        func number() -> UInt32 { numbers.randomElement(using: &generator) ?? 0 }
        let sizes = [4, 1, 2, 4, 2, 2]
        var model = CTranslate2Model()
        for index in 0..<Int.random(in: 0...4, using: &generator) {
            let type = Int.random(in: 0..<6, using: &generator)
            var shape = (0..<Int.random(in: 0...3, using: &generator)).map { _ in UInt32.random(in: 0...3, using: &generator) }
            let count = shape.reduce(1) { $0 * Int($1) } * sizes[type]
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if chance(15), !shape.isEmpty { shape[Int.random(in: shape.indices, using: &generator)] = number() }
            model.variables.append(
                .init(
                    chance(4) ? name() : "tensor\(index)", shape,
                    type: chance(15) ? UInt8(truncatingIfNeeded: number()) : UInt8(type),
                    bytes, byteCount: chance(20) ? number() : nil))
        }
        for index in 0..<Int.random(in: 0...2, using: &generator) {
            let target = model.variables.randomElement(using: &generator)?.name ?? "a"
            model.aliases.append((chance(4) ? name() : "alias\(index)", chance(8) ? name() : target))
        }
        if chance(20) { model.version = number() }
        if chance(20) { model.counts.variables = number() }
        if chance(20) { model.counts.aliases = number() }
        var bytes = model.bytes
        // Few changes of the bytes themselves: strings that are no text, ends.
        if chance(6) { bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
        if chance(20) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
        return bytes
    }
}
