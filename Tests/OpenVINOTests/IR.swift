import OpenVINO
import TensorStore
import Testing

/// Small models as IR text.
enum IR {
    /// `y = x · w` with x f32 `[rows, 3]` and w f16 `[3, 4]`, 24 bytes at `offset` in the weights. Tensor names: x and
    /// its alias, y.
    static func matMul(rows: String = "?", offset: Int = 0) -> String {
        network(
            "mini",
            parameter(0, "x", .f32, "\(rows),3", names: "x,x_alias")
                + """
                <layer id="1" name="w" type="Const" version="opset1">
                <data element_type="f16" shape="3,4" offset="\(offset)" size="24"/><output>\(port(0, .f16))</output></layer>
                <layer id="2" name="w32" type="Convert" version="opset1"><data destination_type="f32"/>
                <rt_info><attribute name="decompression" version="0"/></rt_info>
                <input><port id="0"/></input><output>\(port(1, .f32))</output></layer>
                <layer id="3" name="mm" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/>
                <input><port id="0"/><port id="1"/></input><output>\(port(2, .f32, names: "y"))</output></layer>
                """ + result(4),
            edges: [(0, 0, 3, 0), (1, 0, 2, 0), (2, 1, 3, 1), (3, 2, 4, 0)])
    }

    /// The bytes of 0…11 in f16, which is exact for small integers.
    static let weights: Tensor = {
        let bits: [UInt16] = [
            0x0000, 0x3C00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800, 0x4880, 0x4900, 0x4980,
        ]
        return bits.withUnsafeBytes { bytes in
            do { return try Tensor(copying: bytes, shape: [24], of: .u8) } catch { preconditionFailure("\(error)") }
        }
    }()

    /// The output of `matMul` for an input of ones.
    static let sums: [Float] = [12, 15, 18, 21]

    /// `y = x`.
    static func identity(_ type: ElementType, _ shape: String) -> String {
        network("identity", parameter(0, "x", type, shape, names: "x") + result(1), edges: [(0, 0, 1, 0)])
    }

    /// `y = convert(x)`.
    static func convert(_ type: ElementType, to target: ElementType, _ shape: String) -> String {
        network(
            "convert",
            parameter(0, "x", type, shape, names: "x")
                + """
                <layer id="1" name="c" type="Convert" version="opset1"><data destination_type="\(target)"/>
                <input><port id="0"/></input><output>\(port(1, target, names: "y"))</output></layer>
                """ + result(2),
            edges: [(0, 0, 1, 0), (1, 1, 2, 0)])
    }

    /// `total += x` over f32 `[1]`, and `y = total`: a variable that starts at 0.
    static func accumulator(variable: String = #"variable_id="total""#) -> String {
        network(
            "accumulator",
            parameter(0, "x", .f32, "1", names: "x")
                + """
                <layer id="1" name="zero" type="Const" version="opset1">
                <data element_type="f32" shape="1" offset="0" size="4"/><output>\(port(0, .f32))</output></layer>
                <layer id="2" name="read" type="ReadValue" version="opset6">
                <data \(variable) variable_type="f32" variable_shape="1"/>
                <input><port id="0"/></input><output>\(port(1, .f32))</output></layer>
                <layer id="3" name="add" type="Add" version="opset1"><data auto_broadcast="numpy"/>
                <input><port id="0"/><port id="1"/></input><output>\(port(2, .f32, names: "y"))</output></layer>
                <layer id="4" name="assign" type="Assign" version="opset6"><data variable_id="total"/>
                <input><port id="0"/></input><output>\(port(1, .f32))</output></layer>
                """ + result(5),
            edges: [(1, 0, 2, 0), (2, 1, 3, 0), (0, 0, 3, 1), (3, 2, 4, 0), (3, 2, 5, 0)])
    }

    /// `y = a · b` over f32 of any sizes.
    static func product() -> String {
        network(
            "product",
            parameter(0, "a", .f32, "?,?", names: "a") + parameter(1, "b", .f32, "?,?", names: "b")
                + """
                <layer id="2" name="mm" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/>
                <input><port id="0"/><port id="1"/></input><output>\(port(2, .f32, names: "y"))</output></layer>
                """ + result(3),
            edges: [(0, 0, 2, 0), (1, 0, 2, 1), (2, 2, 3, 0)])
    }

    /// A chain of matrix products of `size` × `size`, long enough to be cancelled while it runs.
    static func chain(length: Int, size: Int) -> String {
        var layers = parameter(0, "x", .f32, "\(size),\(size)", names: "x")
        var edges: [Edge] = []
        for id in 1...length {
            layers += """
                <layer id="\(id)" name="mm\(id)" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/>
                <input><port id="0"/><port id="1"/></input>
                <output>\(port(2, .f32, names: id == length ? "y" : nil))</output></layer>
                """
            edges += [(id - 1, id == 1 ? 0 : 2, id, 0), (0, 0, id, 1)]
        }
        return network("chain", layers + result(length + 1), edges: edges + [(length, 2, length + 1, 0)])
    }

    typealias Edge = (fromLayer: Int, fromPort: Int, toLayer: Int, toPort: Int)

    private static func network(_ name: String, _ layers: String, edges: [Edge]) -> String {
        let edges = edges.map {
            """
            <edge from-layer="\($0.fromLayer)" from-port="\($0.fromPort)" to-layer="\($0.toLayer)" to-port="\($0.toPort)"/>
            """
        }
        return """
            <net name="\(name)" version="11"><layers>
            \(layers)</layers><edges>
            \(edges.joined(separator: "\n"))</edges></net>
            """
    }

    private static func parameter(_ id: Int, _ name: String, _ type: ElementType, _ shape: String, names: String) -> String {
        """
        <layer id="\(id)" name="\(name)" type="Parameter" version="opset1"><data shape="\(shape)" element_type="\(type)"/>
        <output>\(port(0, type, names: names))</output></layer>

        """
    }

    private static func result(_ id: Int) -> String {
        #"<layer id="\#(id)" name="result\#(id)" type="Result" version="opset1"><input><port id="0"/></input></layer>"#
    }

    private static func port(_ id: Int, _ type: ElementType, names: String? = nil) -> String {
        let word =
            switch type {
            case .boolean: "BOOL"
            case .f16: "FP16"
            case .f32: "FP32"
            case .f64: "FP64"
            case .u1: "BIN"
            case .dynamic: "UNSPECIFIED"
            default: type.rawValue.uppercased()
            }
        return #"<port id="\#(id)" precision="\#(word)"\#(names.map { #" names="\#($0)""# } ?? "")/>"#
    }
}

/// A model of `IR`, compiled for the CPU with `Properties.exact`.
func compiled(_ xml: String, weights: Tensor? = nil, _ properties: Properties = []) throws -> CompiledModel {
    let core = try Core.shared
    let exact = Properties([.inferencePrecision(.f32), .numThreads(1)])
    return try core.compile(core.readModel(xml: xml, weights: weights), properties: exact.merging(properties))
}

func ones(_ shape: Shape) throws -> Tensor {
    try Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
}

/// Expects `body` to fail with a message of the runtime that contains `text`.
///
/// The runtime keeps one message per process, and a call of another test that fails at the same moment may replace it.
/// So `body` is tried several times.
@discardableResult
func expectFailure(
    saying text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) -> OpenVINOError? {
    var found: OpenVINOError?
    for _ in 0..<5 where found?.reason.contains(text) != true {
        do { _ = try body() } catch let error as OpenVINOError { found = error } catch { found = nil }
    }
    #expect(found?.reason.contains(text) == true, "\(found?.reason ?? "no error")", sourceLocation: sourceLocation)
    #expect(found?.reason.contains("\n") == false, sourceLocation: sourceLocation)
    #expect(found?.reason.contains("Exception from") == false, sourceLocation: sourceLocation)
    return found
}
