#include "COpenVINOStrings.h"

#include <string>

// The runtime is built with libstdc++'s cxx11 strings. With any other layout the lengths read here would be garbage, so
// this file refuses to compile.
#if !defined(__GLIBCXX__) || !_GLIBCXX_USE_CXX11_ABI
#error "String tensors need libstdc++ with _GLIBCXX_USE_CXX11_ABI=1, the ABI of the OpenVINO runtime."
#endif

const char *ov_string_tensor_bytes(const void *data, size_t index, size_t *length) {
    const std::string &string = static_cast<const std::string *>(data)[index];
    *length = string.size();
    return string.data();
}
