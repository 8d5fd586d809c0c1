#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Returns the bytes of the string at `index` of a string tensor, and their number in `*length`.
///
/// `data` is the result of ov_tensor_data for a tensor of type STRING: an array of std::string, for which the C API has
/// no getter. The bytes are valid until the tensor is written to or freed.
const char *ov_string_tensor_bytes(const void *data, size_t index, size_t *length);

#ifdef __cplusplus
}
#endif
