#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes of the string at `index` of a string tensor's memory, and their number in `*length`.
///
/// `data` is what ov_tensor_data gives for a tensor of type STRING: an array of std::string, for which the C API has no
/// getter. The bytes stay valid until the tensor is written to or freed.
const char *ov_string_tensor_bytes(const void *data, size_t index, size_t *length);

#ifdef __cplusplus
}
#endif
