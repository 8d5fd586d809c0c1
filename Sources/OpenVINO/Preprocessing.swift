import COpenVINO
public import TensorStore

/// Conversions before a model's input: from the elements that a program has to those that the model takes.
public struct InputConversion: Sendable, Hashable {
    /// The type of the program's elements; nil for the model's own.
    public var elementType: ElementType?
    /// The meaning of the axes, such as `NCHW`; `mean` and `scale` need a channel axis, C.
    public var layout: String?
    /// A number for each channel, which is subtracted first; empty for none.
    public var mean: [Float]
    /// A number for each channel, by which the difference is divided; empty for none.
    public var scale: [Float]

    public init(elementType: ElementType? = nil, layout: String? = nil, mean: [Float] = [], scale: [Float] = []) {
        self.elementType = elementType
        self.layout = layout
        self.mean = mean
        self.scale = scale
    }
}

extension Model {
    /// The model with conversions before its inputs and after its outputs, which become part of it.
    ///
    /// This model must not be used afterwards: the runtime changes it in place.
    /// - Parameters:
    ///   - inputs: conversions by the index of the input.
    ///   - outputs: element types by the index of the output.
    /// - Throws: `.unknownPort`; `.runtime` where a conversion does not fit, as a layout with another number of axes.
    public func converting(
        inputs: [Int: InputConversion], outputs: [Int: ElementType] = [:]
    ) throws(OpenVINOError) -> Model {
        for index in inputs.keys { _ = try input(index) }
        for index in outputs.keys { _ = try output(index) }
        let processor = try PreprocessHandle("ov_preprocess_prepostprocessor_create", ov_preprocess_prepostprocessor_free) {
            ov_preprocess_prepostprocessor_create(handle, $0)
        }
        for (index, conversion) in inputs.sorted(by: { $0.key < $1.key }) { try processor.convertInput(index, conversion) }
        for (index, type) in outputs.sorted(by: { $0.key < $1.key }) { try processor.convertOutput(index, to: type) }
        let built = try create("ov_preprocess_prepostprocessor_build", takesLong: true) {
            ov_preprocess_prepostprocessor_build(processor.pointer, $0)
        }
        return Model(owning: built, weights: weights)
    }
}

/// Owner of one of the C API's objects of preprocessing. Those of an input or output point into their processor, which must
/// therefore live longer.
private struct PreprocessHandle: ~Copyable {
    let pointer: OpaquePointer
    private let free: (OpaquePointer) -> Void

    init(
        _ call: StaticString, _ free: @escaping (OpaquePointer) -> Void,
        _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
    ) throws(OpenVINOError) {
        pointer = try create(call, body)
        self.free = free
    }

    deinit { free(pointer) }

    /// On a processor.
    borrowing func convertInput(_ index: Int, _ conversion: InputConversion) throws(OpenVINOError) {
        let processor = pointer
        let input = try PreprocessHandle(
            "ov_preprocess_prepostprocessor_get_input_info_by_index", ov_preprocess_input_info_free
        ) { ov_preprocess_prepostprocessor_get_input_info_by_index(processor, index, $0) }
        let info = input.pointer
        if let type = conversion.elementType {
            let tensor = try PreprocessHandle(
                "ov_preprocess_input_info_get_tensor_info", ov_preprocess_input_tensor_info_free
            ) { ov_preprocess_input_info_get_tensor_info(info, $0) }
            let target = tensor.pointer
            try check("ov_preprocess_input_tensor_info_set_element_type") {
                ov_preprocess_input_tensor_info_set_element_type(target, type.code)
            }
        }
        if let text = conversion.layout { try Self.setLayout(text, of: info) }
        try Self.addSteps(conversion, to: info)
    }

    private static func setLayout(_ text: String, of input: OpaquePointer) throws(OpenVINOError) {
        try requireNoNUL(text, in: "layout")
        let model = try PreprocessHandle(
            "ov_preprocess_input_info_get_model_info", ov_preprocess_input_model_info_free
        ) { ov_preprocess_input_info_get_model_info(input, $0) }
        let layout = try PreprocessHandle("ov_layout_create", ov_layout_free) { ov_layout_create(text, $0) }
        let (target, value) = (model.pointer, layout.pointer)
        try check("ov_preprocess_input_model_info_set_layout") {
            ov_preprocess_input_model_info_set_layout(target, value)
        }
    }

    private static func addSteps(_ conversion: InputConversion, to input: OpaquePointer) throws(OpenVINOError) {
        guard !(conversion.mean.isEmpty && conversion.scale.isEmpty) else { return }
        let steps = try PreprocessHandle(
            "ov_preprocess_input_info_get_preprocess_steps", ov_preprocess_preprocess_steps_free
        ) { ov_preprocess_input_info_get_preprocess_steps(input, $0) }
        let target = steps.pointer
        try check("ov_preprocess_preprocess_steps_convert_element_type") {
            ov_preprocess_preprocess_steps_convert_element_type(target, F32)
        }
        if !conversion.mean.isEmpty {
            try check("ov_preprocess_preprocess_steps_mean_multi_channels") {
                ov_preprocess_preprocess_steps_mean_multi_channels(target, conversion.mean, Int32(conversion.mean.count))
            }
        }
        if !conversion.scale.isEmpty {
            try check("ov_preprocess_preprocess_steps_scale_multi_channels") {
                ov_preprocess_preprocess_steps_scale_multi_channels(target, conversion.scale, Int32(conversion.scale.count))
            }
        }
    }

    /// On a processor.
    borrowing func convertOutput(_ index: Int, to type: ElementType) throws(OpenVINOError) {
        let processor = pointer
        let output = try PreprocessHandle(
            "ov_preprocess_prepostprocessor_get_output_info_by_index", ov_preprocess_output_info_free
        ) { ov_preprocess_prepostprocessor_get_output_info_by_index(processor, index, $0) }
        let info = output.pointer
        let tensor = try PreprocessHandle(
            "ov_preprocess_output_info_get_tensor_info", ov_preprocess_output_tensor_info_free
        ) { ov_preprocess_output_info_get_tensor_info(info, $0) }
        let target = tensor.pointer
        try check("ov_preprocess_output_set_element_type") { ov_preprocess_output_set_element_type(target, type.code) }
    }
}
