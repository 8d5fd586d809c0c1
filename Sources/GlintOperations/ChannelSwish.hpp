#pragma once

#include <openvino/op/op.hpp>

namespace glint {

/// Swish with a slope for each channel: y = x / (1 + exp(−slope[c] · x)), where c is the index along `axis`.
///
/// Inputs: x of any shape, and slope [channels]; f32. Output: the shape of x.
class ChannelSwish : public ov::op::Op {
public:
    OPENVINO_OP("ChannelSwish", "glint");

    ChannelSwish() = default;
    ChannelSwish(const ov::Output<ov::Node> &x, const ov::Output<ov::Node> &slope, int64_t axis);

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector &inputs) const override;
    bool visit_attributes(ov::AttributeVisitor &visitor) override;

    bool has_evaluate() const override;
    bool evaluate(ov::TensorVector &outputs, const ov::TensorVector &inputs) const override;

private:
    int64_t axis = 1;
};

} // namespace glint
