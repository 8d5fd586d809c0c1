#include "ChannelSwish.hpp"

#include <cmath>
#include <openvino/core/parallel.hpp>

namespace glint {

ChannelSwish::ChannelSwish(const ov::Output<ov::Node> &x, const ov::Output<ov::Node> &slope, int64_t axis)
    : Op({x, slope}), axis(axis) {
    constructor_validate_and_infer_types();
}

// Called whenever shapes become known. Dynamic dimensions are those of no length yet.
void ChannelSwish::validate_and_infer_types() {
    const auto &x = get_input_partial_shape(0), &slope = get_input_partial_shape(1);
    for (size_t input = 0; input < 2; ++input)
        NODE_VALIDATION_CHECK(this, get_input_element_type(input).is_dynamic() || get_input_element_type(input).is_real(),
                              "input ", input, " must be floating point; it is ", get_input_element_type(input));
    if (x.rank().is_static()) {
        NODE_VALIDATION_CHECK(this, axis >= 0 && axis < x.rank().get_length(), "axis ", axis, " is none of x ", x);
        NODE_VALIDATION_CHECK(this, slope.compatible(ov::PartialShape{x[axis]}), "slope must have the shape [", x[axis], "] of axis ",
                              axis, "; it is ", slope);
    }
    set_output_type(0, get_input_element_type(0), x);
}

std::shared_ptr<ov::Node> ChannelSwish::clone_with_new_inputs(const ov::OutputVector &inputs) const {
    OPENVINO_ASSERT(inputs.size() == 2, "ChannelSwish has 2 inputs, not ", inputs.size());
    return std::make_shared<ChannelSwish>(inputs[0], inputs[1], axis);
}

// Names of attributes in IR.
bool ChannelSwish::visit_attributes(ov::AttributeVisitor &visitor) {
    visitor.on_attribute("axis", axis);
    return true;
}

// f32 alone: the CPU plugin then converts inputs of other types before it calls `evaluate`, and the output after it. It hands tensors
// over in plain layouts.
bool ChannelSwish::has_evaluate() const { return get_input_element_type(0) == ov::element::f32; }

bool ChannelSwish::evaluate(ov::TensorVector &outputs, const ov::TensorVector &inputs) const {
    const auto &shape = inputs[0].get_shape();
    outputs[0].set_shape(shape);
    const auto *x = inputs[0].data<const float>(), *slope = inputs[1].data<const float>();
    auto *y = outputs[0].data<float>();
    size_t outer = 1, inner = 1;
    for (size_t index = 0; index < shape.size(); ++index)
        (index < size_t(axis) ? outer : inner) *= index == size_t(axis) ? 1 : shape[index];
    const size_t channels = shape[axis];
    // The runtime's own threads.
    ov::parallel_for2d(outer, channels, [&](size_t row, size_t channel) {
        const size_t start = (row * channels + channel) * inner;
        for (size_t index = start; index < start + inner; ++index)
            y[index] = x[index] / (1 + std::exp(-slope[channel] * x[index]));
    });
    return true;
}

} // namespace glint
