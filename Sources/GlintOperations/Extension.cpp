#include "ChannelSwish.hpp"

#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/frontend/onnx/extension/op.hpp>

namespace {

/// The operation in IR and in graphs, and its node in ONNX files: of the same type, in the domain `glint`, with attributes of the same
/// names.
template <class Operation> void add(std::vector<ov::Extension::Ptr> &extensions) {
    const std::string type = Operation::get_type_info_static().name;
    const std::map<std::string, std::string> attributes;
    extensions.push_back(std::make_shared<ov::OpExtension<Operation>>());
    extensions.push_back(std::make_shared<ov::frontend::onnx::OpExtension<Operation>>(type, "glint", attributes));
}

std::vector<ov::Extension::Ptr> operations() {
    std::vector<ov::Extension::Ptr> extensions;
    add<glint::ChannelSwish>(extensions);
    return extensions;
}

} // namespace

// The function that `ov_core_add_extension` calls.
OPENVINO_CREATE_EXTENSIONS(operations())
