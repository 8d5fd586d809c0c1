import Foundation
import Testing

@testable import TensorStore

/// The files are written by `Tests/Goldens/TensorStore/make.py`, NumPy 2.4.6.
@Suite struct NumpyFileTests {
    @Test(arguments: ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "version2", "version3"])
    func readsNumbers(_ name: String) throws {
        let tensor = try NumpyFile.read("numpy/\(name).npy".golden)
        #expect(tensor.shape == [2, 3])
        #expect(try tensor.converted(to: .f32).elements() == [0, 1, 2, 3, 4, 5] as [Float])
    }

    @Test func readsUnusualArrays() throws {
        let booleans = try NumpyFile.read("numpy/b1.npy".golden)
        #expect(booleans.elementType == .boolean)
        #expect(booleans.withUnsafeBytes { Array($0) } == [0, 1, 1, 1, 1, 1])
        let scalar = try NumpyFile.read("numpy/scalar.npy".golden)
        #expect(scalar.shape == [])
        #expect(try scalar.elements() == [2.5] as [Float])
        #expect(try NumpyFile.read("numpy/empty.npy".golden).shape == [0, 4])
        #expect(try NumpyFile.read("numpy/vector.npy".golden).shape == [5])
    }

    @Test func putsColumnsIntoRows() throws {
        let tensor = try NumpyFile.read("numpy/fortran.npy".golden)
        #expect(tensor.shape == [2, 3, 4])
        #expect(try tensor.elements() == (0..<24).map { Int32($0) })
    }

    @Test(arguments: ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "scalar", "empty", "vector"])
    func writesNumPysBytes(_ name: String) throws {
        try withTemporaryFolder { folder in
            let golden = "numpy/\(name).npy".golden
            try NumpyFile.write(try NumpyFile.read(golden), to: folder + "/again.npy")
            #expect(try content(folder + "/again.npy") == content(golden))
        }
    }

    @Test func saysWhatIsNotSupported() throws {
        let bigEndian = "numpy/big-endian.npy".golden
        #expect(throws: NumpyError.elementType(">f4", file: bigEndian)) { try NumpyFile.read(bigEndian) }
        let complex = "numpy/complex.npy".golden
        #expect(throws: NumpyError.elementType("<c8", file: complex)) { try NumpyFile.read(complex) }
        #expect(throws: NumpyError.header(reason: "a string is expected at byte 10", file: "numpy/record.npy".golden)) {
            try NumpyFile.read("numpy/record.npy".golden)
        }
        #expect(throws: NumpyError.file(.missing(path: "/none.npy"))) { try NumpyFile.read("/none.npy") }
        #expect(throws: NumpyError.unwritableType(.bf16, file: "/none")) {
            try NumpyFile.write(try Tensor(zeros: [1], of: .bf16), to: "/none")
        }
    }

    @Test func refusesEveryTruncation() throws {
        let bytes = try content("numpy/f4.npy".golden)
        for count in 0..<bytes.count {
            #expect(throws: NumpyError.self) { try parse(Array(bytes[..<count])) }
        }
        #expect(throws: NumpyError.size(.f32, [2, 3], expected: 24, found: 25, file: "f")) { try parse(bytes + [0]) }
        #expect(throws: NumpyError.notNumpy(FileKind(firstBytes: [1] + bytes), file: "f")) { try parse([1] + bytes) }
        var version = bytes
        version[6] = 4
        #expect(throws: NumpyError.version(4, 0, file: "f")) { try parse(version) }
    }

    @Test(arguments: [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(1L,),}",
        " { 'shape' : ( 1 , ) , 'fortran_order' : False , 'descr' : '<f4' } \n",
    ])
    func readsDictionariesAsPythonWouldWriteThem(_ text: String) throws {
        #expect(try NumpyHeader(parsing: text.utf8) == NumpyHeader(.f32, [1]))
    }

    @Test(arguments: [
        "", "{", "{}", "[]", "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f4", "{'descr': '<f4', 'shape': (1, 2",
    ])
    func refusesOtherTexts(_ text: String) {
        #expect(throws: NumpyHeaderError.self) { try NumpyHeader(parsing: text.utf8) }
    }

    @Test func refusesShapesThatDoNotFitMemory() throws {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }"
        let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
        #expect(throws: NumpyError.size(.f32, [1 << 62, 4], expected: nil, found: 0, file: "f")) { try parse(bytes) }
    }

    private func parse(_ bytes: [UInt8]) throws -> Tensor {
        try bytes.withUnsafeBytes { bytes throws(NumpyError) in try NumpyFile.parse(bytes, file: "f") }
    }
}
